"""The recorder of the sweep, which records nothing in addition to the loss."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import keras

    from temperature_check.data.dataset import Dataset
    from temperature_check.study.recipe import Training


class Recorder:
    """Records nothing. The recorder in `kernel_recorder` has the same methods and records more.

    A recorder measures a network at its current weights, at the steps at which the run is probed.
    """

    def __init__(self, network: keras.Model, dataset: Dataset, training: Training):
        pass

    def use(self, dataset: Dataset) -> None:
        """Measure the network on the training examples of another data set."""

    @staticmethod
    def stops(steps: list[int]) -> list[int]:
        """The steps at which `record` must be called, of those after which the run is probed."""
        return steps[-1:]

    def start(self) -> None:
        """Begin a new run, and record its start."""

    def record(self) -> None:
        """Record the run at its current step."""

    def recorded(self) -> dict[str, list[np.ndarray]]:
        """What was recorded, by name; first axis: recorded steps."""
        return {}

    def restore(self, recorded: dict[str, list[np.ndarray]]) -> None:
        """Restore what `recorded` returned when the run was saved."""
