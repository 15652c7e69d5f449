"""Table: the gain in test accuracy from choosing β on validation data, beside β = 1."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from temperature_check.evaluation.cells import at_chosen_rate, report_runs, tuning_runs
from temperature_check.evaluation.effects import choose_beta, resampled_choice, tuning_gain

if TYPE_CHECKING:
    from temperature_check.study.figures import TunedBeta

COLUMNS = (
    *("task", "title", "dataset", "train_examples", "z0", "beta", "validation_accuracy"),
    *("tuning_seeds", "agreement", "beta_low", "beta_high"),
    *("test_accuracy_one", "test_accuracy_tuned", "difference", "low", "high", "n", "failed", "note"),
)


def compute(runs: pd.DataFrame, settings: TunedBeta, titles: dict[str, str]) -> pd.DataFrame:
    """One row per task and ‖Z0‖, with tasks in the order of `titles`.

    The tuned β is that of `choose_beta`; `resampled_choice` says how sure it is. Test accuracies are medians of the
    report runs at the tuned β and at β = 1, so that neither seeds nor data are shared with the choice. `difference`,
    `low`, `high`, `n` and `failed` are those of `tuning_gain`. If β = 1 is missing, the difference is NaN, and `note`
    says so.
    """
    tuned, report = tuning_runs(runs), report_runs(runs)
    rows = [
        _row(cells, _select(report, *key), _select(runs, *key), settings.confidence) | {"title": titles[key[0]]}
        for key, cells in tuned.groupby(["task", "z0"], dropna=False)
    ]
    order = {task: place for place, task in enumerate(titles)}
    table = pd.DataFrame(rows, columns=COLUMNS)
    return table.sort_values("task", key=lambda tasks: tasks.map(order), kind="stable", ignore_index=True)


def display(table: pd.DataFrame) -> pd.DataFrame:
    """The table for reading: accuracies in percent, intervals in words."""
    columns = {
        "task": table["title"],
        "data": table["dataset"],
        "training examples": table["train_examples"].map("{:,}".format),
        "‖Z0‖": table["z0"].map(lambda norm: "plain" if pd.isna(norm) else f"{norm:g}"),
        "accuracy at β = 1 (%)": table["test_accuracy_one"].map(_percent),
        "tuned β": table["beta"].map("{:g}".format),
        "chosen again": [_choice(row) for row in table.to_dict("records")],
        "accuracy at tuned β (%)": table["test_accuracy_tuned"].map(_percent),
        "difference": table["difference"].map(_points),
        "interval": [_interval(low, high) for low, high in zip(table["low"], table["high"])],
        "n": table["n"].map(lambda n: str(n) if n else "–"),
        "failed": table["failed"].map(str),
        "note": table["note"],
    }
    return pd.DataFrame(columns)


def sentences(table: pd.DataFrame) -> list[str]:
    """What was found, one sentence per row."""
    return [_sentence(row) for row in table.to_dict("records")]


def _sentence(row: dict) -> str:
    norm = "plain initialization" if pd.isna(row["z0"]) else f"‖Z0‖ = {row['z0']:g}"
    where = f"{row['title']}, {norm}"
    if row["beta"] == 1:
        return f"{where}: β = 1 was chosen, so that there is no gain to measure."
    if not row["n"]:
        return f"{where}: no gain over β = 1 could be measured."
    if pd.isna(row["low"]):
        return f"{where}: not decided, because {row['n']} pairs of seeds are too few for an interval."
    points = f"{_points(row['difference'])} points ({_interval(row['low'], row['high'])})"
    if row["low"] > 0:
        return f"{where}: a gain of {points}."
    if row["high"] <= 0:
        return f"{where}: no gain but a loss, of {points}."
    return f"{where}: no gain shown; one of more than {100 * row['high']:.2f} points is excluded."


def _select(runs: pd.DataFrame, task: str, z0: float) -> pd.DataFrame:
    return runs[(runs["task"] == task) & (runs["z0"].isna() if pd.isna(z0) else runs["z0"] == z0)]


def _row(tuned: pd.DataFrame, report: pd.DataFrame, planned: pd.DataFrame, confidence: float) -> dict:
    beta, validation_accuracy = choose_beta(at_chosen_rate(tuned))
    return {
        **tuned[["task", "dataset", "train_examples", "z0"]].iloc[0].to_dict(),
        "beta": beta,
        "validation_accuracy": validation_accuracy,
        **resampled_choice(tuned, beta, confidence),
        "test_accuracy_one": report.loc[report["beta"] == 1, "test_accuracy"].median(),
        "test_accuracy_tuned": report.loc[report["beta"] == beta, "test_accuracy"].median(),
        **tuning_gain(report, beta, confidence),
        "note": "; ".join(_notes(planned, report, beta)),
    }


def _notes(planned: pd.DataFrame, report: pd.DataFrame, beta: float) -> list[str]:
    edges = sorted(set(report.loc[report["beta"].isin((1, beta)) & (report["rate_edge"] != ""), "beta"]))
    reached = set(report["beta"])
    notes = {
        "no β = 1 in the grid": 1 not in set(planned["beta"]),
        "‖Z0‖ out of reach at β = 1": 1 in set(planned["beta"]) and 1 not in reached,
        "β = 1 was chosen": beta == 1,
        "tuned β at an end of those reached": beta in (min(reached, default=0), max(reached, default=0)),
        f"rate at an edge at β = {', '.join(f'{value:g}' for value in edges)}": bool(edges),
    }
    return [note for note, holds in notes.items() if holds]


def _percent(value: float) -> str:
    return "–" if pd.isna(value) else f"{100 * value:.2f}"


def _points(value: float) -> str:
    return "–" if pd.isna(value) else f"{100 * value:+.2f}"


def _interval(low: float, high: float) -> str:
    return "–" if pd.isna(low) else f"{_points(low)} to {_points(high)}"


def _choice(row: dict) -> str:
    if pd.isna(row["agreement"]):
        return f"unknown, {row['tuning_seeds']} tuning seeds"
    return f"{row['agreement']:.0%}; {row['beta_low']:g} to {row['beta_high']:g}"
