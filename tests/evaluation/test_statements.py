"""What figures of the default study let a reader conclude, in worlds of known truth: docs/power.md has the table."""

from __future__ import annotations

import numpy as np
import pytest

from temperature_check.evaluation.intervals import median_interval

SIMULATIONS = 10_000
MOST_FALSE, LEAST_FOUND = 0.06, 0.8


def normal(random, size):
    return random.normal(size=size)


def heavy(random, size):
    """Student's t with four degrees of freedom, of unit variance."""
    return random.standard_t(4, size) / np.sqrt(2)


def bimodal(random, size):
    """Two modes, one above and one below, of unit variance together."""
    return 0.8 * random.choice([-1, 1], size) + 0.6 * random.normal(size=size)


def bounds(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The intervals of the medians of rows: two order statistics, which are the same in all rows."""
    _, low, high = median_interval(np.arange(values.shape[1]), 0.95)
    ranked = np.sort(values, axis=1)
    return ranked[:, int(low)], ranked[:, int(high)]


# Seeds, spread over seeds, and effect: points of accuracy, and slopes.
DIFFERENCES = {
    "accuracy of the MLP, β from 0.1 to 3": (25, 0.51, 0.4),
    "accuracy of the MLP, other β": (25, 0.82, 0.7),
    "accuracy of the GRU, β = 0.1": (20, 1.1, 1.0),
    "accuracy of the GRU, β = 10": (20, 1.7, 1.5),
    "accuracy of the ResNet, β = 0.1": (10, 0.79, 1.1),
    "accuracy of the ResNet, β = 10": (10, 0.49, 0.7),
    "slope of a time scale": (7, 0.076, 0.25),
    "slope of the largest stable rate": (7, 0.085, 0.25),
}


@pytest.mark.parametrize("world", [normal, heavy, bimodal])
@pytest.mark.parametrize("statement", DIFFERENCES)
def test_a_difference_is_seen_if_there_is_one_and_rarely_if_there_is_none(statement, world):
    seeds, spread, effect = DIFFERENCES[statement]
    low, high = bounds(spread * world(np.random.default_rng(0), (SIMULATIONS, seeds)))
    assert np.mean((low > 0) | (high < 0)) <= MOST_FALSE
    if world is not bimodal:  # Where the median is between two modes it is known less well than elsewhere.
        assert np.mean(low + effect > 0) >= LEAST_FOUND


@pytest.mark.parametrize("seeds", [20, 25])
def test_spreads_that_differ_eightfold_are_seen_to_and_equal_ones_rarely(seeds):
    random = np.random.default_rng(0)
    one, other = (np.abs(random.normal(size=(SIMULATIONS, seeds // 2, 2)) @ [1, -1]) for _ in range(2))
    (low, high), (other_low, other_high) = bounds(one), bounds(other)
    assert np.mean((low > other_high) | (high < other_low)) <= MOST_FALSE
    assert np.mean(8 * low > other_high) >= (LEAST_FOUND if seeds == 25 else 0.5)
