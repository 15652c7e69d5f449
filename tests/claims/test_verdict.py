"""Verdicts: each can occur, and levels hold over effects and tasks."""

from __future__ import annotations

import numpy as np
import pytest

from temperature_check.claims.effect import around, of_seeds
from temperature_check.claims.verdict import (
    INCONCLUSIVE,
    NOT_ASSESSABLE,
    NOT_REPRODUCED,
    REPRODUCED,
    Verdict,
    not_assessable,
    of_effects,
    over_tasks,
)

SPREAD = np.linspace(-0.1, 0.1, 8)


def effect(median: float, doubt: str = ""):
    return of_seeds("effect", median + SPREAD, around(0, 0.5), doubt)


@pytest.mark.parametrize(
    ("medians", "verdict"),
    [
        ([0.0], REPRODUCED),
        ([0.0, 0.1], REPRODUCED),
        ([0.0, 0.5], INCONCLUSIVE),
        ([0.0, 1.0], NOT_REPRODUCED),
        ([0.5, -1.0], NOT_REPRODUCED),
    ],
)
def test_all_effects_must_be_inside_and_one_outside_is_enough(medians, verdict):
    assert of_effects([effect(median) for median in medians]).verdict == verdict


def test_eight_seeds_contradict_one_of_six_effects_but_not_of_seven():
    assert of_effects([effect(0.0)] * 5 + [effect(1.0)]).verdict == NOT_REPRODUCED
    assert of_effects([effect(0.0)] * 6 + [effect(1.0)]).verdict == INCONCLUSIVE


def test_a_doubtful_effect_decides_nothing():
    assert of_effects([effect(0.0), effect(0.0, "a rate at an edge")]).verdict == INCONCLUSIVE
    assert of_effects([effect(0.0), effect(1.0, "a rate at an edge")]).verdict == INCONCLUSIVE
    assert of_effects([effect(1.0), effect(0.0, "a rate at an edge")]).verdict == NOT_REPRODUCED


YES, NO, OPEN, NONE = Verdict(0.001, 1.0), Verdict(1.0, 0.001), Verdict(0.4, 0.6), not_assessable("runs")


@pytest.mark.parametrize(
    ("scope", "verdicts", "expected"),
    [
        ("all", [YES, YES, NONE], REPRODUCED),
        ("all", [YES, OPEN], INCONCLUSIVE),
        ("all", [YES, NO], NOT_REPRODUCED),
        ("all", [YES, Verdict(1.0, 0.04)], INCONCLUSIVE),
        ("some", [YES, NO], REPRODUCED),
        ("some", [Verdict(0.04, 1.0), NO], INCONCLUSIVE),
        ("some", [NO, NO], NOT_REPRODUCED),
        ("some", [NO, OPEN], INCONCLUSIVE),
        ("most", [YES, YES, NO], REPRODUCED),
        ("most", [YES, NO], INCONCLUSIVE),
        ("most", [NO, NO, YES], NOT_REPRODUCED),
        ("all", [NONE, NONE], NOT_ASSESSABLE),
    ],
)
def test_verdicts_over_tasks(scope, verdicts, expected):
    assert over_tasks(verdicts, scope).verdict == expected
