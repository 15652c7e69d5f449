"""When a run is probed, and what is recorded. Keras is not imported, so that commands can plan with this module."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from temperature_check.study.recipe import Training

EVEN_POINTS = 8
POINTS_OF_OCTAVE, POINTS_OF_OCTAVE_IN_EXPERIMENTS = 1, 3
SPLITS_READ = {"tune": ("validation",), "report": ("validation", "test")}
"""The splits whose logits are computed at the end of a run, by phase. Only the report reads test data."""


def recorded_steps(training: Training, total: int) -> list[int]:
    """The steps after which runs of `total` steps are probed. Experiments on early learning have more of them."""
    return history_steps(total, POINTS_OF_OCTAVE_IN_EXPERIMENTS if is_experiment(training) else POINTS_OF_OCTAVE)


def is_experiment(training: Training) -> bool:
    """Whether runs are of an experiment on early learning, which records much at many of their steps."""
    return training.kernel_vectors is not None and training.kernel_examples is None


def history_steps(total: int, points_of_octave: int = 1) -> list[int]:
    """The steps after which a run is probed: 0, powers of two, a few at equal distances, and `total`.

    points_of_octave: number of steps per power of two, at equal distances in the logarithm.

    >>> history_steps(8), history_steps(8, points_of_octave=2)
    ([0, 1, 2, 3, 4, 5, 6, 7, 8], [0, 1, 2, 3, 4, 5, 6, 7, 8])
    """
    powers = (round(2 ** (point / points_of_octave)) for point in itertools.count())
    even = (round(total * part / EVEN_POINTS) for part in range(EVEN_POINTS + 1))
    return sorted({*itertools.takewhile(lambda step: step < total, powers), *even})
