"""Summaries of cells of synthetic tables."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from temperature_check.evaluation.cells import (
    at_chosen_rate,
    chosen_rates,
    equal_budget_runs,
    failed_shares,
    margins,
    median_times,
    medians,
    outcomes,
    report_runs,
    spreads,
    tried_rates,
    tuning_runs,
    unreached_cells,
)
from temperature_check.evaluation.failures import FAILURES

RATES = (0.01, 0.1, 1.0)


@pytest.fixture
def runs() -> pd.DataFrame:
    """Runs of a plain network and of one with ‖Z0‖ = 0.1, whose chosen ηβ is 0.1."""
    rows = [
        {"task": "mlp", "dataset": "digits", "train_examples": 300, "phase": phase, "beta": beta, "z0": z0}
        | {"scaled_learning_rate": rate, "learning_rate": rate / beta, "rate_edge": "lowest" * (phase == "report")}
        | {"seed": seed, "status": "ok", "test_accuracy": 0.8 + 0.1 * seed, "validation_accuracy": 0.7 + 0.1 * seed}
        | {"time_to_learn": 4.0 * (seed + 1), "steps": 100.0, "length": 1.0, "fitted": True}
        for beta in (0.5, 2.0)
        for z0 in (np.nan, 0.1)
        for phase, rates in (("tune", RATES), ("report", (0.1,)))
        for rate in rates
        for seed in (0, 1)
    ]
    return pd.DataFrame(rows)


def test_tuning_runs_know_the_rate_chosen_for_their_cell(runs):
    tuned = tuning_runs(runs)
    assert len(tuned) == 2 * 2 * 3 * 2
    assert set(tuned["chosen_rate"]) == {0.1}
    assert set(tuned["rate_edge"]) == {"lowest"}
    assert set(at_chosen_rate(tuned)["scaled_learning_rate"]) == {0.1}


def test_cells_without_report_runs_have_no_chosen_rate(runs):
    tuned = tuning_runs(runs[~((runs["phase"] == "report") & (runs["beta"] == 2.0) & runs["z0"].isna())])
    assert len(tuned) == 3 * 3 * 2
    assert tuned.loc[tuned["beta"] == 2.0, "z0"].unique().tolist() == [0.1]


def failed_at(runs: pd.DataFrame, rate: float, seed: int) -> pd.DataFrame:
    failed = (runs["phase"] == "tune") & (runs["scaled_learning_rate"] == rate) & (runs["seed"] == seed)
    return runs.assign(status=runs["status"].mask(failed, "failed"))


def test_margin_is_the_smallest_rate_above_the_chosen_one_that_fails(runs):
    found = margins(failed_at(failed_at(runs, 1.0, 0), 0.01, 1))
    assert found["seed"].tolist() == [0, 1] * 4
    assert found["margin"].tolist() == pytest.approx([10, np.inf] * 4)
    assert found["highest"].tolist() == pytest.approx([10] * 8)
    assert set(found["scaled_learning_rate"]) == {0.1}


def test_margins_are_of_seeds_that_were_trained_with_the_highest_rate(runs):
    eliminated = (runs["phase"] == "tune") & (runs["seed"] == 0) & (runs["scaled_learning_rate"] > 0.1)
    found = margins(failed_at(runs, 1.0, 1)[~eliminated])
    assert found["seed"].tolist() == [1] * 4
    assert found["margin"].tolist() == pytest.approx([10] * 4)


def test_margins_count_runs_of_every_length(runs):
    short = runs[(runs["phase"] == "tune") & (runs["scaled_learning_rate"] == 1.0)].assign(length=0.25, status="failed")
    found = margins(pd.concat([runs, short.assign(scaled_learning_rate=0.3)], ignore_index=True))
    assert found["margin"].tolist() == pytest.approx([3] * 8)


def test_failures_are_counted_by_kind(runs):
    lost = (runs["phase"] == "report") & (runs["beta"] == 0.5) & (runs["seed"] == 1)
    runs = runs.assign(failure=np.where(lost, "dead", ""), status=runs["status"].mask(lost, "failed"))
    shares = failed_shares(report_runs(runs), 0.95)
    assert shares["failed_share"].tolist() == [0.5, 0.5, 0, 0]
    assert shares[[*FAILURES]].to_numpy().tolist() == [[0, 1, 0, 0]] * 2 + [[0, 0, 0, 0]] * 2


def test_spread_is_between_seeds_that_learned(runs):
    reported = report_runs(runs)
    assert spreads(reported, "test_accuracy", 0.95)["test_accuracy"].tolist() == pytest.approx([0.1] * 4)
    one = reported.assign(status=np.where(reported["seed"] == 1, "failed", "ok"))
    assert spreads(one, "test_accuracy", 0.95)["test_accuracy"].isna().all()


def test_figures_show_the_length_that_a_cell_takes(runs):
    longer = runs[runs["beta"] == 0.5].assign(length=4.0, scaled_learning_rate=0.03)
    both = pd.concat([runs, longer], ignore_index=True)
    reported = report_runs(both)
    assert reported.groupby("beta")["length"].unique().map(list).to_dict() == {0.5: [4.0], 2.0: [1.0]}
    assert set(equal_budget_runs(both)["length"]) == {1.0}
    tuned = tuning_runs(both)
    assert tuned.groupby("beta")["chosen_rate"].unique().map(list).to_dict() == {0.5: [0.03], 2.0: [0.1]}
    assert tuned.groupby("beta")["length"].unique().map(list).to_dict() == {0.5: [4.0], 2.0: [1.0]}


def test_rates_tried_are_counted_with_failed_runs(runs):
    largest = (runs["phase"] == "tune") & (runs["scaled_learning_rate"] == 1.0)
    runs.loc[largest & (runs["seed"] == 0), "status"] = "failed"
    tried = tried_rates(tuning_runs(runs))
    assert len(tried) == 2 * 2 * 3
    assert tried.groupby("scaled_learning_rate")["failed"].unique().map(list).to_dict() == {0.01: [0], 0.1: [0], 1: [1]}
    assert (tried["n"] == 2).all()


def test_chosen_rates_have_the_validation_accuracy_of_their_tuning_runs(runs):
    cells = chosen_rates(tuning_runs(runs), 0.95)
    assert cells["learning_rate"].tolist() == pytest.approx([0.2, 0.2, 0.05, 0.05])
    assert cells["validation_accuracy"].tolist() == pytest.approx([0.75] * 4)


def test_runs_without_a_value_are_not_in_n_and_count_as_failed(runs):
    lost = (runs["phase"] == "report") & (runs["beta"] == 0.5) & (runs["seed"] == 1)
    runs.loc[lost, ["status", "test_accuracy"]] = ["failed", np.nan]
    cells = medians(report_runs(runs), "test_accuracy", 0.95)
    assert cells[["beta", "n", "failed"]].to_numpy().tolist() == [[0.5, 1, 1], [0.5, 1, 1], [2.0, 2, 0], [2.0, 2, 0]]
    assert cells["test_accuracy"].tolist() == pytest.approx([0.8, 0.8, 0.85, 0.85])
    assert cells["low"].isna().all()


def test_summary_of_no_runs_has_the_columns_and_types_of_one_with_runs(runs):
    some, none = (medians(table, "test_accuracy", 0.95) for table in (report_runs(runs), runs[:0]))
    assert none.empty
    assert none.dtypes.to_dict() == some.dtypes.to_dict()


def test_censored_seeds_are_counted_in_medians(runs):
    runs.loc[(runs["beta"] == 2.0) & (runs["seed"] == 1), ["time_to_learn", "steps"]] = [np.inf, 7.0]
    seeds = report_runs(runs)
    times, cells = median_times(seeds, 0.95), outcomes(seeds, 0.95)
    for table in (times, cells):
        assert table["time_to_learn"].tolist() == [6, 6, np.inf, np.inf]
        assert table["censored"].tolist() == [0, 0, 1, 1]
        assert table["n"].tolist() == [2] * 4
        assert table["steps"].tolist() == [100] * 4
    assert cells["test_accuracy"].tolist() == pytest.approx([0.85] * 4)
    assert cells["low"].isna().all()


def test_a_cell_fits_if_all_of_its_seeds_do(runs):
    one = (runs["beta"] == 0.5) & runs["z0"].isna() & (runs["seed"] == 1)
    cells = outcomes(report_runs(runs.assign(fitted=~one)), 0.95)
    assert cells["fitted"].tolist() == [
        not (beta == 0.5 and np.isnan(z0)) for beta, z0 in zip(cells["beta"], cells["z0"])
    ]
    assert not cells["fitted"].all()


def test_cells_that_no_run_reached_are_listed(runs):
    runs.loc[(runs["beta"] == 2.0) & runs["z0"].isna(), "status"] = "unreachable"
    assert unreached_cells(runs).fillna(-1).to_numpy().tolist() == [["mlp", 2.0, -1]]
    assert len(report_runs(runs)) == 3 * 2
