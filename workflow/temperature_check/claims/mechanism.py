"""How the claims on where an effect of β comes from are judged in one task. docs/claims.md has the rules."""

from __future__ import annotations

import numpy as np
import pandas as pd

from temperature_check.claims.effect import CONFIDENCE, Effect, of_seeds
from temperature_check.claims.measures import ANY, TaskData, doubt_of
from temperature_check.claims.verdict import Verdict, not_assessable, of_effects
from temperature_check.evaluation import mechanism
from temperature_check.evaluation.intervals import median_interval

EARLY = 0.3
"""N3: the part of training after which β is switched."""
Pair = tuple[float, float]


def not_confidence(task: TaskData) -> Verdict:
    """C12."""
    if not (task.mechanism["phase"] == "smoothing").any():
        return not_assessable("runs with smoothed labels")
    effects = [*filter(None, (_at_equal_confidence(task, pair) for pair in _pairs(task)))]
    return of_effects(effects) if effects else not_assessable("a gap between two β that have a confidence in common")


def _pairs(task: TaskData) -> list[Pair]:
    """Pairs of β in the order of their values: those that switch, or all that are smoothed."""
    switched = [pair for pair in mechanism.pairs(task.mechanism) if pair[0] < pair[1]]
    betas = sorted(task.mechanism.loc[task.mechanism["phase"] == "smoothing", "beta"].unique())
    return switched or [(low, high) for low in betas for high in betas if low < high]


def _at_equal_confidence(task: TaskData, pair: Pair) -> Effect | None:
    found = mechanism.at_equal_confidence(task.mechanism, pair)
    if found is None or not (sign := _sign(found["gap"])):
        return None
    name = f"gap between β = {pair[0]:g} and {pair[1]:g} at equal confidence minus half of that without smoothing"
    return of_seeds(name, sign * (found["equal"] - found["gap"] / 2), (0, ANY), doubt_of(task, pair))


def _sign(gaps: np.ndarray) -> float:
    """The sign of a difference between two β; 0 if the interval of its median contains 0."""
    _, low, high = median_interval(np.asarray(gaps), CONFIDENCE)
    return float(np.sign(low)) if low * high > 0 else 0.0


def early(task: TaskData) -> Verdict:
    """N3."""
    directions = mechanism.pairs(task.mechanism)
    if not directions:
        return not_assessable("runs that switch β")
    effects = [*filter(None, (_kept(task, *pair) for pair in directions))]
    return of_effects(effects) if effects else not_assessable("a gap, and a switch at 30% that does no harm")


def _kept(task: TaskData, first: float, second: float) -> Effect | None:
    """How far above the middle of the gap runs end that switch; None without a gap, or if the switch does harm."""
    points, failed = (_switched(task.mechanism, first, second, value) for value in ("points", "failed"))
    gaps = points["first"] - points["second"]
    if points.empty or not (sign := _sign(gaps)) or _harmed(points, failed):
        return None
    middle = (points["first"] + points["second"]) / 2
    name = f"accuracy after a switch from β = {first:g} to {second:g} above the middle of both, towards the former"
    return of_seeds(name, sign * (points["switched"] - middle), (0, ANY), doubt_of(task, (first, second)))


def _switched(table: pd.DataFrame, first: float, second: float, value: str) -> pd.DataFrame:
    """A value of the arms of a switch at EARLY, by seed. Diverged runs have fewer steps than were planned."""
    own = table[(table["first"] == first) & (table["second"] == second)]
    arms = mechanism.arms(own, first, second, value)
    return arms[arms.index.get_level_values("switch_step") == round(EARLY * own["steps"].max())]


def _harmed(points: pd.DataFrame, failed: pd.DataFrame) -> bool:
    """Whether half of the switched runs failed, or their median is below both β by more than half of the gap."""
    first, second, switched = (points[arm].median() for arm in mechanism.ARMS[:3])
    return failed["switched"].mean() >= 1 / 2 or min(first, second) - switched > abs(first - second) / 2
