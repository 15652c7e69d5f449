"""The table of tuned β: chosen without the report's seeds and data, paired by seed, honest about what is missing."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from temperature_check.evaluation.reading import make_table
from temperature_check.evaluation.tuned_beta import compute
from temperature_check.study import TunedBeta
from tests.tables import table_of_runs

TITLES = {"wrn": "WRN", "mlp": "MLP"}


@pytest.fixture
def runs() -> pd.DataFrame:
    table = table_of_runs()
    return table[table["z0"] == 0.001].reset_index(drop=True)


def row(runs: pd.DataFrame, task: str = "mlp") -> pd.Series:
    return compute(runs, TunedBeta(), TITLES).set_index("task").loc[task]


def raise_validation(runs: pd.DataFrame, beta: float, accuracy: float) -> None:
    chosen = (runs["beta"] == beta) & (runs["phase"] == "tune") & (runs["scaled_learning_rate"] == 0.1)
    runs.loc[chosen, "validation_accuracy"] = accuracy


def test_tasks_are_in_the_order_of_the_study(runs):
    assert compute(runs, TunedBeta(), TITLES)["title"].tolist() == ["WRN", "MLP"]


def test_ties_go_to_beta_nearest_one(runs):
    assert row(runs)["beta"] == 1.0
    assert row(runs)["note"] == "β = 1 was chosen"


def test_beta_is_chosen_on_validation_of_tuning_runs_alone(runs):
    raise_validation(runs, 0.1, 0.95)
    runs.loc[(runs["beta"] == 10.0) & (runs["phase"] == "report"), ["test_accuracy", "validation_accuracy"]] = 1.0
    assert row(runs)["beta"] == 0.1
    assert row(runs)["validation_accuracy"] == pytest.approx(0.95)


def test_difference_is_paired_by_seed(runs):
    raise_validation(runs, 0.1, 0.95)
    tuned = (runs["beta"] == 0.1) & (runs["phase"] == "report")
    runs.loc[tuned, "test_accuracy"] += 0.02
    result = row(runs)
    assert result[["difference", "low", "high", "n"]].tolist() == pytest.approx([0.02, 0.02, 0.02, 3])
    assert result["test_accuracy_tuned"] == pytest.approx(0.93)
    unpaired = runs[~(tuned & (runs["seed"] == 2))]
    assert row(unpaired)["n"] == 2


def test_failed_runs_count(runs):
    raise_validation(runs, 0.1, 0.95)
    lost = (runs["beta"] == 0.1) & (runs["phase"] == "report") & (runs["seed"] == 0)
    runs.loc[lost, ["status", "test_accuracy"]] = ["failed", 0.1]
    assert row(runs)["failed"] == 1
    assert row(runs)["difference"] == pytest.approx((0.1 - 0.9) / 3)


def test_missing_beta_one_and_edges_are_said(runs):
    assert "no β = 1 in the grid" in row(runs[runs["beta"] != 1.0])["note"]
    assert np.isnan(row(runs[runs["beta"] != 1.0])["difference"])
    runs.loc[(runs["beta"] == 1.0) & (runs["phase"] == "report"), "rate_edge"] = "lowest"
    assert "rate at an edge at β = 1" in row(runs)["note"]


def test_files_say_the_same(runs, tmp_path):
    make_table("tuned_beta", runs, TunedBeta(), TITLES, tmp_path / "table")
    assert len(pd.read_csv(tmp_path / "table.csv")) == 2
    markdown, latex = ((tmp_path / f"table.{extension}").read_text() for extension in ("md", "tex"))
    assert markdown.count("\n") == 2 + 2
    assert r"\toprule" in latex
    assert r"accuracy at $\beta$ = 1 (\%)" in latex
    for text in (markdown, latex):
        assert text.index("WRN") < text.index("MLP")
        assert "91.00" in text
