"""What a run does in each of its steps, drawn before it starts: the same for equal seeds, whatever else a run does."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from temperature_check.training.schedule import rate_factors

if TYPE_CHECKING:
    from temperature_check.study import Augmentation, Training

CHANGES = 3
STREAMS = ("weights", "order", "augmentation")


class Plan(NamedTuple):
    """The steps of a run, or some of them; the first axis of each array is that of steps.

    examples: indices of the training examples of the batch, int32 [steps, batch size].
    changes: what augmentation does to each, int32 [steps, batch size, 3]; the last axis is empty without.
    factors: the factor on the learning rate, float32 [steps].
    """

    examples: np.ndarray
    changes: np.ndarray
    factors: np.ndarray

    def part(self, start: int, end: int) -> Plan:
        """The steps from `start` up to `end`."""
        return Plan(*(array[start:end] for array in self))

    def padded(self, steps: int) -> Plan:
        """The same with zeros for more steps, `steps` in all."""
        missing = steps - len(self.examples)
        return Plan(*(np.pad(array, [(0, missing)] + [(0, 0)] * (array.ndim - 1)) for array in self))


def new_plan(training: Training, examples: int, seed: int) -> Plan:
    """All steps of a run on `examples` training examples."""
    batches = batch_indices(seed, examples, training.batch_size, training.epochs)
    changes = _changes(training.augmentation, examples, batches, training.epochs, seed)
    steps = steps_of_epoch(examples, training.batch_size)
    return Plan(batches, changes, rate_factors(training.schedule, training.epochs, steps))


def steps_of_epoch(examples: int, batch_size: int) -> int:
    """Batches of an epoch; a last, smaller one is left out."""
    return examples // batch_size


def random_stream(seed: int, purpose: str, *parts: int) -> np.random.Generator:
    """The random numbers of a seed for one purpose, or a part of it, independent of its other streams."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(STREAMS.index(purpose), *parts)))


def batch_indices(seed: int, examples: int, batch_size: int, epochs: int) -> np.ndarray:
    """The examples of each step, a new permutation every epoch, the same for equal seeds; int32 [steps, batch size]."""
    stream, steps = random_stream(seed, "order"), steps_of_epoch(examples, batch_size)
    orders = [stream.permutation(examples)[: steps * batch_size] for _ in range(epochs)]
    return np.concatenate(orders).reshape(-1, batch_size).astype(np.int32)


def weight_seed(seed: int) -> int:
    """The seed of the initial weights."""
    return int(random_stream(seed, "weights").integers(2**31))


def draw_changes(stream: np.random.Generator, augmentation: Augmentation, examples: int) -> np.ndarray:
    """What is done to each example in an epoch: row and column at which its crop starts, and 1 where it is mirrored.

    int32 of shape [examples, 3].
    """
    corners = stream.integers(0, 2 * augmentation.padding, (examples, 2), endpoint=True)
    mirrored = stream.integers(0, 2, (examples, 1)) * augmentation.flip
    return np.concatenate([corners, mirrored], axis=1).astype(np.int32)


def _changes(
    augmentation: Augmentation | None, examples: int, batches: np.ndarray, epochs: int, seed: int
) -> np.ndarray:
    """By seed, epoch and example: no other example, batch size or order bears on what is done to one."""
    if augmentation is None:
        return np.empty((*batches.shape, 0), np.int32)
    streams = (random_stream(seed, "augmentation", epoch) for epoch in range(epochs))
    drawn = [draw_changes(stream, augmentation, examples) for stream in streams]
    of_epochs = batches.reshape(epochs, -1)
    return np.stack([changes[of_epoch] for changes, of_epoch in zip(drawn, of_epochs)]).reshape(*batches.shape, CHANGES)
