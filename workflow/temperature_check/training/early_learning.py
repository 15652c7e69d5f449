"""The engine of experiments on early learning, which records how far a run is from its start."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from temperature_check.dynamics.events import kernel_change, kernel_products, probe_vectors
from temperature_check.dynamics.initialization import LinearizedInitialization, ShiftedInitialization
from temperature_check.dynamics.kernel import EmpiricalKernel
from temperature_check.training import engine
from temperature_check.training.engine import network_inputs
from temperature_check.training.plan import weight_seed

if TYPE_CHECKING:
    from temperature_check.data import Dataset
    from temperature_check.study import EngineSettings, Training

VECTOR_SEED = 0


class Engine(engine.Engine):
    """An engine that records logits z on the batch, batch norm in training mode, and the relative change of the kernel.

    The change, docs/theory.md, equation (17), is that of Θv for `kernel_vectors` random v, the same in every run; with
    none it is not recorded.
    """

    points_of_octave = 3

    def __init__(self, training: Training, dataset: Dataset, settings: EngineSettings):
        super().__init__(training, dataset, settings)
        used = dataset.first(training.examples)
        self.labels = used.labels["train"]
        self.inputs = network_inputs(used, len(self.labels))
        self.new_network = lambda: self._initialization(used, len(self.labels)).network
        self.kernel = EmpiricalKernel(self.initialization.network, self.inputs, training=True)
        self.vectors = probe_vectors(self.kernel, training.kernel_vectors, VECTOR_SEED)

    def independent_weights(self, seed: int) -> list[np.ndarray]:
        """Weights of two copies with independent last layers, c = 0."""
        return self.initialization.independent_weights(weight_seed(seed))

    def _initialization(self, dataset: Dataset, probe_size: int):
        if self.training.initialization == "shifted":
            initialization = ShiftedInitialization(self._builder(dataset), network_inputs(dataset, probe_size))
        else:
            initialization = super()._initialization(dataset, probe_size)
        return LinearizedInitialization(initialization) if self.training.linearized else initialization

    def _start_recording(self) -> None:
        self._logits, self._changes = [], []
        self._initial = self._products()
        self._record()

    def _record(self) -> None:
        self._logits.append(self.kernel.logits(self.initialization.network.get_weights()))
        if len(self.vectors):
            self._changes.append(kernel_change(self._products(), self._initial))

    def _recorded(self) -> dict[str, np.ndarray]:
        """`logits`, of shape [points, n, K], and, if measured, `kernel_change`, of shape [points]."""
        changes = {"kernel_change": self._changes} if self._changes else {}
        return {"logits": self._logits} | changes

    def _restore_recorded(self, recorded: dict[str, list]) -> None:
        self._logits, self._changes = recorded["logits"], recorded.get("kernel_change", [])

    def _products(self) -> np.ndarray | list:
        if not len(self.vectors):
            return []
        return kernel_products(self.kernel, self.initialization.network.get_weights(), self.vectors)
