"""The table of the gain from choosing β: the choice sees tuning runs only, the gain is paired by seed."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from temperature_check.evaluation.effects import choose_beta
from temperature_check.study.figures import TunedBeta
from temperature_check.tables.render import make_table
from temperature_check.tables.tuned_beta import compute, display, sentences

TITLES = {"wrn": "WRN & norm", "mlp": "MLP"}


def task_runs(validation: dict[float, float], test: dict[float, list[float]]) -> pd.DataFrame:
    """Runs of a task: mean validation accuracy of tuning runs, and test accuracy of report runs by seed, for each β."""
    common = {"task": "mlp", "z0": 0.001, "dataset": "digits", "train_examples": 300, "classes": 10, "status": "ok"}
    common |= {"length": 1.0}
    tuning = [
        {"phase": "tune", "beta": beta, "scaled_learning_rate": rate, "seed": seed}
        | {"validation_accuracy": accuracy + 0.01 * (seed - 0.5) if rate == 0.1 else 0.99, "test_accuracy": np.nan}
        for beta, accuracy in validation.items()
        for rate in (0.1, 1.0)
        for seed in (0, 1)
    ]
    report = [
        {"phase": "report", "beta": beta, "scaled_learning_rate": 0.1, "seed": 10 + seed}
        | {"validation_accuracy": 0.5 + 0.1 * (beta == 10.0), "test_accuracy": accuracy}
        for beta, accuracies in test.items()
        for seed, accuracy in enumerate(accuracies)
    ]
    return pd.DataFrame([common | run | {"rate_edge": ""} for run in (*tuning, *report)])


@pytest.fixture
def runs() -> pd.DataFrame:
    validation = {0.1: 0.95, 1.0: 0.9, 10.0: 0.8}
    return task_runs(validation, {0.1: [0.92, 0.95, 0.93], 1.0: [0.9, 0.91, 0.92], 10.0: [0.99] * 3})


def row_of(runs: pd.DataFrame) -> pd.Series:
    (row,) = compute(runs, TunedBeta(), {"mlp": "MLP"}).to_dict("records")
    return pd.Series(row)


def test_beta_is_chosen_by_tuning_runs_and_judged_by_report_runs(runs):
    row = row_of(runs)
    assert (row["beta"], row["validation_accuracy"]) == (0.1, pytest.approx(0.95))
    assert (row["test_accuracy_one"], row["test_accuracy_tuned"]) == pytest.approx((0.91, 0.93))
    assert row["difference"] == pytest.approx(0.02)
    assert np.isnan([row["low"], row["high"]]).all()
    assert (row["n"], row["failed"], row["note"]) == (3, 0, "tuned β at an end of those reached")
    assert (row["tuning_seeds"], row["note"]) == (2, "tuned β at an end of those reached")


GAINS = {
    "a gain of +2.00 points (+2.00 to +2.00)": dict.fromkeys(range(8), 0.02),
    "no gain but a loss, of -1.00 points (-1.00 to -1.00)": dict.fromkeys(range(8), -0.01),
    "no gain shown; one of more than 1.00 points is excluded": {seed: 0.01 * (-1) ** seed for seed in range(8)},
    "not decided, because 5 pairs of seeds are too few for an interval": dict.fromkeys(range(5), 0.02),
}


@pytest.mark.parametrize("said", GAINS)
def test_a_sentence_says_what_was_found(said):
    gains = [*GAINS[said].values()]
    table = compute(
        task_runs({0.1: 0.95, 1.0: 0.9}, {0.1: [0.9 + gain for gain in gains], 1.0: [0.9] * len(gains)}),
        TunedBeta(),
        {"mlp": "MLP"},
    )
    assert sentences(table) == [f"MLP, ‖Z0‖ = 0.001: {said}."]


def test_a_chosen_beta_of_one_has_no_gain():
    table = compute(task_runs({0.1: 0.8, 1.0: 0.9}, {0.1: [0.9] * 8, 1.0: [0.9] * 8}), TunedBeta(), {"mlp": "MLP"})
    assert sentences(table) == ["MLP, ‖Z0‖ = 0.001: β = 1 was chosen, so that there is no gain to measure."]
    shown = display(table).iloc[0]
    assert shown[["difference", "interval", "n", "chosen again"]].tolist() == ["–", "–", "–", "unknown, 2 tuning seeds"]


def test_differences_are_paired_by_seed(runs):
    row = row_of(runs)
    assert row_of(runs.iloc[::-1])[["difference", "low", "high"]].tolist() == pytest.approx(
        row[["difference", "low", "high"]].tolist(), nan_ok=True
    )
    lacking = row_of(runs[~((runs["beta"] == 1) & (runs["seed"] == 10))])
    assert (lacking["n"], lacking["difference"]) == (2, pytest.approx((0.04 + 0.01) / 2))


def test_failed_runs_count_at_chance_in_the_choice_and_as_they_are_in_the_report(runs):
    tuning = (runs["phase"] == "tune") & (runs["beta"] == 0.1) & (runs["scaled_learning_rate"] == 0.1)
    runs.loc[tuning & (runs["seed"] == 0), "status"] = "failed"
    assert row_of(runs)["beta"] == 1.0
    runs.loc[tuning, "status"] = "ok"
    runs.loc[(runs["beta"] == 0.1) & (runs["seed"] == 10), ["status", "test_accuracy"]] = ["failed", 0.1]
    row = row_of(runs)
    assert (row["beta"], row["failed"]) == (0.1, 1)
    assert row["difference"] == pytest.approx(0.01)


@pytest.mark.parametrize(("equal", "chosen"), [((0.1, 1.0), 1.0), ((0.1, 10.0), 0.1), ((10.0, 100.0), 10.0)])
def test_ties_go_to_the_beta_nearest_one(equal, chosen):
    accuracies = dict.fromkeys((0.01, 0.1, 1.0, 10.0, 100.0), 0.5) | dict.fromkeys(equal, 0.9)
    tuned = task_runs(accuracies, {})
    assert choose_beta(tuned[tuned["scaled_learning_rate"] == 0.1])[0] == chosen


def test_missing_beta_one_is_said(runs):
    row = row_of(runs[runs["beta"] != 1])
    assert (row["n"], row["note"].split("; ")[0]) == (0, "no β = 1 in the grid")
    assert np.isnan(row["difference"])
    runs.loc[runs["beta"] == 1, "status"] = "unreachable"
    assert row_of(runs)["note"].startswith("‖Z0‖ out of reach at β = 1")


def test_edges_are_said(runs):
    runs.loc[(runs["beta"] == 1) & (runs["phase"] == "report"), "rate_edge"] = "highest"
    assert row_of(runs)["note"].endswith("rate at an edge at β = 1")


def test_files_hold_the_rows_in_the_order_of_the_tasks(runs, tmp_path):
    plain = runs.assign(task="wrn", z0=np.nan)
    make_table("tuned_beta", pd.concat([runs, plain]), TunedBeta(), TITLES, tmp_path / "table")
    numbers = pd.read_csv(tmp_path / "table.csv")
    assert numbers["task"].tolist() == ["wrn", "mlp"]
    markdown = (tmp_path / "table.md").read_text().splitlines()
    cells = [cell.strip() for cell in markdown[2].strip("|").split("|")]
    assert cells[:7] == ["WRN & norm", "digits", "300", "plain", "91.00", "0.1", "unknown, 2 tuning seeds"]
    assert cells[7:10] == ["93.00", "+2.00", "–"]
    assert markdown[-1].startswith("MLP, ‖Z0‖ = 0.001: not decided")
    latex = (tmp_path / "table.tex").read_text()
    assert r"WRN \& norm & digits" in latex
    assert r"accuracy at $\beta$ = 1 (\%)" in latex
    assert not {"β", "‖", "–"} & set(latex)
