"""Recorder of the experiments on early learning: how far a run is from its start."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from temperature_check.base.seeds import PROBE_VECTORS
from temperature_check.theory.events import kernel_change, kernel_products, probe_vectors
from temperature_check.theory.kernel import EmpiricalKernel
from temperature_check.training.inputs import network_inputs

if TYPE_CHECKING:
    import keras

    from temperature_check.data.dataset import Dataset
    from temperature_check.study.recipe import Training


class Recorder:
    """Records logits z on the batch, with batch norm in training mode, and the relative change of the kernel.

    The change, docs/theory.md, equation (17), is that of Θv for `kernel_vectors` random v, which are the same in every
    run. It is not recorded if there are no vectors.

    inputs, labels: the batch. kernel: the kernel of the network on the batch.
    """

    def __init__(self, network: keras.Model, dataset: Dataset, training: Training):
        self.network, self._examples = network, training.kernel_examples
        self._take(dataset)
        self.kernel = EmpiricalKernel(network, self.inputs, training=True)
        self.vectors = probe_vectors(self.kernel, training.kernel_vectors, PROBE_VECTORS)

    def use(self, dataset: Dataset) -> None:
        """Measure the network on the training examples of another data set, whose batch has the same size."""
        self._take(dataset)
        self.kernel.use(self.inputs)

    @staticmethod
    def stops(steps: list[int]) -> list[int]:
        """All steps after which the run is probed."""
        return steps

    def start(self) -> None:
        """Begin a new run, and record its start."""
        self._logits, self._changes = [], []
        self._initial = self._products()
        self.record()

    def record(self) -> None:
        """Record the run at its current step."""
        self._logits.append(self.kernel.logits(self.network.get_weights()))
        if len(self.vectors):
            self._record_change()

    def recorded(self) -> dict[str, list]:
        """`logits`, of shape [points, n, K], and, if measured, `kernel_change`, of shape [points]."""
        changes = {"kernel_change": self._changes} if self._changes else {}
        return {"logits": self._logits} | changes

    def restore(self, recorded: dict[str, list]) -> None:
        """Restore what `recorded` returned when the run was saved."""
        self._logits, self._changes = recorded["logits"], recorded.get("kernel_change", [])

    def _take(self, dataset: Dataset) -> None:
        self.labels = dataset.labels["train"][: self._examples]
        self.inputs = network_inputs(dataset, len(self.labels))

    def _record_change(self) -> None:
        self._changes.append(kernel_change(self._products(), self._initial))

    def _products(self) -> np.ndarray | list:
        if not len(self.vectors):
            return []
        return kernel_products(self.kernel, self.network.get_weights(), self.vectors)
