"""The largest stable learning rate, by bisection."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from temperature_check.record import Record
from temperature_check.runs import Run

if TYPE_CHECKING:
    from temperature_check.experiments import Bisection
    from temperature_check.train import Trainer

LARGEST_RISE = 1.1


def bisected_runs(trainer: Trainer, task: str, settings: Bisection, seeds: tuple[int, ...]) -> list[Run]:
    """The runs of every bisection, one for each β and seed, trained or found in the store."""
    runs: list[Run] = []

    def is_stable(beta: float, seed: int, scaled_learning_rate: float) -> bool:
        runs.append(Run(task, "bisection", beta, settings.z0, scaled_learning_rate, seed))
        return stable(trainer.record(runs[-1]))

    for beta, seed in itertools.product(settings.beta, seeds):
        bracket(partial(is_stable, beta, seed), *settings.between, settings.halvings)
    return runs


def stable(record: Record) -> bool:
    """Whether a run's loss was finite and at most LARGEST_RISE times the first at every recorded step.

    False where ‖Z0‖ is out of reach. The loss at the end alone would not do: a network whose units all died on the way
    may end a little below its start.
    """
    losses = record.arrays.get("history_loss")
    return record.facts["status"] == "finished" and bool(losses.max() <= LARGEST_RISE * losses[0])


def bracket(is_stable: Callable[[float], bool], low: float, high: float, halvings: int) -> tuple[float, float]:
    """The largest rate found stable and the smallest found unstable, by halving the interval of the logarithm.

    (0, low) where `low` is unstable already, (high, inf) where `high` is stable still.

    >>> bracket(lambda rate: rate < 3, 1, 16, 2)
    (2.0, 4.0)
    """
    if not is_stable(low):
        return 0.0, low
    if is_stable(high):
        return high, math.inf
    for _ in range(halvings):
        middle = math.sqrt(low * high)
        low, high = (middle, high) if is_stable(middle) else (low, middle)
    return low, high
