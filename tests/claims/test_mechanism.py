"""C12 and N3 in worlds in which they hold, in which they do not, and in which nothing can be known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from temperature_check.claims.measures import NONE, TaskData
from temperature_check.claims.mechanism import early, not_confidence
from temperature_check.claims.verdict import INCONCLUSIVE, NOT_ASSESSABLE, NOT_REPRODUCED, REPRODUCED
from tests.claims.test_measures import flat, sweep
from tests.evaluation.test_mechanism import CONFIDENCES, smoothings, switches

RUNS = sweep(flat, betas=(1.0, 100.0))


def task(mechanism: pd.DataFrame, runs: pd.DataFrame = RUNS) -> TaskData:
    return TaskData(0.5, 2, False, runs, NONE, NONE, NONE, mechanism)


def smoothed(alike: float, gap: float = 3.0) -> TaskData:
    """β = 1 has 95 points, 100 fewer by the gap, and at confidences that both have, fewer by `alike`.

    These are 0.78 to 0.83, a quarter of the way along the curve of 100 in the mean.
    """
    points = {(1.0, 0.0): 95.0, (1.0, 0.1): 95.0, (1.0, 0.2): 95.0, (100.0, 0.1): 95 - 4 * alike + 3 * gap}
    return task(smoothings(CONFIDENCES, points | {(100.0, 0.0): 95 - gap}))


@pytest.mark.parametrize(
    ("alike", "gap", "verdict"),
    [
        (3.0, 3.0, REPRODUCED),
        (5.0, 3.0, REPRODUCED),
        (-3.0, 3.0, NOT_REPRODUCED),
        (3.0, 0.0, NOT_ASSESSABLE),
        (-3.0, -3.0, REPRODUCED),
        (5.0, -3.0, NOT_REPRODUCED),
    ],
)
def test_the_gap_is_left_at_equal_confidence_or_is_not(alike, gap, verdict):
    assert not_confidence(smoothed(alike, gap)).verdict == verdict


def test_accuracy_that_follows_confidence_is_not_reproduced_whichever_beta_is_more_confident():
    for sign in (1, -1):
        points = {cell: 90 + 30 * sign * confidence for cell, confidence in CONFIDENCES.items()}
        assert not_confidence(task(smoothings(CONFIDENCES, points))).verdict == NOT_REPRODUCED


def test_half_of_the_gap_at_equal_confidence_is_open():
    """At the confidences of both, 0.78 to 0.83, the curve of β = 100 is at 93.5 in the mean."""
    points = dict.fromkeys([(1.0, 0.0), (1.0, 0.1), (1.0, 0.2)], 95.0) | {(100.0, 0.0): 92.0, (100.0, 0.1): 98.0}
    assert not_confidence(task(smoothings(CONFIDENCES, points))).verdict == INCONCLUSIVE


@pytest.mark.parametrize(
    ("share", "verdict"),
    [(1.0, REPRODUCED), (2.0, REPRODUCED), (0.0, NOT_REPRODUCED), (0.5, INCONCLUSIVE), (-1.0, NOT_ASSESSABLE)],
)
def test_a_switch_leaves_the_effect_or_does_not(share, verdict):
    assert early(task(switches({0: 0.0, 300: share, 800: 0.5}))).verdict == verdict


def test_diverged_runs_leave_out_no_seed_and_no_step():
    table = switches({100: 0.0, 300: 1.0})
    control = table.assign(steps=table["steps"].mask(table["arm"] == "rate", 350))
    assert early(task(control)).verdict == REPRODUCED
    assert early(task(control)).effects[0].n == 12
    lost = (table["arm"] == "switched") & (table["seed"] < 5)
    some = table.assign(steps=table["steps"].mask(lost, 310), points=table["points"].mask(lost, 10.0))
    found = early(task(some.assign(failed=lost.astype(float))))
    assert (found.verdict, found.effects[0].n) == (INCONCLUSIVE, 12)


def test_one_dead_run_decides_nothing():
    for arm in ("first", "second"):
        table = switches({300: 1.0})
        dead = (table["arm"] == arm) & (table["seed"] == 0)
        assert early(task(table.assign(points=table["points"].mask(dead, 10.0)))).verdict == REPRODUCED


def test_a_gap_of_the_other_sign_is_kept_as_well():
    table = switches({300: 1.0}, first=100.0, second=1.0)
    table["points"] = 187 - table["points"]
    assert early(task(table)).verdict == REPRODUCED


def test_directions_that_kill_runs_are_left_out():
    there, back = switches({300: 1.0}), switches({300: 0.0}, first=100.0, second=1.0)
    back.loc[back["arm"] == "switched", "failed"] = 1
    both = early(task(pd.concat([there, back])))
    assert both.verdict == REPRODUCED
    assert len(both.effects) == 1
    assert early(task(back)).verdict == NOT_ASSESSABLE


def test_a_switch_at_another_time_is_none_at_30_percent():
    for step in (0, 290, 400):
        assert early(task(switches({step: 1.0}))).verdict == NOT_ASSESSABLE


def test_without_runs_nothing_is_assessable():
    bare = task(NONE)
    assert (not_confidence(bare).verdict, early(bare).verdict) == (NOT_ASSESSABLE, NOT_ASSESSABLE)


def test_cells_that_do_not_fit_decide_nothing():
    unfit = RUNS.assign(fitted=(RUNS["beta"] != 100) | (RUNS["seed"] != 3))
    found = early(task(switches({300: 1.0}), unfit))
    assert found.verdict == INCONCLUSIVE
    assert all(effect.doubt for effect in found.effects)


def test_noise_alone_is_seldom_assessable_and_not_reproduced_in_more_than_a_few():
    random, verdicts = np.random.default_rng(3), []
    table = switches({300: 1.0})
    for _ in range(200):
        table["points"] = random.normal(90, 1, len(table))
        verdicts.append(early(task(table)).verdict)
    assert verdicts.count(NOT_ASSESSABLE) >= 180
    assert verdicts.count(REPRODUCED) <= 4
