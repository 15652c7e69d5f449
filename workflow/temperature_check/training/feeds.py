"""Feeds, which pass training examples and those of other splits to a program."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol

import numpy as np

from temperature_check.training.plan import new_plan, probed_steps, steps_of_epoch
from temperature_check.training.program import STEPS_OF_A_CALL
from temperature_check.training.progress import Trained
from temperature_check.training.schedule import rate_factors

if TYPE_CHECKING:
    from temperature_check.data.dataset import Dataset
    from temperature_check.study.recipe import Training
    from temperature_check.training.backend import Program

IMAGES_OF_A_CALL = 256
FIRST_STEPS_OF_A_CALL = 16
SECONDS_OF_A_CALL = 20.0
"""About the longest time between two chances to save a run, unless one step takes longer."""


class Feed(Protocol):
    """What the engine asks of a feed."""

    steps: int
    """Number of steps of the run that was started."""
    steps_of_epoch: int

    def start(self, seed: int, length: float, step: int) -> None:
        """Prepare for the steps of a run from `step` on. length: as `Run.length`."""

    def advance(self, program: Program, start: int, end: int) -> Iterator[tuple[int, Trained]]:
        """Train from step `start` to step `end`, or to a probe that is not finite.

        Yields each step at which the run can be saved, with what was measured since the one before.
        """

    def logits(self, program: Program, split: str) -> np.ndarray:
        """Unscaled logits z of a split, batch norm in inference mode; shape [examples, classes]."""


class ResidentFeed:
    """All examples are on the device. A program receives indices and trains many steps in one call.

    A run can be saved between two calls. Their length follows the speed of steps, and changes no bits.
    """

    def __init__(self, training: Training, dataset: Dataset):
        self._steps_of_a_call = FIRST_STEPS_OF_A_CALL
        self.training, self.examples = training, dataset.train_examples
        self.steps_of_epoch = steps_of_epoch(self.examples, training.batch_size)

    def start(self, seed: int, length: float, step: int) -> None:
        """Draw the plan of the run."""
        self._plan = new_plan(self.training.lasting(length), self.examples, seed)
        self.steps = len(self._plan.examples)

    def advance(self, program: Program, start: int, end: int) -> Iterator[tuple[int, Trained]]:
        """Train from step `start` to step `end`, in calls of at most STEPS_OF_A_CALL steps."""
        while start < end:
            last, started = min(start + self._steps_of_a_call, end), time.monotonic()
            trained = program.advance(self._plan.part(start, last)).after(start)
            self._adapt(time.monotonic() - started)
            yield last, trained
            start = last

    def _adapt(self, seconds: float) -> None:
        if seconds > SECONDS_OF_A_CALL:
            self._steps_of_a_call = max(self._steps_of_a_call // 2, 1)
        elif seconds < SECONDS_OF_A_CALL / 4:
            self._steps_of_a_call = min(self._steps_of_a_call * 2, STEPS_OF_A_CALL)

    def logits(self, program: Program, split: str) -> np.ndarray:
        """Unscaled logits z of a split."""
        return program.logits(split)


class StreamFeed:
    """Examples are read from files during training, one batch per call."""

    def __init__(self, training: Training, dataset: Dataset):
        self.stream, self.training = dataset.stream, training
        self.steps_of_epoch = steps_of_epoch(dataset.train_examples, training.batch_size)

    def start(self, seed: int, length: float, step: int) -> None:
        """Open the stream at `step`."""
        training = self.training.lasting(length)
        self.factors = rate_factors(training.schedule, training.epochs, self.steps_of_epoch)
        self.steps = len(self.factors)
        self.probed = probed_steps(training, self.steps)
        epoch, batch = divmod(step, self.steps_of_epoch)
        self._batches = self.stream.training(seed, training.batch_size, epoch, batch)

    def advance(self, program: Program, start: int, end: int) -> Iterator[tuple[int, Trained]]:
        """Train from step `start` to step `end`."""
        for step in range(start, end):
            # It stays on the device, so that the host reads the next batch while this one trains.
            batch = program.step(*next(self._batches), self.factors[step])
            probes = [(step + 1, *program.probe())] if self.probed[step] else []
            yield step + 1, Trained(batch[None], probes)

    def logits(self, program: Program, split: str) -> np.ndarray:
        """Unscaled logits z of a split."""
        batches = self.stream.evaluation(split, IMAGES_OF_A_CALL)
        return np.concatenate([program.infer(images) for images in batches])


def new_feed(training: Training, dataset: Dataset) -> Feed:
    """The feed of a data set."""
    return StreamFeed(training, dataset) if dataset.stream else ResidentFeed(training, dataset)
