"""How the claims on where an effect of β comes from are judged in one task. docs/claims.md has the rules."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from temperature_check.claims.effect import CONFIDENCE, Effect, of_seeds
from temperature_check.claims.measures import ANY, TaskData, doubt_of
from temperature_check.claims.verdict import Verdict, not_assessable, of_effects
from temperature_check.evaluation import mechanism
from temperature_check.evaluation.intervals import median_interval

KEPT = (1 / 2, 3 / 2)
"""N3: the share of the gap that a switched run keeps."""
LATEST = 0.3
"""N3: the last part of training at which a switch counts as early."""
Pair = tuple[float, float]


def not_confidence(task: TaskData) -> Verdict:
    """C12."""
    if not (task.mechanism["phase"] == "smoothing").any():
        return not_assessable("runs with smoothed labels")
    effects = [*filter(None, (_at_equal_confidence(task, pair) for pair in _pairs(task, "smoothing")))]
    return of_effects(effects) if effects else not_assessable("a gap between two β that smoothed labels can compare")


def _pairs(task: TaskData, phase: str) -> list[Pair]:
    """Pairs of β in the order of their values: those that switch, or all that are smoothed."""
    switched = [pair for pair in mechanism.pairs(task.mechanism) if pair[0] < pair[1]]
    betas = sorted(task.mechanism.loc[task.mechanism["phase"] == phase, "beta"].unique())
    return switched or [(low, high) for low in betas for high in betas if low < high]


def _at_equal_confidence(task: TaskData, pair: Pair) -> Effect | None:
    found = mechanism.at_equal_confidence(task.mechanism, pair)
    if found is None or not (sign := _gap(found["other"] - found["confident"])):
        return None
    beta, other = found.attrs["confident"], found.attrs["other"]
    name = f"what is left of half of the gap between β = {beta:g} and {other:g} if the first is as confident"
    middle = (found["other"] + found["confident"]) / 2
    return of_seeds(name, sign * (middle - found["smoothed"]), (0, ANY), doubt_of(task, pair))


def _gap(differences: np.ndarray) -> float:
    """The sign of a difference between two β; 0 if the interval of its median contains 0."""
    _, low, high = median_interval(np.asarray(differences), CONFIDENCE)
    return float(np.sign(low)) if low * high > 0 else 0.0


def early(task: TaskData) -> Verdict:
    """N3."""
    directions = mechanism.pairs(task.mechanism)
    if not directions:
        return not_assessable("runs that switch β")
    effects = [effect for pair in directions for effect in _kept(task, *pair)]
    return of_effects(effects) if effects else not_assessable("a gap between two β, and switches that do not kill runs")


def _kept(task: TaskData, first: float, second: float) -> Iterator[Effect]:
    """The share that is kept after the last early switch; nothing if there is no gap, or half of the runs failed."""
    table = task.mechanism
    own = table[table["switch_step"] <= LATEST * table["steps"]]
    points, failed = (mechanism.arms(own, first, second, value) for value in ("points", "failed"))
    if points.empty:
        return
    last = points.index.get_level_values("switch_step").max()
    points, lost = points.loc[last], failed.loc[last, "switched"].mean()
    gaps = points["first"] - points["second"]
    if not _gap(gaps) or lost >= 1 / 2:
        return
    shares = (points["switched"] - points["second"]) / gaps.mean()
    name = f"share of the gap that is kept by a switch from β = {first:g} to {second:g} after {last:g} steps"
    yield of_seeds(name, shares, KEPT, doubt_of(task, (first, second)))
