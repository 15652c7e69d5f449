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


def smoothed(matched: float, gap: float = 3.0) -> TaskData:
    """Where β = 1 has 95 points, 100 fewer by the gap, and β = 1 `matched` points at equal confidence."""
    points = {(1.0, 0.0): 95.0, (1.0, 0.1): matched, (1.0, 0.2): matched, (100.0, 0.1): 90.0}
    return task(smoothings(CONFIDENCES, points | {(100.0, 0.0): 95 - gap}))


@pytest.mark.parametrize(
    ("matched", "gap", "verdict"),
    [
        (95.0, 3.0, REPRODUCED),
        (96.0, 3.0, REPRODUCED),
        (92.0, 3.0, NOT_REPRODUCED),
        (93.5, 3.0, INCONCLUSIVE),
        (95.0, 0.0, NOT_ASSESSABLE),
        (92.0, -3.0, REPRODUCED),
        (98.0, -3.0, NOT_REPRODUCED),
    ],
)
def test_smoothing_to_equal_confidence_closes_the_gap_or_does_not(matched, gap, verdict):
    assert not_confidence(smoothed(matched, gap)).verdict == verdict


@pytest.mark.parametrize(
    ("share", "verdict"),
    [(1.0, REPRODUCED), (0.0, NOT_REPRODUCED), (0.5, INCONCLUSIVE), (2.0, NOT_REPRODUCED), (-1.0, NOT_REPRODUCED)],
)
def test_a_switch_keeps_the_gap_or_loses_it(share, verdict):
    assert early(task(switches({0: 0.0, 300: share, 800: 0.5}))).verdict == verdict


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


def test_a_switch_after_the_first_third_is_not_early():
    assert early(task(switches({400: 1.0}))).verdict == NOT_ASSESSABLE


def test_without_runs_nothing_is_assessable():
    bare = task(NONE)
    assert (not_confidence(bare).verdict, early(bare).verdict) == (NOT_ASSESSABLE, NOT_ASSESSABLE)


def test_cells_that_do_not_fit_decide_nothing():
    unfit = RUNS.assign(fitted=(RUNS["beta"] != 100) | (RUNS["seed"] != 3))
    found = early(task(switches({300: 1.0}), unfit))
    assert found.verdict == INCONCLUSIVE
    assert all(effect.doubt for effect in found.effects)


def test_noise_alone_has_no_gap():
    random = np.random.default_rng(3)
    table = switches({300: 1.0})
    table["points"] = random.normal(90, 1, len(table))
    assert early(task(table)).verdict == NOT_ASSESSABLE
