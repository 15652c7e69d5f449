"""Statistics of seeds. Each has an interval, low and high, at a level of confidence such as 0.95."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy import stats

NO_INTERVAL = (np.nan, np.nan)


class Fit(NamedTuple):
    """A least-squares fit. slopes: slope, low and high of each column of x."""

    intercept: float
    slopes: list[tuple[float, float, float]]


def mean_interval(values: np.ndarray, confidence: float) -> tuple[float, float, float]:
    """Mean and Student-t interval m ± t(n-1) s/√n. The interval is NaN with one value, and all is NaN with none."""
    values = np.asarray(values, dtype=np.float64)
    mean = float(values.mean()) if len(values) else np.nan
    return mean, *_bounds(lambda: stats.ttest_1samp(values, 0), len(values), confidence)


def difference_interval(first: np.ndarray, second: np.ndarray, confidence: float) -> tuple[float, float, float]:
    """Mean of first - second, paired by position, and its Student-t interval. NaN by the rules of `mean_interval`."""
    first, second = (np.asarray(values, dtype=np.float64) for values in (first, second))
    mean = float((first - second).mean()) if len(first) else np.nan
    return mean, *_bounds(lambda: stats.ttest_rel(first, second), len(first), confidence)


def deviation_interval(values: np.ndarray, confidence: float) -> tuple[float, float, float]:
    """Standard deviation s and its interval √((n-1) s²/χ²) for normally distributed values. NaN with fewer than two."""
    if len(values) < 2:
        return np.nan, *NO_INTERVAL
    deviation, freedom = float(np.std(values, ddof=1)), len(values) - 1
    low, high = (
        deviation * np.sqrt(freedom / stats.chi2.ppf((1 + sign * confidence) / 2, freedom)) for sign in (1, -1)
    )
    return deviation, float(low), float(high)


def median_interval(values: np.ndarray, confidence: float) -> tuple[float, float, float]:
    """Median and its distribution-free interval: two of the values, which may be infinite.

    The interval is NaN if there are too few values; an interval of 95% takes six.
    """
    interval = stats.quantile_test(values, p=0.5).confidence_interval(confidence)
    return float(np.median(values)), float(interval.low), float(interval.high)


def share_interval(hits: np.ndarray, confidence: float) -> tuple[float, float, float]:
    """Share of true values and its Wilson interval."""
    count = stats.binomtest(int(np.sum(hits)), len(hits))
    interval = count.proportion_ci(confidence, method="wilson")
    return count.statistic, float(interval.low), float(interval.high)


def least_squares(x: np.ndarray, y: np.ndarray, confidence: float) -> Fit:
    """The fit y = intercept + slopes · x, with Student-t intervals of the slopes.

    x: of shape [n] or [n, variables]; y: of shape [n]. All is NaN if the columns of x and a constant are linearly
    dependent, as with fewer than two values of x. The intervals are NaN with no more points than unknowns.
    """
    # Statsmodels takes a while to import, and most users of this module fit nothing.
    from statsmodels.regression.linear_model import OLS

    design = np.column_stack([np.ones(len(y)), x])
    unknowns = design.shape[1]
    if np.linalg.matrix_rank(design) < unknowns:
        return Fit(np.nan, [(np.nan, *NO_INTERVAL)] * (unknowns - 1))
    fit = OLS(np.asarray(y), design).fit()
    bounds = fit.conf_int(1 - confidence) if fit.df_resid > 0 else [NO_INTERVAL] * unknowns
    slopes = [(float(slope), float(low), float(high)) for slope, (low, high) in zip(fit.params, bounds)]
    return Fit(float(fit.params[0]), slopes[1:])


def _bounds(test: Callable, count: int, confidence: float) -> tuple[float, float]:
    if count < 2:
        return NO_INTERVAL
    # The t statistic of equal values is 0/0 or infinite. SciPy warns of it; the interval does not need it.
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        interval = test().confidence_interval(confidence)
    return float(interval.low), float(interval.high)
