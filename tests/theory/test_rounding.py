"""What float32 rounds away of updates, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from temperature_check.theory.rounding import LARGEST_LOSS, lost_share, smallest_rate

ONES = np.ones(1000, np.float32)
STEP = 2.0**-23
"""The distance from 1 to the next larger number of float32. Below 1 it is half of that."""


@pytest.mark.parametrize(
    ("update", "expected"),
    [
        (0, 1),
        (0.49 * STEP, 1),
        (-0.24 * STEP, 1),
        (STEP, 0),
        (-STEP / 2, 0),
        (1.25 * STEP, 0.2),
        (1000.25 * STEP, 0.00025),
    ],
)
def test_updates_below_half_the_distance_of_numbers_are_lost(update, expected):
    assert lost_share(ONES, np.full(1000, update)) == pytest.approx(expected, abs=1e-6)


def test_share_is_of_the_squared_norm():
    weights = np.array([1.0, 0.0, 1e-6], np.float32)
    assert lost_share(weights, 1e-9 * np.array([1.0, 3.0, 0.0])) == pytest.approx(0.1, rel=1e-6)


def test_smallest_rate_keeps_the_update_at_all_larger_rates():
    direction = np.random.default_rng(0).normal(size=1000)
    rate = smallest_rate(ONES, direction)
    assert STEP / 10 < rate < 10 * STEP
    larger = rate * np.logspace(0, 9, 91)
    assert max(lost_share(ONES, one * direction) for one in larger) <= LARGEST_LOSS
    assert lost_share(ONES, rate / 1.03 * direction) > LARGEST_LOSS


def test_smallest_rate_is_in_proportion_to_the_weights():
    direction = np.random.default_rng(0).normal(size=1000)
    assert smallest_rate(1024 * ONES, 1.024 * direction) == pytest.approx(1000 * smallest_rate(ONES, direction))


def test_without_a_gradient_no_rate_keeps_the_update():
    assert smallest_rate(ONES, np.zeros(1000)) == np.inf
