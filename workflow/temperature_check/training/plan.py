"""The plan of a run's steps, which is drawn before training. It depends on the seed, but not on β or the rate."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from temperature_check.base.seeds import stream
from temperature_check.training.history import recorded_steps
from temperature_check.training.schedule import rate_factors

if TYPE_CHECKING:
    from temperature_check.study.recipe import Augmentation, Training

CHANGES = 3


class Plan(NamedTuple):
    """The steps of a run, or some of them. The first axis of each array is that of steps.

    examples: indices of the training examples of the batch, int32 [steps, batch size].
    changes: augmentation of each example, int32 [steps, batch size, 3]; the last axis is empty if there is none.
    factors: the factor on the learning rate, float32 [steps].
    probed: whether the run is probed after the step, bool [steps].
    """

    examples: np.ndarray
    changes: np.ndarray
    factors: np.ndarray
    probed: np.ndarray

    def part(self, start: int, end: int) -> Plan:
        """The steps from `start` up to `end`."""
        return Plan(*(array[start:end] for array in self))

    def padded(self, steps: int) -> Plan:
        """The plan padded with zeros to `steps` steps."""
        missing = steps - len(self.examples)
        return Plan(*(np.pad(array, [(0, missing)] + [(0, 0)] * (array.ndim - 1)) for array in self))


def new_plan(training: Training, examples: int, seed: int) -> Plan:
    """All steps of a run on `examples` training examples."""
    batches = batch_indices(seed, examples, training.batch_size, training.epochs)
    changes = _changes(training.augmentation, examples, batches, training.epochs, seed)
    factors = rate_factors(training.schedule, training.epochs, steps_of_epoch(examples, training.batch_size))
    return Plan(batches, changes, factors, probed_steps(training, len(batches)))


def probed_steps(training: Training, total: int) -> np.ndarray:
    """Whether a run of `total` steps is probed after each of them, bool [steps]."""
    return np.isin(np.arange(1, total + 1), recorded_steps(training, total))


def steps_of_epoch(examples: int, batch_size: int) -> int:
    """Number of batches per epoch. A smaller batch at the end is left out."""
    return examples // batch_size


def batch_indices(seed: int, examples: int, batch_size: int, epochs: int) -> np.ndarray:
    """The examples of each step, from a new permutation in every epoch; int32 [steps, batch size]."""
    random, steps = stream(seed, "order"), steps_of_epoch(examples, batch_size)
    orders = [random.permutation(examples)[: steps * batch_size] for _ in range(epochs)]
    return np.concatenate(orders).reshape(-1, batch_size).astype(np.int32)


def draw_changes(random: np.random.Generator, augmentation: Augmentation, examples: int) -> np.ndarray:
    """Augmentation of each example in an epoch: row and column at which its crop starts, and 1 if it is mirrored.

    int32 of shape [examples, 3].
    """
    corners = random.integers(0, 2 * augmentation.padding, (examples, 2), endpoint=True)
    mirrored = random.integers(0, 2, (examples, 1)) * augmentation.flip
    return np.concatenate([corners, mirrored], axis=1).astype(np.int32)


def _changes(
    augmentation: Augmentation | None, examples: int, batches: np.ndarray, epochs: int, seed: int
) -> np.ndarray:
    """Augmentation of the examples of each step. It depends on seed, epoch and example, not on batch size or order."""
    if augmentation is None:
        return np.empty((*batches.shape, 0), np.int32)
    streams = (stream(seed, "augmentation", epoch) for epoch in range(epochs))
    drawn = [draw_changes(random, augmentation, examples) for random in streams]
    of_epochs = batches.reshape(epochs, -1)
    return np.stack([changes[of_epoch] for changes, of_epoch in zip(drawn, of_epochs)]).reshape(*batches.shape, CHANGES)
