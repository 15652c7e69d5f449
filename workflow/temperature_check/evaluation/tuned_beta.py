"""Table: the gain in test accuracy from choosing β on validation data, beside β = 1."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from temperature_check.evaluation.chosen import tuning_runs
from temperature_check.evaluation.select import TIE_DECIMALS
from temperature_check.evaluation.statistics import mean_interval

if TYPE_CHECKING:
    from temperature_check.study import TunedBeta

COLUMNS = (
    *("task", "title", "dataset", "train_examples", "z0", "beta", "validation_accuracy"),
    *("test_accuracy_one", "test_accuracy_tuned", "difference", "low", "high", "n", "failed", "note"),
)


def compute(runs: pd.DataFrame, settings: TunedBeta, titles: dict[str, str]) -> pd.DataFrame:
    """A row for each task and ‖Z0‖, tasks in the order of `titles`.

    The tuned β has the highest mean validation accuracy of the tuning runs at each β's chosen rate, failed runs counted
    at chance; ties go to the β nearest 1 on a logarithmic scale, then to the smaller. Test accuracies are means of the
    report runs at the tuned β and at β = 1, so that neither seeds nor data are shared with the choice. `difference`
    is tuned minus one, paired by seed, `low` to `high` its Student-t interval over n seeds; `failed` counts the seeds
    of which either run failed. Where β = 1 is missing, the difference is NaN, and `note` says so.
    """
    tuned = tuning_runs(runs)
    report = runs[(runs["phase"] == "report") & (runs["status"] != "unreachable")]
    best = tuned[tuned["scaled_learning_rate"] == tuned["chosen_rate"]]
    rows = [
        _row(cells, _select(report, *key), _select(runs, *key), settings.confidence) | {"title": titles[key[0]]}
        for key, cells in best.groupby(["task", "z0"], dropna=False)
    ]
    order = {task: place for place, task in enumerate(titles)}
    table = pd.DataFrame(rows, columns=COLUMNS)
    return table.sort_values("task", key=lambda tasks: tasks.map(order), kind="stable", ignore_index=True)


def choose_beta(tuned: pd.DataFrame) -> tuple[float, float]:
    """The β with the highest mean validation accuracy of tuning runs at the chosen rates, and that accuracy."""
    counted = tuned["validation_accuracy"].where(tuned["status"] == "ok", 1 / tuned["classes"])
    means = counted.groupby(tuned["beta"]).mean().round(TIE_DECIMALS)
    highest = means[means == means.max()]
    beta = min(highest.index, key=lambda beta: (round(abs(np.log(beta)), TIE_DECIMALS), beta))
    return float(beta), float(highest.iloc[0])


def display(table: pd.DataFrame) -> pd.DataFrame:
    """The table for reading: accuracies in percent, intervals in words."""
    columns = {
        "task": table["title"],
        "data": table["dataset"],
        "training examples": table["train_examples"].map("{:,}".format),
        "‖Z0‖": table["z0"].map(lambda norm: "plain" if pd.isna(norm) else f"{norm:g}"),
        "accuracy at β = 1 (%)": table["test_accuracy_one"].map(_percent),
        "tuned β": table["beta"].map("{:g}".format),
        "accuracy at tuned β (%)": table["test_accuracy_tuned"].map(_percent),
        "difference": table["difference"].map(_points),
        "interval": [_interval(low, high) for low, high in zip(table["low"], table["high"])],
        "n": table["n"].map(str),
        "failed": table["failed"].map(str),
        "note": table["note"],
    }
    return pd.DataFrame(columns)


def _select(runs: pd.DataFrame, task: str, z0: float) -> pd.DataFrame:
    return runs[(runs["task"] == task) & (runs["z0"].isna() if pd.isna(z0) else runs["z0"] == z0)]


def _row(tuned: pd.DataFrame, report: pd.DataFrame, planned: pd.DataFrame, confidence: float) -> dict:
    beta, validation_accuracy = choose_beta(tuned)
    pairs = _pairs(report, beta)
    differences = pairs["accuracy_tuned"] - pairs["accuracy_one"]
    return {
        **tuned[["task", "dataset", "train_examples", "z0"]].iloc[0].to_dict(),
        "beta": beta,
        "validation_accuracy": validation_accuracy,
        "test_accuracy_one": report.loc[report["beta"] == 1, "test_accuracy"].mean(),
        "test_accuracy_tuned": report.loc[report["beta"] == beta, "test_accuracy"].mean(),
        **dict(zip(("difference", "low", "high"), mean_interval(differences, confidence))),
        "n": len(pairs),
        "failed": int((pairs[["status_tuned", "status_one"]] == "failed").any(axis=1).sum()),
        "note": "; ".join(_notes(planned, report, beta)),
    }


def _pairs(report: pd.DataFrame, beta: float) -> pd.DataFrame:
    """Test accuracy and status at the tuned β and at β = 1, of the seeds that have both."""
    values = report.rename(columns={"test_accuracy": "accuracy"})[["seed", "beta", "accuracy", "status"]]
    tuned, one = values[values["beta"] == beta], values[values["beta"] == 1]
    return tuned.merge(one, on="seed", suffixes=("_tuned", "_one"))


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
