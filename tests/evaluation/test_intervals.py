"""Statistics of seeds against other ways to compute them, and what they give of few values."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from temperature_check.evaluation.intervals import (
    difference_interval,
    least_squares,
    median_interval,
    share_interval,
    spread_interval,
)

WORLDS = {
    "bimodal": lambda random, size: np.where(random.random(size) < 0.3, 0.2, 0.95) + 0.01 * random.normal(size=size),
    "failing": lambda random, size: np.where(random.random(size) < 0.45, 0.1, random.beta(30, 2, size)),
    "censored": lambda random, size: np.where(random.random(size) < 0.4, np.inf, random.lognormal(3, 1, size)),
    "skewed": lambda random, size: random.lognormal(0, 2, size),
    "rounded": lambda random, size: np.round(random.normal(95, 0.2, size), 1),
}
"""Distributions of the values of seeds, none of which is normal."""
SIMULATIONS = 10_000


@pytest.mark.parametrize("seeds", [6, 7, 10, 20])
@pytest.mark.parametrize("world", WORLDS)
def test_interval_of_a_median_covers_in_every_world(world, seeds):
    """At least 94% at nominal 95%; with few seeds up to 98%, because intervals are between two of the values."""
    random = np.random.default_rng(0)
    median = np.median(WORLDS[world](random, 1_000_001))
    samples = np.sort(WORLDS[world](random, (SIMULATIONS, seeds)), axis=1)
    _, low, high = median_interval(np.arange(float(seeds)), 0.95)
    assert median_interval(samples[0], 0.95)[1:] == (samples[0, int(low)], samples[0, int(high)])
    covered = np.mean((samples[:, int(low)] <= median) & (median <= samples[:, int(high)]))
    assert covered >= 0.94


@pytest.mark.parametrize("world", ["bimodal", "failing", "skewed", "rounded"])
def test_interval_of_a_spread_covers_in_every_world(world):
    random = np.random.default_rng(1)
    first, second = WORLDS[world](random, (2, 1_000_001))
    median = np.median(np.abs(first - second))
    intervals = np.array([spread_interval(WORLDS[world](random, 20), 0.95)[1:] for _ in range(SIMULATIONS // 10)])
    assert np.mean((intervals[:, 0] <= median) & (median <= intervals[:, 1])) >= 0.94


@pytest.mark.parametrize("seeds", [5, 10, 20])
@pytest.mark.parametrize("share", [0.0, 0.01, 0.1, 0.3, 0.5, 0.97])
def test_interval_of_a_share_covers_at_every_share(share, seeds):
    hits = np.arange(seeds + 1)
    bounds = np.array([share_interval(np.arange(seeds) < count, 0.95)[1:] for count in hits])
    covered = (bounds[:, 0] <= share) & (share <= bounds[:, 1])
    assert np.sum(stats.binom.pmf(hits, seeds, share)[covered]) >= 0.95


def test_interval_of_a_difference_is_that_of_the_differences():
    first, second = np.random.default_rng(0).normal(size=(2, 8))
    assert difference_interval(first, second, 0.9) == median_interval(first - second, 0.9)


def test_pairs_of_a_spread_share_no_value():
    assert spread_interval(np.array([1.0, 4.0, 10.0, 11.0, 99.0]), 0.95)[0] == 2


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("interval", [median_interval, spread_interval])
def test_few_or_equal_values_give_no_warning(interval):
    assert np.isnan(interval(np.array([]), 0.95)).all()
    one, *bounds = interval(np.array([0.1, 0.1]), 0.95)
    assert np.isfinite(one)
    assert np.isnan(bounds).all()
    assert np.ptp(interval(np.full(14, 0.1), 0.95)) == 0


def test_interval_of_a_median_is_of_values_and_takes_censored_ones():
    assert median_interval(np.array([4, 1, 2, 8, np.inf, np.inf]), 0.95) == (6, 1, np.inf)
    assert median_interval(np.arange(10.0), 0.95) == (4.5, 1, 8)
    median, low, high = median_interval(np.array([1.0, 2, 3, 4, np.inf]), 0.95)
    assert (median, np.isnan(low), np.isnan(high)) == (3, True, True)


def test_slope_is_that_of_numpys_covariance():
    x = np.arange(6.0)
    y = 3 - 2 * x + np.random.default_rng(0).normal(size=6)
    (slope, intercept), covariance = np.polyfit(x, y, 1, cov=True)
    half = stats.t.ppf(0.975, 4) * np.sqrt(covariance[0, 0])
    fit = least_squares(x, y, 0.95)
    assert fit.intercept == pytest.approx(intercept)
    assert fit.slopes == [pytest.approx((slope, slope - half, slope + half))]


@pytest.mark.filterwarnings("error")
def test_line_through_two_points_has_no_interval_and_through_fewer_no_slope():
    x, y = np.array([0.0, 1.0]), np.array([1.0, 3.0])
    fit = least_squares(x, y, 0.95)
    assert fit.intercept == pytest.approx(1)
    assert fit.slopes == [pytest.approx((2, np.nan, np.nan), nan_ok=True)]
    for few in (x[:1], x[:0], np.zeros(2)):
        fit = least_squares(few, y[: len(few)], 0.95)
        assert np.isnan([fit.intercept, *fit.slopes[0]]).all()


def test_slopes_of_a_plane():
    random = np.random.default_rng(0)
    x = random.normal(size=(40, 2))
    noise = 0.1 * random.normal(size=40)
    fit = least_squares(x, 3 + 2 * x[:, 0] - x[:, 1] + noise, 0.95)
    (first, low, high), (second, _, _) = fit.slopes
    assert (fit.intercept, first, second) == pytest.approx((3, 2, -1), abs=0.1)
    assert low < 2 < high
    assert high - low < 0.2
    assert np.isnan(least_squares(x[:, [0, 0]], x[:, 0], 0.95).slopes).all()
