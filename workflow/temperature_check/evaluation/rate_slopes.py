"""How the best ηβ changes with β: its plateau at each β, and the slope over the small and over the large β.

Tables are those of `cells.tuning_runs`, of one task and ‖Z0‖. Rates count if all tuning seeds were trained with them.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import special, stats
from scipy.optimize import brentq

from temperature_check.evaluation.effects import FEWEST_TUNING_SEEDS
from temperature_check.evaluation.rates import plateau, scores_by_seed
from temperature_check.runs.rates import TIE_DECIMALS

REGIMES = {"β ≤ 1": lambda beta: beta <= 1, "β ≥ 1": lambda beta: beta >= 1}
"""The values of β over which a slope is fitted."""
SMALLEST_SLOPE = 0.25
"""Smallest slope of log ηβ in log β that matters. Within it ηβ is called constant."""
FEWEST_BETAS = 3
NUMBERS = ("slope", "low", "high", "intercept")
DRAWS = 1000
SMALLEST_ERROR = 1e-12
"""The standard error of a line through all points, which would otherwise be 0."""


def rate_plateaus(tuned: pd.DataFrame, confidence: float) -> pd.DataFrame:
    """The rates within noise of the best one, one row per β.

    Columns: `beta`, the ηβ that is `best` by mean validation accuracy, the `lowest` and `highest` ηβ of its
    `rates.plateau`, `seeds`, and `learned`, whether all runs at the best rate fit the training data.
    """
    rows = [_plateau(beta, cell, confidence) for beta, cell in tuned.groupby("beta")]
    return pd.DataFrame(rows, columns=["beta", "best", "lowest", "highest", "seeds", "learned"])


def rate_slopes(tuned: pd.DataFrame, confidence: float) -> pd.DataFrame:
    """The slope of log10 of the best ηβ in log10 β, one row per regime.

    The interval covers both the choice of rates and the deviation from a line. In each of DRAWS draws the tuning seeds
    are drawn with replacement, the same ones at every β; the best rate of each β is chosen anew; and a line is fitted.
    The interval is the central one of the mixture of all draws' Student-t distributions of the slope. Only β whose runs
    fit the training data count, and of these at least FEWEST_BETAS. From fewer than FEWEST_TUNING_SEEDS seeds there is
    no interval.
    Columns: `regime`, `slope`, `low`, `high`, `intercept` at β = 1, the number `n` of β, and `verdict` of `verdict_of`.
    """
    return pd.DataFrame([_slope(regime, tuned, confidence) for regime in REGIMES])


class SlopeDistribution(NamedTuple):
    """How sure a slope is: a mixture, with equal weights, of Student-t distributions.

    slope, intercept: of the line through the best rates. n: number of β. slopes, errors: of each draw's line.
    """

    slope: float
    intercept: float
    n: int
    slopes: np.ndarray
    errors: np.ndarray

    def below(self, slope: float) -> float:
        """The probability of smaller slopes."""
        return float(special.stdtr(self.n - 2, (slope - self.slopes) / self.errors).mean())

    def quantile(self, share: float) -> float:
        """The slope that `share` of the distribution is below."""
        own = self.slopes + self.errors * stats.t.ppf(share, self.n - 2)
        room = self.errors.max()  # The quantile may be at an end.
        return brentq(lambda slope: self.below(slope) - share, own.min() - room, own.max() + room)


def slope_distribution(tuned: pd.DataFrame, regime: str) -> SlopeDistribution | None:
    """The distribution from which `rate_slopes` takes the interval of a regime; None with too few β or seeds."""
    line = _line(regime, tuned)
    return line if isinstance(line, SlopeDistribution) and len(line.slopes) else None


def verdict_of(low: float, high: float) -> str:
    """`constant` if the interval of a slope is within ±SMALLEST_SLOPE, `changes` if it leaves out 0, or `not decided`.

    >>> verdict_of(-0.1, 0.2), verdict_of(0.1, 0.2), verdict_of(0.1, 0.5), verdict_of(-1, 0.2)
    ('constant', 'constant', 'changes', 'not decided')
    """
    if np.isnan(low):
        return "not decided"
    if low >= -SMALLEST_SLOPE and high <= SMALLEST_SLOPE:
        return "constant"
    return "changes" if low > 0 or high < 0 else "not decided"


def _plateau(beta: float, cell: pd.DataFrame, confidence: float) -> dict:
    scores = _scores(cell)
    best = _best(scores)
    near = plateau(scores, best, confidence)
    bounds = {"best": best, "lowest": min(near), "highest": max(near)}
    return {"beta": beta} | bounds | {"seeds": len(scores), "learned": _learned(cell, best)}


def _slope(regime: str, tuned: pd.DataFrame, confidence: float) -> dict:
    line = _line(regime, tuned)
    if isinstance(line, int):
        return {"regime": regime, "n": line} | dict.fromkeys(NUMBERS, np.nan) | {"verdict": verdict_of(np.nan, 0)}
    ends = ((1 - confidence) / 2, (1 + confidence) / 2)
    low, high = map(line.quantile, ends) if len(line.slopes) else (np.nan, np.nan)
    numbers = {"slope": line.slope, "low": low, "high": high, "intercept": line.intercept}
    return {"regime": regime, "n": line.n} | numbers | {"verdict": verdict_of(low, high)}


def _line(regime: str, tuned: pd.DataFrame) -> SlopeDistribution | int:
    """The line of a regime, without draws if there are too few seeds; the number of β if they are too few."""
    cells = {beta: cell for beta, cell in tuned.groupby("beta") if REGIMES[regime](beta)}
    tables = {beta: _scores(cell) for beta, cell in cells.items()}
    scores = {beta: table for beta, table in tables.items() if _learned(cells[beta], _best(table))}
    if len(scores) < FEWEST_BETAS:
        return len(scores)
    x, y = np.log10(list(scores)), np.log10([_best(table) for table in scores.values()])
    slope, intercept = np.polyfit(x, y, 1)
    enough = min(map(len, scores.values())) >= FEWEST_TUNING_SEEDS
    drawn = _drawn_slopes(x, scores) if enough else (np.array([]), np.array([]))
    return SlopeDistribution(slope, intercept, len(scores), *drawn)


def _drawn_slopes(x: np.ndarray, scores: dict[float, pd.DataFrame]) -> tuple[np.ndarray, np.ndarray]:
    """The slope of each draw and its standard error."""
    seeds = min(map(len, scores.values()))
    drawn = np.random.default_rng(0).integers(seeds, size=(DRAWS, seeds))
    y = np.log10(np.column_stack([_best_of_draws(table, drawn) for table in scores.values()]))
    centered, freedom = x - x.mean(), len(x) - 2
    slopes = y @ centered / (centered @ centered)
    residuals = y - y.mean(axis=1, keepdims=True) - slopes[:, None] * centered
    errors = np.sqrt((residuals**2).sum(axis=1) / freedom / (centered @ centered))
    return slopes, np.maximum(errors, SMALLEST_ERROR)


def _best_of_draws(scores: pd.DataFrame, drawn: np.ndarray) -> np.ndarray:
    means = scores.to_numpy()[drawn].mean(axis=1).round(TIE_DECIMALS)
    return scores.columns.to_numpy(float)[means.argmax(axis=1)]


def _scores(cell: pd.DataFrame) -> pd.DataFrame:
    """`scores_by_seed` of the rates that all seeds were trained with."""
    return scores_by_seed(cell).dropna(axis="columns")


def _best(scores: pd.DataFrame) -> float:
    return float(scores.mean().round(TIE_DECIMALS).idxmax())


def _learned(cell: pd.DataFrame, best: float) -> bool:
    return bool(cell.loc[cell["scaled_learning_rate"] == best, "fitted"].all())
