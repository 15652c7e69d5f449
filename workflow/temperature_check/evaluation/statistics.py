"""Statistics of seeds: each gives a value and its interval, low and high, at a level of confidence, such as 0.95."""

from __future__ import annotations

import numpy as np
from scipy import stats


def mean_interval(values: np.ndarray, confidence: float) -> tuple[float, float, float]:
    """Mean and Student-t interval m ± t(n-1) s/√n. With one value the interval is NaN; with none, all is."""
    values = np.asarray(values, dtype=np.float64)
    mean = float(values.mean()) if len(values) else np.nan
    if len(values) < 2:
        return mean, np.nan, np.nan
    half = stats.t.ppf((1 + confidence) / 2, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values))
    return mean, mean - half, mean + half


def deviation_interval(values: np.ndarray, confidence: float) -> tuple[float, float, float]:
    """Standard deviation s and its interval √((n-1) s²/χ²), of normally distributed values. NaN with less than two."""
    if len(values) < 2:
        return np.nan, np.nan, np.nan
    deviation, freedom = float(np.std(values, ddof=1)), len(values) - 1
    low, high = (
        deviation * np.sqrt(freedom / stats.chi2.ppf((1 + sign * confidence) / 2, freedom)) for sign in (1, -1)
    )
    return deviation, float(low), float(high)


def median_interval(values: np.ndarray, confidence: float) -> tuple[float, float, float]:
    """Median and its distribution-free interval: two of the values, which may be infinite.

    NaN where there are too few values; an interval of 95% takes six.
    """
    interval = stats.quantile_test(values, p=0.5).confidence_interval(confidence)
    return float(np.median(values)), float(interval.low), float(interval.high)


def share_interval(hits: np.ndarray, confidence: float) -> tuple[float, float, float]:
    """Share of true values and its Wilson interval."""
    count = stats.binomtest(int(np.sum(hits)), len(hits))
    interval = count.proportion_ci(confidence, method="wilson")
    return count.statistic, float(interval.low), float(interval.high)


def slope_interval(x: np.ndarray, y: np.ndarray, confidence: float) -> tuple[float, float, float, float]:
    """Least-squares line: slope, its Student-t interval with n-2 degrees of freedom, and intercept.

    NaN where x has fewer than two values; with two points the interval is NaN.
    """
    if len(set(x)) < 2:
        return (np.nan,) * 4
    line = stats.linregress(x, y)
    half = stats.t.ppf((1 + confidence) / 2, len(x) - 2) * line.stderr if len(x) > 2 else np.nan
    return float(line.slope), float(line.slope - half), float(line.slope + half), float(line.intercept)


def slopes_interval(x: np.ndarray, y: np.ndarray, confidence: float) -> list[tuple[float, float, float]]:
    """Least-squares plane over the columns of x, shape [n, variables]: a slope a column, with its Student-t interval.

    NaN where the columns and a constant are not linearly independent; with no more points than unknowns the intervals
    are NaN.
    """
    design = np.column_stack([np.ones(len(x)), x])
    freedom = len(x) - design.shape[1]
    if np.linalg.matrix_rank(design) < design.shape[1]:
        return [(np.nan,) * 3] * x.shape[1]
    slopes = np.linalg.lstsq(design, y, rcond=None)[0]
    variance = np.sum((y - design @ slopes) ** 2) / freedom if freedom > 0 else np.nan
    errors = np.sqrt(variance * np.diag(np.linalg.inv(design.T @ design)))
    half = stats.t.ppf((1 + confidence) / 2, max(freedom, 1)) * errors
    return [(float(s), float(s - h), float(s + h)) for s, h in zip(slopes[1:], half[1:])]
