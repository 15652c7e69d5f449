"""The engine, which trains all runs of a phase with one compiled program, by the same steps on every backend."""

from __future__ import annotations

import importlib
import time
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from temperature_check.base.record import Record
from temperature_check.base.seeds import weight_seed
from temperature_check.networks.build import build_network
from temperature_check.training.feeds import new_feed
from temperature_check.training.history import SPLITS_READ, recorded_steps
from temperature_check.training.inputs import network_inputs
from temperature_check.training.modules import modules
from temperature_check.training.progress import Progress

if TYPE_CHECKING:
    from types import ModuleType

    import keras

    from temperature_check.data.dataset import Dataset
    from temperature_check.runs.checkpoints import Checkpoints
    from temperature_check.runs.run import Run
    from temperature_check.study.engine import EngineSettings
    from temperature_check.study.recipe import Training
    from temperature_check.training.backend import Program

PROBE_SIZE = 256
"""Number of training examples on which a run is probed, and on which ‖Z0‖ is set."""
NORM_TOLERANCE = 0.01
"""Largest allowed relative error of ‖Z0‖, which float32 rounds."""


class Engine:
    """Trains the runs of one task and phase on one data set with one program.

    device: the name that `training.backend.use` returned. It is recorded.
    """

    def __init__(self, training: Training, dataset: Dataset, settings: EngineSettings, device: str):
        self.training, self.device = training, device
        self._given, self._dataset = dataset, dataset.first(training.examples)
        self._modules = modules(training, settings.backend, dataset.stream is not None)
        self._probe_size = training.examples or PROBE_SIZE
        self.feed = new_feed(training, self._dataset)
        self.initialization = self._new_initialization()
        network = self.initialization.network
        self.program: Program = _load(self._modules.backend).Program(
            network, self._dataset, training, settings, self._probe_size
        )
        self.recorder = _load(self._modules.recorder).Recorder(network, self._dataset, training)

    def use(self, dataset: Dataset) -> None:
        """Take the examples of a data set whose splits have the sizes of the first one's. Nothing is compiled anew."""
        if dataset is self._given:
            return
        self._given, self._dataset = dataset, dataset.first(self.training.examples)
        self.program.use(self._dataset)
        self.initialization.use(self._probe())
        self.recorder.use(self._dataset)

    def train(self, run: Run, checkpoints: Checkpoints | None = None) -> Record:
        """Train one run to its end, or until a probe is not finite. The same run gives the same bits.

        checkpoints: if given, the run resumes from the newest one, and is saved during training.
        If ‖Z0‖ is unreachable, or not accurate to 1% in float32, the record has the status `unreachable` and no arrays.
        """
        self._started = time.perf_counter()
        history = self._fit(run, checkpoints) if self._start(run) else None
        if history is None:
            return Record({}, {"status": "unreachable", "z0_measured": None, "seconds": 0.0, "hardware": self.device})
        arrays = history | self._final_logits(run)
        finite = all(np.isfinite(array).all() for array in arrays.values())
        facts = {"status": "finished" if finite else "diverged", "z0_measured": float(history["history_logit_norm"][0])}
        if finite and "validation_logits" in arrays:
            facts["validation_accuracy"] = self._validation_accuracy(arrays["validation_logits"])
        return Record(arrays, facts | {"seconds": self._seconds(), "hardware": self.device})

    def largest_norm(self, beta: float, seed: int) -> float:
        """The largest initial logit norm ‖Z0‖ that a run at β with this seed can have."""
        return self.initialization.largest_norm(beta, weight_seed(seed))

    def start_weights(self, beta: float, z0: float | None, seed: int) -> list[np.ndarray] | None:
        """The weights that a run starts from; None if no network has this ‖Z0‖."""
        return self.initialization.weights(beta, z0, weight_seed(seed))

    def independent_weights(self, seed: int) -> list[np.ndarray]:
        """Weights of two copies with independent last layers, c = 0."""
        return self.initialization.independent_weights(weight_seed(seed))

    def new_network(self) -> keras.Model:
        """Another network like the one that is trained, in Keras's current default type."""
        return self._new_initialization().network

    def _new_initialization(self):
        training, dataset = self.training, self._dataset
        shape = dataset.inputs["train"].shape[1:]
        build = partial(build_network, training.model, shape, dataset.classes, dataset.vocabulary, training.precision)
        initialization = _load(self._modules.initialization).Initialization(build, self._probe())
        if self._modules.linearized:
            return _load(self._modules.linearized).Initialization(initialization)
        return initialization

    def _probe(self):
        return network_inputs(self._dataset, self._probe_size)

    def _start(self, run: Run) -> bool:
        weights = self.start_weights(run.beta, run.z0, run.seed)
        if weights is None:
            return False
        self.program.start(weights, run.beta, run.learning_rate)
        return run.z0 is None or abs(self.program.probe()[2] / run.z0 - 1) <= NORM_TOLERANCE

    def _fit(self, run: Run, checkpoints: Checkpoints | None) -> dict[str, np.ndarray]:
        self.recorder.start()
        saved = checkpoints.newest() if checkpoints else None
        progress, step = self._resume(saved) if saved else (Progress(self.program.probe()), 0)
        self.feed.start(run.seed, run.length, step)
        for reached in self._steps(progress, step):
            if checkpoints:
                checkpoints.save_when_due(partial(self._saved, reached, progress))
        recorded = {f"history_{name}": np.array(values) for name, values in self.recorder.recorded().items()}
        return progress.arrays(self.feed.steps_of_epoch) | recorded

    def _steps(self, progress: Progress, step: int) -> Iterator[int]:
        """Train from `step` on. Yields each step at which the run can be saved, when all of it is recorded."""
        probed = recorded_steps(self.training, self.feed.steps)
        for end in self.recorder.stops([probe for probe in probed if probe > step]):
            for reached, trained in self.feed.advance(self.program, step, end):
                progress.add(trained)
                if not progress.finite:
                    return
                if reached == end:
                    self.recorder.record()
                yield reached
            step = end

    def _saved(self, step: int, progress: Progress) -> Record:
        """The checkpoint of an unfinished run, for `_resume`."""
        state = {f"state_{index}": array for index, array in enumerate(self.program.state())}
        recorded = {f"recorded_{name}": np.array(values) for name, values in self.recorder.recorded().items()}
        return Record(progress.saved() | state | recorded, {"step": step, "seconds": self._seconds()})

    def _seconds(self) -> float:
        return time.perf_counter() - self._started

    def _resume(self, saved: Record) -> tuple[Progress, int]:
        arrays, prefix = saved.arrays, "recorded_"
        self._started -= saved.facts["seconds"]
        self.program.restore([arrays[f"state_{index}"] for index in range(sum("state_" in name for name in arrays))])
        self.recorder.restore(
            {name.removeprefix(prefix): list(array) for name, array in arrays.items() if name.startswith(prefix)}
        )
        return Progress.of(arrays), saved.facts["step"]

    def _validation_accuracy(self, logits: np.ndarray) -> float:
        return float(np.mean(logits.argmax(axis=-1) == self._dataset.labels["validation"]))

    def _final_logits(self, run: Run) -> dict[str, np.ndarray]:
        return {f"{split}_logits": self.feed.logits(self.program, split) for split in SPLITS_READ.get(run.phase, ())}


def _load(module: str) -> ModuleType:
    return importlib.import_module(f"temperature_check.{module}")
