"""How many seeds would decide an effect: with so many, the sign test does."""

from __future__ import annotations

import numpy as np
import pytest

from temperature_check.claims.effect import of_seeds
from temperature_check.claims.seeds import POWER, seeds_to_decide, undecided
from temperature_check.claims.verdict import LEVEL


def row(value: float, region: tuple[float, float], spread: float = 1.0, **changes) -> dict:
    ends = dict(zip(("region_low", "region_high"), region))
    return {"value": value, "spread": spread, "doubt": "", "inside": 0.4, "outside": 0.4} | ends | changes


@pytest.mark.parametrize(
    ("value", "region", "effects"),
    [(0.5, (0, np.inf), 1), (-0.5, (0, np.inf), 3), (0.2, (-1, 1), 1), (1.6, (-1, 1), 2)],
)
def test_so_many_seeds_decide_as_often_as_said(value, region, effects):
    seeds = int(seeds_to_decide(row(value, region), effects))

    def decided(n: int) -> float:
        found = (of_seeds("effect", own, region) for own in np.random.default_rng(0).normal(value, 1, (2000, n)))
        inside = region[0] < value < region[1]
        return np.mean([one.inside <= LEVEL if inside else effects * one.outside <= LEVEL for one in found])

    assert decided(seeds) >= POWER - 0.03
    assert decided(seeds // 2) < POWER - 0.1


def test_an_effect_at_the_end_of_its_region_is_never_decided():
    assert seeds_to_decide(row(1.0, (-1, 1)), 1) == np.inf


def test_without_a_spread_it_is_not_known():
    assert np.isnan(seeds_to_decide(row(1.0, (0, np.inf), spread=np.nan), 1))


def test_doubtful_and_decided_effects_are_not_open():
    assert undecided(row(0, (-1, 1)), 1)
    assert not undecided(row(0, (-1, 1), doubt="a rate at an edge"), 1)
    assert not undecided(row(0, (-1, 1), inside=0.01), 1)
    assert undecided(row(0, (-1, 1), outside=0.02), 3)
