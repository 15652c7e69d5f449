"""Effects: the tests by which they are inside or outside of a region, in worlds of known truth."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from temperature_check.claims.effect import around, of_distribution, of_seeds

SIMULATIONS = 1000
MOST_WRONG, LEAST_FOUND = 0.06 + 2 * np.sqrt(0.06 / SIMULATIONS), 0.8
"""6%, and two standard errors of the simulation."""
WORLDS = {
    "normal": lambda random, size: random.normal(size=size),
    "heavy": lambda random, size: random.standard_t(3, size=size),
    "skewed": lambda random, size: random.exponential(size=size) - np.log(2),
    "bimodal": lambda random, size: random.choice([-3, 3], size=size) + random.normal(size=size),
}


def shares(world: str, shift: float, region: tuple[float, float], seeds: int) -> tuple[float, float]:
    """How often the effect of values around a median is shown to be inside, and outside."""
    values = shift + WORLDS[world](np.random.default_rng(0), (SIMULATIONS, seeds))
    found = [of_seeds("effect", row, region) for row in values]
    return np.mean([one.inside <= 0.05 for one in found]), np.mean([one.outside <= 0.05 for one in found])


@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("seeds", [8, 30])
@pytest.mark.parametrize("shift", [-5.0, 5.0])
def test_an_effect_at_the_end_of_its_region_is_rarely_called_inside_or_outside(world, seeds, shift):
    inside, outside = shares(world, shift, around(0, 5), seeds)
    assert inside <= MOST_WRONG
    assert outside <= MOST_WRONG


def test_effects_well_inside_and_well_outside_are_found():
    inside, outside = shares("normal", 0.0, around(0, 1.5), 30)
    assert inside >= LEAST_FOUND
    assert outside == 0
    inside, outside = shares("normal", 3.0, around(0, 1.5), 30)
    assert inside == 0
    assert outside >= LEAST_FOUND


def test_a_region_with_one_end_takes_one_test():
    values = np.arange(1.0, 9.0)
    effect = of_seeds("effect", values, (0, np.inf))
    assert effect.inside == pytest.approx(0.5**8)
    assert of_seeds("effect", -values, (0, np.inf)).outside == pytest.approx(0.5**8)
    assert of_seeds("effect", -values, (0, 1)).outside == pytest.approx(2 * 0.5**8)


def test_values_at_an_end_are_evidence_for_nothing():
    effect = of_seeds("effect", np.full(20, 0.5), around(0, 0.5))
    assert (effect.inside, effect.outside) == (1.0, 1.0)


def test_infinite_values_count_and_missing_ones_do_not():
    effect = of_seeds("effect", [np.inf] * 8 + [np.nan], (-np.inf, 1.0))
    assert (effect.n, effect.inside) == (8, 1.0)
    assert effect.outside == pytest.approx(0.5**8)
    empty = of_seeds("effect", [], (0, 1))
    assert (empty.n, empty.inside, empty.outside) == (0, 1.0, 1.0)


def test_a_distribution_is_tested_by_what_is_beyond_the_ends():
    normal = stats.norm(0.4, 0.1)
    effect = of_distribution("effect", 0.4, normal.cdf, normal.interval(0.95), around(0, 0.25), 10, "β")
    assert effect.inside == pytest.approx(normal.sf(0.25))
    assert effect.outside == pytest.approx(2 * normal.cdf(0.25))
    above = of_distribution("effect", 0.4, normal.cdf, normal.interval(0.95), (0, np.inf), 10, "β")
    assert (above.inside, above.outside) == pytest.approx((normal.cdf(0), normal.sf(0)))
