"""Verdicts on a claim: for one task from its effects, and over tasks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

from temperature_check.claims.effect import CONFIDENCE, Effect

REPRODUCED, NOT_REPRODUCED = "reproduced", "not reproduced"
INCONCLUSIVE, NOT_ASSESSABLE = "inconclusive", "not assessable"
VERDICTS = (REPRODUCED, NOT_REPRODUCED, INCONCLUSIVE, NOT_ASSESSABLE)
LEVEL = 1 - CONFIDENCE
OVERALL = "all tasks"
"""Name of the verdict over tasks, in the column of tasks."""
Scope = Literal["each", "all", "some", "most"]
"""Of which tasks a claim speaks; `each`: of every task for itself."""


class Verdict(NamedTuple):
    """What is known of a claim in a task, or over tasks.

    supported, contradicted: the smallest level at which it is reproduced or not reproduced. effects: what it rests on.
    lacks: the runs that a claim would need which is not assessable.
    """

    supported: float
    contradicted: float
    effects: tuple[Effect, ...] = ()
    lacks: str = ""

    @property
    def verdict(self) -> str:
        """One of VERDICTS."""
        if self.lacks:
            return NOT_ASSESSABLE
        if self.supported <= LEVEL:
            return REPRODUCED
        return NOT_REPRODUCED if self.contradicted <= LEVEL else INCONCLUSIVE


def not_assessable(lacks: str) -> Verdict:
    """The verdict on a claim for which runs are lacking."""
    return Verdict(1.0, 1.0, (), lacks)


def of_effects(effects: Sequence[Effect]) -> Verdict:
    """All effects inside or, corrected for their number, at least one outside. A doubtful effect decides nothing."""
    return Verdict(all_inside(effects), any_outside(effects), tuple(effects))


def all_inside(effects: Sequence[Effect]) -> float:
    """p-value against an effect that is not inside."""
    return max(1.0 if effect.doubt else effect.inside for effect in effects)


def any_outside(effects: Sequence[Effect]) -> float:
    """p-value against no effect being outside, by Bonferroni."""
    return min(1.0, len(effects) * min(1.0 if effect.doubt else effect.outside for effect in effects))


def over_tasks(verdicts: Sequence[Verdict], scope: Scope) -> Verdict:
    """The verdict on all tasks that can be assessed.

    all: reproduced in every one, or, at the first level of Holm, not reproduced in at least one. some: the other way
    round. most: one or the other in more than half of them.
    """
    known = [one for one in verdicts if not one.lacks]
    if not known:
        return not_assessable("; ".join(dict.fromkeys(one.lacks for one in verdicts)) or "a task")
    supported, contradicted = sorted(one.supported for one in known), sorted(one.contradicted for one in known)
    if scope == "all":
        return Verdict(supported[-1], min(1.0, len(known) * contradicted[0]))
    if scope == "some":
        return Verdict(min(1.0, len(known) * supported[0]), contradicted[-1])
    most = len(known) // 2
    return Verdict(supported[most], contradicted[most])
