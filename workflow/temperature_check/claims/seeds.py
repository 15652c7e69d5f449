"""How many seeds would decide an effect that is undecided."""

from __future__ import annotations

import numpy as np

from temperature_check.claims.verdict import LEVEL
from temperature_check.evaluation.power import seeds_needed

POWER = 0.8
"""Probability with which an effect is to be decided."""


def undecided(row: dict, effects: int) -> bool:
    """Whether an effect without a doubt was shown to be neither inside nor outside of its region.

    row: of the table of claims. effects: number of effects of the same verdict, for which the level is corrected.
    """
    return not row["doubt"] and row["inside"] > LEVEL and effects * row["outside"] > LEVEL


def seeds_to_decide(row: dict, effects: int) -> float:
    """With how many seeds the sign test shows on which side it is, if estimate and spread are the truth.

    row, effects: as in `undecided`. Infinite beyond `evaluation.power.MOST`; NaN if the effect is no median over seeds.
    """
    ends = np.array([row["region_low"], row["region_high"]])
    ends = ends[np.isfinite(ends)]
    inside = row["region_low"] < row["value"] < row["region_high"]
    level = LEVEL if inside else LEVEL / effects / len(ends)
    return seeds_needed(row["spread"], float(np.min(np.abs(ends - row["value"]))), 1 - 2 * level, POWER)
