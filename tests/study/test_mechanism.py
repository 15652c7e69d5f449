"""Which runs switch β and are smoothed, and what a study may ask for."""

from __future__ import annotations

import pytest

from temperature_check.base.errors import UserError
from temperature_check.runs.rates import ChosenRate
from temperature_check.study.file import check_study
from temperature_check.study.mechanism import Switch

ASKED = {
    "pairs": [[1.0, 0.1]],
    "seeds": 1,
    "switch": {"linear_times": [3], "fractions": [0.5]},
    "label_smoothing": [0.1, 0.3],
}
RATES = {
    ("mlp", 0.1, 0.001): (ChosenRate(0.1, 0.001, 0.2, "", 0.9, 1), ChosenRate(0.1, 0.001, 0.1, "", 0.9, 1, length=2)),
    ("mlp", 1.0, 0.001): (ChosenRate(1.0, 0.001, 0.3, "", 0.9, 1),),
}
STEPS = 2 * 3 * 2
"""Twice two epochs of three batches."""


def phase(small_study: dict, name: str, **changes):
    task = small_study["tasks"]["mlp"] | {"mechanism": ASKED | changes}
    return check_study(small_study | {"tasks": {"mlp": task}}, "study").phase("mlp", name)


def test_arms_differ_in_what_their_names_say(small_study):
    runs = phase(small_study, "switch").runs(RATES)
    assert {(run.seed, run.length, run.z0) for run in runs} == {(10, 2, 0.001)}
    there = {run.arm: run for run in runs if run.first == 0.1 and run.switch_step == STEPS / 2}
    assert set(there) == {"first", "second", "switched", "rate", "effective_rate", "jump"}

    def values(arm: str) -> tuple:
        run = there[arm]
        return run.beta_before, run.scaled_rate_before, run.beta, pytest.approx(run.scaled_learning_rate), run.rescaled

    assert values("first") == (0.1, 0.1, 0.1, 0.1, True)
    assert values("second") == (1.0, 0.3, 1.0, 0.3, True)
    assert values("switched") == (0.1, 0.1, 1.0, 0.3, True)
    assert values("jump") == (0.1, 0.1, 1.0, 0.3, False)
    assert values("rate") == (0.1, 0.1, 0.1, 0.03, True)
    assert there["rate"].learning_rate == pytest.approx(there["second"].learning_rate)
    assert values("effective_rate") == (0.1, 0.1, 0.1, 3.0, True)
    effective = [there[arm].learning_rate * there[arm].beta ** 2 for arm in ("effective_rate", "second")]
    assert effective[0] == pytest.approx(effective[1])


def test_times_follow_the_rate_before_the_switch_and_end_with_training(small_study):
    steps = {(run.first, run.switch_step) for run in phase(small_study, "switch").runs(RATES)}
    assert steps == {(0.1, 3), (0.1, 6), (1.0, 1), (1.0, 6)}
    assert Switch(linear_times=[0, 1e-9, 1e9]).steps(0.1, 0.9, 100) == [0, 1]


def test_smoothed_runs_have_the_length_of_their_own_cell(small_study):
    runs = phase(small_study, "smoothing").runs(RATES)
    found = {(run.beta, run.label_smoothing, run.scaled_learning_rate, run.length) for run in runs}
    assert found == {(0.1, 0.1, 0.1, 2), (0.1, 0.3, 0.1, 2), (1.0, 0.1, 0.3, 1), (1.0, 0.3, 0.3, 1)}


def test_a_beta_without_a_rate_has_no_runs(small_study):
    lacking = RATES | {("mlp", 1.0, 0.001): (ChosenRate(1.0, 0.001, None, "", None, 0),)}
    assert phase(small_study, "switch").runs(lacking) == []
    assert {run.beta for run in phase(small_study, "smoothing").runs(lacking)} == {0.1}


def test_as_many_runs_are_planned_before_tuning_as_there_are_if_no_time_is_too_late(small_study):
    for name in ("switch", "smoothing"):
        assert len(phase(small_study, name).runs()) == len(phase(small_study, name).runs(RATES))


@pytest.mark.parametrize(
    "change",
    [{"switch": {"fractions": [0.25]}}, {"switch": {"linear_times": [4], "fractions": [0.5]}}, {"pairs": [[0.1, 1]]}],
)
def test_digests_change_with_the_switch(small_study, change):
    before, after = (phase(small_study, "switch", **changes).digests() for changes in ({}, change))
    assert (before == after) == ("pairs" in change)


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"pairs": [[1.0, 3.0]]}, "mechanism.pairs: 3 should be one of grid.beta"),
        ({"pairs": [[1.0, 1.0]]}, "should be pairs of different β; [1.0, 1.0] is none"),
        ({"pairs": [[1.0, 0.1], [0.1, 1.0]]}, "is repeated"),
        ({"seeds": 3}, "mechanism.seeds = 3: there are 2 report_seeds"),
        ({"switch": None, "label_smoothing": []}, "should have switch or label_smoothing"),
        ({"switch": {}}, "should have linear_times or fractions"),
    ],
)
def test_what_cannot_be_compared_is_refused_in_one_line(small_study, change, line):
    with pytest.raises(UserError) as error:
        phase(small_study, "switch", **change)
    assert line in str(error.value)


@pytest.mark.parametrize("change", [{"weight_decay": 0.1}, {"label_smoothing": 0.1}, {"precision": "bfloat16"}])
def test_what_a_switch_or_smoothing_would_change_is_refused(small_study, change):
    task = small_study["tasks"]["mlp"] | {"mechanism": ASKED} | change
    with pytest.raises(UserError, match=f"should be absent with {next(iter(change))}"):
        check_study(small_study | {"tasks": {"mlp": task}}, "study")
