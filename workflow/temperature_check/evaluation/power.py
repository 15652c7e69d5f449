"""How many seeds a comparison needs, from the spread that pilot runs show.

An effect is found if the distribution-free interval of the median over seeds excludes zero. That is the sign test,
whose power depends on the share p of seeds with the sign of the effect alone. For values with a normal distribution,
p = Φ(d/s) with the effect d and the standard deviation s.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats

from temperature_check.evaluation.cells import report_runs
from temperature_check.evaluation.effects import (
    TIME_SCALES,
    largest_rates,
    paired_with_one,
    seed_exponents,
    seed_slopes,
)

MOST = 1000
"""Numbers of seeds beyond which none is sought."""
COLUMNS = ("task", "comparison", "pilot", "spread", "seconds", "effect", "needed")


def power_of_median(seeds: int, share: float, confidence: float) -> float:
    """The probability that the interval of the median of `seeds` values excludes zero on the side of the effect.

    share: the probability p that one value has the sign of the effect.

    >>> round(power_of_median(6, 1.0, 0.95), 3), power_of_median(5, 1.0, 0.95)
    (1.0, 0.0)
    """
    left_out = stats.binom.ppf((1 - confidence) / 2, seeds, 0.5) - 1
    # ppf is the first count whose probability reaches the level; the one before it stays below.
    return 0.0 if left_out < 0 else float(stats.binom.cdf(left_out, seeds, 1 - share))


def seeds_needed(spread: float, effect: float, confidence: float, power: float) -> float:
    """The smallest number of seeds with which an effect is found with at least this power; infinite beyond MOST.

    spread: standard deviation over seeds, in the unit of `effect`.
    """
    if not np.isfinite(spread):
        return np.nan
    share = float(stats.norm.cdf(effect / spread)) if spread else 1.0
    for seeds in range(1, MOST + 1):
        if power_of_median(seeds, share, confidence) >= power:
            return seeds
    return np.inf


def accuracy_comparisons(runs: pd.DataFrame, points: float, confidence: float, power: float) -> pd.DataFrame:
    """One row per task, ‖Z0‖ and β ≠ 1: the difference in test accuracy from β = 1, paired by seed, in points.

    runs: the table of all runs, of which report runs count. Columns: COLUMNS, of which `pilot` is the number of pairs,
    `spread` the standard deviation of their difference, and `seconds` the time that one pair takes to train.
    """
    rows = []
    for (task, z0), own in report_runs(runs).groupby(["task", "z0"], dropna=False):
        for beta in sorted(own.loc[own["beta"] != 1, "beta"].unique()):
            pairs = paired_with_one(own, beta)
            difference = 100 * (pairs["test_accuracy"] - pairs["test_accuracy_one"])
            seconds = (pairs["seconds"] + pairs["seconds_one"]).median()
            rows.append((task, f"accuracy, β = {beta:g} and 1{_norm(z0)}", difference, seconds, points))
    return _table(rows, confidence, power)


def slope_comparisons(
    events: pd.DataFrame | None, brackets: pd.DataFrame | None, slope: float, confidence: float, power: float
) -> pd.DataFrame:
    """One row per slope in log β that experiments measure: of time scales, and of the largest stable rate by regime.

    events, brackets: the tables of experiments, None if there are none. Columns: those of `accuracy_comparisons`. The
    table of events has no times of training, and `seconds` is NaN.
    """
    rows = []
    for task, own in events.groupby("task") if events is not None else ():
        for scale in TIME_SCALES:
            found = seed_exponents(own[own["phase"] == scale.phase], scale).get("beta", np.array([]))
            rows.append((task, f"slope of {scale.name} in β", pd.Series(found), np.nan, slope))
    for task, own in largest_rates(brackets).groupby("task") if brackets is not None else ():
        for regime, found in seed_slopes(own).items():
            rows.append((task, f"slope of the largest stable rate, {regime}", pd.Series(found), np.nan, slope))
    return _table(rows, confidence, power)


def _norm(z0: float) -> str:
    return "" if pd.isna(z0) else f", ‖Z0‖ = {z0:g}"


def _table(rows: list[tuple], confidence: float, power: float) -> pd.DataFrame:
    """The comparisons of at least two values, because fewer have no spread."""
    found = []
    for task, comparison, values, seconds, effect in rows:
        spread = values.dropna().std()
        if np.isnan(spread):
            continue
        needed = seeds_needed(spread, effect, confidence, power)
        found.append((task, comparison, int(values.notna().sum()), spread, seconds, effect, needed))
    return pd.DataFrame(found, columns=[*COLUMNS])
