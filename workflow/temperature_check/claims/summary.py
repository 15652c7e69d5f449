"""What the verdicts on a claim in several tasks come to, and the one effect that tells it best.

Tables are the rows of one claim in the table of `claims.judge`.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from temperature_check.claims.seeds import seeds_to_decide, undecided
from temperature_check.claims.verdict import INCONCLUSIVE, LEVEL, NOT_ASSESSABLE, NOT_REPRODUCED, OVERALL, REPRODUCED

DECIDED = (REPRODUCED, NOT_REPRODUCED)


def by_task(claim: pd.DataFrame) -> pd.Series:
    """The verdicts in those tasks, or groups of tasks, that can be assessed."""
    known = claim[(claim["task"] != OVERALL) & (claim["verdict"] != NOT_ASSESSABLE)]
    return known.drop_duplicates("task").set_index("task")["verdict"]


def over_all(claim: pd.DataFrame) -> str:
    """The verdict over tasks; empty if the claim has none."""
    return next(iter(claim.loc[claim["task"] == OVERALL, "verdict"]), "")


def main_verdict(claim: pd.DataFrame) -> str:
    """The verdict over tasks if it is decided, else the decided one of most tasks; empty if there is none."""
    if over_all(claim) in DECIDED:
        return over_all(claim)
    verdicts = by_task(claim)
    counts = verdicts[verdicts.isin(DECIDED)].value_counts()
    return max(counts.index, key=lambda one: (counts[one], one == NOT_REPRODUCED), default="")


def is_open(claim: pd.DataFrame) -> bool:
    """Whether a verdict is inconclusive: that over tasks if there is one, else that in some task."""
    overall = over_all(claim)
    return overall == INCONCLUSIVE if overall else bool((claim["verdict"] == INCONCLUSIVE).any())


def decisive(claim: pd.DataFrame) -> dict:
    """The effect that tells the `main_verdict`: the least clear one that supports it, or the clearest one against it.

    Effects with a doubt decide nothing, so that they do not tell a claim that is not reproduced.
    """
    verdict = main_verdict(claim)
    rows = claim[(claim["verdict"] == verdict) & claim["name"].notna()]
    beyond = rows["predicts_outside"].eq(True)
    if verdict == NOT_REPRODUCED:
        against = rows["outside"].mask(beyond, rows["inside"])
        return rows.loc[against.mask(rows["doubt"] != "", np.inf).idxmin()].to_dict()
    support = rows["inside"].mask(beyond, beyond.groupby(rows["task"]).transform("sum") * rows["outside"])
    shown = support[support <= LEVEL]
    return rows.loc[(shown if len(shown) else support).idxmax()].to_dict()


def nearest(claim: pd.DataFrame) -> tuple[dict, float] | None:
    """The undecided effect that fewest seeds would decide, and how many; None if no effect is undecided.

    The number is infinite beyond `evaluation.power.MOST`, and NaN if it is not known.
    """
    rows = claim[(claim["verdict"] == INCONCLUSIVE) & claim["name"].notna()]
    numbers = rows.groupby("task")["task"].transform("size")
    pairs = [(row, number) for row, number in zip(rows.to_dict("records"), numbers) if undecided(row, number)]
    found = [(row, seeds_to_decide(row, number)) for row, number in pairs]
    return min(found, key=lambda one: (np.isnan(one[1]), one[1]), default=None)
