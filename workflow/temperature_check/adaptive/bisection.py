"""The largest rate of stable runs, by bisection."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from temperature_check.adaptive.search import Search
from temperature_check.base.record import Record
from temperature_check.runs.run import Run

if TYPE_CHECKING:
    from temperature_check.study.early_learning import LargestRate
    from temperature_check.study.phases import Phase

LARGEST_RISE = 1.1
"""A run is unstable if its loss exceeds this multiple of its first loss."""


def searches(phase: Phase) -> list[Search]:
    """The bisections of a phase, one per β and seed."""
    early = phase.task.early_learning
    settings = early.part(phase.name)
    return [_Bisection(run, settings) for run in early.runs(phase.task_name, phase.name)]


class _Bisection(Search):
    def __init__(self, first: Run, settings: LargestRate):
        self.first, self.settings = first, settings
        self.longest = 2 + settings.halvings

    def runs(self, record: Callable[[Run], Record]) -> Iterator[Run]:
        """Both ends of the interval, then the middle of what is left."""
        rates = bisected_rates(*self.settings.between, self.settings.halvings)
        rate = next(rates)
        while rate is not None:
            yield (run := replace(self.first, scaled_learning_rate=rate))
            rate = _next(rates, stable(record(run)))


def _next(rates: Generator[float, bool, None], is_stable: bool) -> float | None:
    try:
        return rates.send(is_stable)
    except StopIteration:
        return None


def stable(record: Record) -> bool:
    """Whether a run's loss was finite and at most LARGEST_RISE times the first at every recorded step.

    False if ‖Z0‖ is unreachable. The final loss is not enough, because a network whose units all die may end slightly
    below its first loss.
    """
    losses = record.arrays.get("history_loss")
    return record.facts["status"] == "finished" and bool(losses.max() <= LARGEST_RISE * losses[0])


def bisected_rates(low: float, high: float, halvings: int) -> Generator[float, bool, None]:
    """The rates to try, one after another. The caller sends back whether each is stable.

    After both ends the interval of the logarithm is halved. The search ends with `low` if it is unstable, and with
    `high` if it is stable.

    >>> rates = bisected_rates(1, 16, 2)
    >>> next(rates), rates.send(True), rates.send(False), rates.send(False)
    (1, 16, 4.0, 2.0)
    """
    if not (yield low):
        return
    if (yield high):
        return
    for _ in range(halvings):
        middle = math.sqrt(low * high)
        low, high = (middle, high) if (yield middle) else (low, middle)
