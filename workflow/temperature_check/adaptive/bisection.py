"""The largest rate of stable runs: a scan upwards to the first unstable rate, and bisection of the gap below it."""

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
    """The searches of a phase, one per β and seed."""
    settings = phase.task.early_learning.part(phase.name)
    return [_Bisection(run, settings) for run in phase.first_runs()]


class _Bisection(Search):
    judged_by = ("history_loss", "largest_loss")

    def __init__(self, first: Run, settings: LargestRate):
        self.first, self.settings = first, settings
        self.most = self.base = [1.0] * (len(settings.scanned()) + settings.halvings)

    def runs(self, record: Callable[[Run], Record]) -> Iterator[Run]:
        """The rates of the scan up to the first unstable one, then the middle of what is left."""
        rates = tried_rates(self.settings.scanned(), self.settings.halvings)
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
    """Whether a run's loss was finite and at most LARGEST_RISE times the first before every step and at the end.

    False if ‖Z0‖ is unreachable. The final loss is not enough, because a network whose units all die may end slightly
    below its first loss.
    """
    if record.facts["status"] != "finished":
        return False
    losses = record.arrays["history_loss"]
    return bool(max(record.arrays["largest_loss"], losses[-1]) <= LARGEST_RISE * losses[0])


def tried_rates(scanned: list[float], halvings: int) -> Generator[float, bool, None]:
    """The rates to try, one after another. The caller sends back whether each is stable.

    Stability is not monotone: a rate above an unstable one may be stable again. The largest stable rate is therefore
    the one below the first unstable rate of a scan upwards. The gap between the two is halved on a logarithmic scale.
    The search ends with the lowest rate if it is unstable, and with the highest if no rate is unstable.

    >>> rates = tried_rates([1, 4, 16, 64], 2)
    >>> next(rates), rates.send(True), rates.send(True), rates.send(False), rates.send(True)
    (1, 4, 16, 8.0, 11.313708498984761)
    """
    low = None
    for high in scanned:
        if not (yield high):
            break
        low = high
    if low in (None, scanned[-1]):
        return
    for _ in range(halvings):
        middle = math.sqrt(low * high)
        low, high = (middle, high) if (yield middle) else (low, middle)
