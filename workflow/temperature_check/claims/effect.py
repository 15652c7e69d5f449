"""Effects that decide a claim, each with a region that the claim predicts.

An effect can be shown to be inside of its region, or outside. Both are tests, and neither has to succeed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy import stats

from temperature_check.evaluation.intervals import median_interval

Region = tuple[float, float]
"""Low and high end, which may be infinite."""
CONFIDENCE = 0.95
"""Level of the intervals that are shown."""


class Effect(NamedTuple):
    """An effect of one task.

    value, low, high: estimate and interval. n: the number of independent values that it rests on, of `unit`.
    inside: p-value against an effect that is not inside of the region, by two one-sided tests. outside: p-value against
    one that is not outside, two-sided if it may be outside on two sides.
    doubt: why it decides nothing; empty if it may. spread: standard deviation over seeds, NaN if it is not known.
    predicts_outside: whether the claim predicts what is outside of the region.
    """

    name: str
    region: Region
    value: float
    low: float
    high: float
    n: int
    unit: str
    inside: float
    outside: float
    doubt: str = ""
    spread: float = np.nan
    predicts_outside: bool = False


def around(value: float, size: float) -> Region:
    """The region of what differs from a value by less than a practical size."""
    return value - size, value + size


def of_seeds(name: str, values: np.ndarray, region: Region, doubt: str = "") -> Effect:
    """The median of independent values, by sign tests, whatever their distribution is.

    values: one for each seed, which may be infinite; NaN is left out.
    """
    values = np.asarray(values, dtype=float)
    values = values[~np.isnan(values)]
    low, high = region
    inside = max(_sign_test(values > low), _sign_test(values < high))
    outside = min(_sign_test(values < low), _sign_test(values > high))
    interval = median_interval(values, CONFIDENCE)
    spread = float(np.std(values, ddof=1)) if len(values) > 1 and np.isfinite(values).all() else np.nan
    return Effect(name, region, *interval, len(values), "seeds", inside, _sided(outside, region), doubt, spread)


def of_distribution(
    name: str,
    value: float,
    below: Callable[[float], float],
    interval: tuple[float, float],
    region: Region,
    n: int,
    unit: str,
    doubt: str = "",
) -> Effect:
    """A statistic with a known distribution. below: the probability of smaller values than a given one."""
    low, high = (below(end) if np.isfinite(end) else float(end > 0) for end in region)
    inside, outside = max(low, 1 - high), min(1 - low, high)
    return Effect(name, region, value, *interval, n, unit, inside, _sided(outside, region), doubt)


def _sign_test(hits: np.ndarray) -> float:
    """p-value against at most half of all values being hits; 1 without values, 0 if no value could be anything else."""
    return float(stats.binom.sf(hits.sum() - 1, len(hits), 0.5)) if len(hits) else 1.0


def _sided(p: float, region: Region) -> float:
    return min(1.0, p * int(np.isfinite(region).sum()))
