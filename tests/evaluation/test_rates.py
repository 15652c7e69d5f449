"""One rate for all ‖Z0‖ of a β, where only ‖Z0‖ may make a difference."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from temperature_check.base.tables import write_table
from temperature_check.commands.stages import select
from temperature_check.evaluation.rates import choose_rates
from temperature_check.runs.rates import read_rates
from temperature_check.study.file import check_study, write_study
from tests.evaluation.test_metrics import tuning_table

SMALL = {0.01: [0.8, 0.8], 0.1: [0.7, 0.7], 1.0: [0.1, 0.1]}
LARGE = {0.01: [0.4, 0.4], 0.1: [0.6, 0.6], 1.0: [0.9, 0.9]}


def chosen(*tables: pd.DataFrame, rate_of: str | None = "beta"):
    return choose_rates(pd.concat(tables, ignore_index=True), 2, rate_of=rate_of)


def test_norms_of_a_beta_share_the_rate_that_is_best_over_all_of_them():
    tables = tuning_table(SMALL), tuning_table(LARGE, z0=0.1)
    assert [rate.scaled_learning_rate for rate in chosen(*tables, rate_of=None)] == [0.01, 1.0]
    shared = chosen(*tables)
    assert [(rate.z0, rate.scaled_learning_rate, rate.edge) for rate in shared] == [(0.001, 0.1, ""), (0.1, 0.1, "")]
    assert [rate.validation_accuracy for rate in shared] == pytest.approx([0.7, 0.6])


def test_the_study_says_what_shares_a_rate(small_study, tmp_path):
    task = small_study["tasks"]["mlp"]
    task["grid"] |= {"rate_of": "beta", "tuning_seeds": [0, 1]}
    write_study(check_study(small_study, "study"), tmp_path / "study.yaml")
    write_table(tmp_path / "tuned", pd.concat([tuning_table(SMALL), tuning_table(LARGE, z0=0.1)], ignore_index=True))
    select(tmp_path / "study.yaml", "mlp", tmp_path / "tuned", tmp_path / "rates")
    found = [rate.scaled_learning_rate for rates in read_rates(tmp_path / "rates").values() for rate in rates]
    assert found == [0.1, 0.1]


def test_edges_are_those_of_the_shared_choice():
    tables = tuning_table(SMALL), tuning_table({0.01: [0.5, 0.5], 0.1: [0.55, 0.55], 1.0: [0.1, 0.1]}, z0=0.1)
    assert [rate.edge for rate in chosen(*tables)] == ["lowest", "lowest"]


def test_another_beta_has_a_rate_of_its_own():
    rates = chosen(tuning_table(SMALL), tuning_table(LARGE, z0=0.1).assign(beta=1.0))
    assert [(rate.beta, rate.scaled_learning_rate) for rate in rates] == [(0.1, 0.01), (1.0, 1.0)]


def test_ties_over_norms_go_to_the_smaller_rate():
    tables = (
        tuning_table({0.01: [0.6, 0.8], 0.1: [0.6, 0.6]}),
        tuning_table({0.01: [0.5, 0.5], 0.1: [0.6, 0.6]}, z0=0.1),
    )
    assert {rate.scaled_learning_rate for rate in chosen(*tables)} == {0.01}


def test_failed_runs_count_at_chance_in_the_shared_choice():
    table = tuning_table({0.01: [0.5, 0.5], 0.1: [0.9, 0.9]})
    failed = tuning_table({0.01: [0.5, 0.5], 0.1: [0.19, 0.19]}, z0=0.1)
    assert {rate.scaled_learning_rate for rate in chosen(table, failed)} == {0.1}
    failed.loc[failed["validation_accuracy"] == 0.19, "status"] = "failed"
    assert {rate.scaled_learning_rate for rate in chosen(table, failed)} == {0.01}


def test_a_norm_that_the_beta_does_not_reach_has_no_say_and_no_rate():
    unreached = tuning_table({rate: [np.nan, np.nan] for rate in SMALL}, "unreachable", z0=0.1)
    elsewhere = tuning_table(LARGE, z0=0.1).assign(beta=1.0)
    rates = chosen(tuning_table(SMALL), unreached, elsewhere)
    assert [(rate.beta, rate.z0, rate.scaled_learning_rate) for rate in rates] == [
        (0.1, 0.001, 0.01),
        (0.1, 0.1, None),
        (1.0, 0.1, 1.0),
    ]
