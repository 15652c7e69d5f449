"""Statistics of seeds against other ways to compute them, and what they give of few values."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from temperature_check.evaluation.intervals import (
    deviation_interval,
    difference_interval,
    least_squares,
    mean_interval,
    median_interval,
    share_interval,
)


def test_interval_of_a_mean_is_students():
    values = np.array([0.91, 0.95, 0.93, 0.96])
    half = stats.t.ppf(0.95, 3) * values.std(ddof=1) / 2
    assert mean_interval(values, 0.9) == pytest.approx((values.mean(), values.mean() - half, values.mean() + half))


def test_interval_of_a_difference_is_that_of_the_differences():
    first, second = np.random.default_rng(0).normal(size=(2, 6))
    assert difference_interval(first, second, 0.9) == pytest.approx(mean_interval(first - second, 0.9))


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("interval", [mean_interval, lambda values, level: difference_interval(values, values, level)])
def test_few_or_equal_values_give_no_warning(interval):
    assert np.isnan(interval(np.array([]), 0.95)).all()
    one, *bounds = interval(np.array([0.1]), 0.95)
    assert np.isfinite(one)
    assert np.isnan(bounds).all()
    assert np.ptp(interval(np.full(3, 0.1), 0.95)) == pytest.approx(0, abs=1e-15)


def test_interval_of_a_standard_deviation_covers_as_often_as_it_says():
    samples = np.random.default_rng(0).normal(scale=3.0, size=(4000, 5))
    intervals = np.array([deviation_interval(sample, 0.9) for sample in samples])
    assert np.mean((intervals[:, 1] < 3) & (intervals[:, 2] > 3)) == pytest.approx(0.9, abs=0.015)
    assert intervals[0, 0] == pytest.approx(samples[0].std(ddof=1))
    assert np.isnan(deviation_interval(np.array([1.0]), 0.9)).all()


def test_interval_of_a_median_is_of_values_and_takes_censored_ones():
    assert median_interval(np.array([4, 1, 2, 8, np.inf, np.inf]), 0.95) == (6, 1, np.inf)
    assert median_interval(np.arange(10.0), 0.95) == (4.5, 1, 8)
    median, low, high = median_interval(np.array([1.0, 2, 3, 4, np.inf]), 0.95)
    assert (median, np.isnan(low), np.isnan(high)) == (3, True, True)


def test_interval_of_a_share_is_wilsons():
    z, n = stats.norm.ppf(0.975), 10
    for hits in (0, 3, 10):
        share = hits / n
        center = (share + z**2 / (2 * n)) / (1 + z**2 / n)
        half = z / (1 + z**2 / n) * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
        found = share_interval(np.arange(n) < hits, 0.95)
        assert found == pytest.approx((share, center - half, center + half), abs=1e-12)


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
