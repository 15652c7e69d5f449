"""The factor on the learning rate during a run: warm-up, then a constant, a cosine, or steps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from temperature_check.study.recipe import Schedule


def rate_factors(schedule: Schedule, epochs: int, steps_of_epoch: int) -> np.ndarray:
    """s(t) for every step t, float32 of shape [steps]; docs/theory.md, equation (18).

    >>> from temperature_check.study.recipe import Schedule
    >>> rate_factors(Schedule(decay="steps", milestones=[3], warmup_epochs=2), epochs=4, steps_of_epoch=1).tolist()
    [0.5, 1.0, 1.0, 0.10000000149011612]
    """
    steps = np.arange(epochs * steps_of_epoch)
    warmup = schedule.warmup_epochs * steps_of_epoch
    rising = np.minimum(1, (steps + 1) / max(warmup, 1))
    if schedule.decay == "steps":
        passed = sum(steps >= milestone * steps_of_epoch for milestone in schedule.milestones)
        return (rising * schedule.factor**passed).astype(np.float32)
    if schedule.decay == "cosine":
        part = np.clip((steps - warmup) / (len(steps) - warmup), 0, 1)
        rising = rising * (1 + np.cos(np.pi * part)) / 2
    return rising.astype(np.float32)
