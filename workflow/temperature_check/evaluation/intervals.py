"""Statistics of seeds. Each has an interval, low and high, at a level of confidence such as 0.95.

Runs of several seeds are not normally distributed: some fail, some are censored, and accuracies may have two modes.
Intervals are therefore distribution-free, except those of fitted lines.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import stats

NO_INTERVAL = (np.nan, np.nan)


class Fit(NamedTuple):
    """A least-squares fit. slopes: slope, low and high of each column of x."""

    intercept: float
    slopes: list[tuple[float, float, float]]


def median_interval(values: np.ndarray, confidence: float) -> tuple[float, float, float]:
    """Median and its distribution-free interval: two of the values, which may be infinite. All is NaN with none.

    Whatever the distribution of independent values is, and also if it has several modes or failed runs, the interval
    covers its median at least as often as `confidence` says. It is NaN if there are too few values; an interval of 95%
    takes six.
    """
    values = np.asarray(values, dtype=np.float64)
    if not len(values):
        return np.nan, *NO_INTERVAL
    interval = stats.quantile_test(values, p=0.5).confidence_interval(confidence)
    return float(np.median(values)), float(interval.low), float(interval.high)


def difference_interval(first: np.ndarray, second: np.ndarray, confidence: float) -> tuple[float, float, float]:
    """The `median_interval` of first - second, paired by position."""
    return median_interval(np.subtract(first, second, dtype=np.float64), confidence)


def spread_interval(values: np.ndarray, confidence: float) -> tuple[float, float, float]:
    """How far two values are apart: the `median_interval` of |x1 - x2|, |x3 - x4| and so on.

    Each value is in one pair, so that the differences are independent. The last of an odd number is left out.
    """
    pairs = np.asarray(values, dtype=np.float64)[: len(values) // 2 * 2].reshape(-1, 2)
    return median_interval(np.abs(pairs[:, 0] - pairs[:, 1]), confidence)


def share_interval(hits: np.ndarray, confidence: float) -> tuple[float, float, float]:
    """Share of true values and its exact interval, that of Clopper and Pearson, which is never too narrow."""
    count = stats.binomtest(int(np.sum(hits)), len(hits))
    interval = count.proportion_ci(confidence, method="exact")
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
