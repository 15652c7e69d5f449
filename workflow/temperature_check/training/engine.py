"""The engine: trains run after run with one compiled program, by the same steps on every backend.

A backend is a module of this package with `use_threads(threads)`, called before it computes, and a class `Program`.
"""

from __future__ import annotations

import importlib
import itertools
import os
import time
from typing import TYPE_CHECKING, Protocol

import numpy as np

from temperature_check.record import Record

if TYPE_CHECKING:
    from temperature_check.data import Dataset
    from temperature_check.runs import Run
    from temperature_check.study import EngineSettings, Training

PROBE_SIZE = 256
EVEN_POINTS = 8
NORM_TOLERANCE = 0.01
STREAMS = ("weights", "order")
HISTORY = ("step", "loss", "accuracy", "logit_norm")
SPLITS_READ = {"tune": ("validation",), "report": ("validation", "test")}


class Program(Protocol):
    """What a backend offers: a network compiled once; its weights, optimizer state, β and η are values it is given."""

    def start(self, weights: list[np.ndarray], beta: float, learning_rate: float) -> None:
        """Set the weights, β and η, and clear the optimizer's state."""

    def advance(self, batches: np.ndarray) -> None:
        """One step of training for each row of `batches`: indices of training examples, int32 [steps, batch size]."""

    def probe(self) -> tuple[float, float, float]:
        """Loss, accuracy and ‖Z‖ per example on the probe, batch norm in training mode; changes nothing."""

    def logits(self, split: str) -> np.ndarray:
        """Unscaled logits z of a split, batch norm in inference mode; shape [examples, classes]."""


class Engine:
    """Trains the runs of one task and phase on one data set, all by one program.

    An engine that records more of a run than its loss has more `points_of_octave`, and methods of its own for
    `_start_recording`, `_record` and `_recorded`.
    """

    points_of_octave = 1

    def __init__(self, training: Training, dataset: Dataset, settings: EngineSettings):
        os.environ["KERAS_BACKEND"] = settings.backend
        backend = importlib.import_module(f"temperature_check.training.{settings.backend}")
        backend.use_threads(settings.threads)
        dataset = dataset.first(training.examples)
        self.training, self.examples = training, len(dataset.labels["train"])
        probe_size = training.examples or PROBE_SIZE
        self.initialization = self._initialization(dataset, probe_size)
        network = self.initialization.network
        self.program: Program = backend.Program(network, dataset, training.momentum, probe_size)

    def train(self, run: Run) -> Record:
        """Train one run to its end, or until its loss is not finite. The same run gives the same bits.

        A cell whose ‖Z0‖ cannot be had, or not to 1% in float32, gives a record of status `unreachable` without arrays.
        """
        started = time.perf_counter()
        history = self._fit(run) if self._start(run) else None
        if history is None:
            return Record({}, {"status": "unreachable", "z0_measured": None, "seconds": 0.0})
        arrays = history | self._final_logits(run)
        finite = all(np.isfinite(array).all() for array in arrays.values())
        facts = {"status": "finished" if finite else "diverged", "z0_measured": float(history["history_logit_norm"][0])}
        return Record(arrays, facts | {"seconds": time.perf_counter() - started})

    def largest_norm(self, beta: float, seed: int) -> float:
        """The largest initial logit norm ‖Z0‖ that a run at β with this seed can have."""
        return self.initialization.largest_norm(beta, weight_seed(seed))

    def start_weights(self, beta: float, z0: float | None, seed: int) -> list[np.ndarray] | None:
        """The weights that a run starts from; None where no network has this ‖Z0‖."""
        return self.initialization.weights(beta, z0, weight_seed(seed))

    def _start(self, run: Run) -> bool:
        weights = self.start_weights(run.beta, run.z0, run.seed)
        if weights is None:
            return False
        self.program.start(weights, run.beta, run.learning_rate)
        return run.z0 is None or abs(self.program.probe()[2] / run.z0 - 1) <= NORM_TOLERANCE

    def _fit(self, run: Run) -> dict[str, np.ndarray]:
        training = self.training
        batches = batch_indices(run.seed, self.examples, training.batch_size, training.epochs)
        self._start_recording()
        rows = [(0, *self.program.probe())]
        for start, end in itertools.pairwise(history_steps(len(batches), self.points_of_octave)):
            self.program.advance(batches[start:end])
            rows.append((end, *self.program.probe()))
            if not np.isfinite(rows[-1]).all():
                break
            self._record()
        history = dict(zip(HISTORY, zip(*rows), strict=True)) | self._recorded()
        return {f"history_{name}": np.array(column) for name, column in history.items()}

    def _start_recording(self) -> None:
        """A run is at its start."""

    def _record(self) -> None:
        """A run is at one of its recorded steps."""

    def _recorded(self) -> dict[str, np.ndarray]:
        """What `_record` gathered, by name; first axis: recorded steps."""
        return {}

    def _initialization(self, dataset: Dataset, probe_size: int):
        from temperature_check.training.initialization import INITIALIZATIONS

        probe = network_inputs(dataset, probe_size)
        return INITIALIZATIONS[self.training.initialization](self._builder(dataset), probe)

    def _builder(self, dataset: Dataset):
        from temperature_check.models import build_network

        shape = dataset.inputs["train"].shape[1:]
        return lambda: build_network(self.training.model, shape, dataset.classes, dataset.vocabulary)

    def _final_logits(self, run: Run) -> dict[str, np.ndarray]:
        return {f"{split}_logits": self.program.logits(split) for split in SPLITS_READ.get(run.phase, ())}


def network_inputs(dataset: Dataset, examples: int):
    """The first training examples, as networks are given them."""
    from temperature_check.training.inputs import standardization

    inputs = dataset.inputs["train"]
    return standardization(inputs)(inputs[:examples])


def random_stream(seed: int, purpose: str) -> np.random.Generator:
    """The random numbers of a seed for one purpose, independent of its other streams."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(STREAMS.index(purpose),)))


def batch_indices(seed: int, examples: int, batch_size: int, epochs: int) -> np.ndarray:
    """The examples of each step, a new permutation every epoch, the same for equal seeds; int32 [steps, batch size]."""
    stream, steps = random_stream(seed, "order"), examples // batch_size
    orders = [stream.permutation(examples)[: steps * batch_size] for _ in range(epochs)]
    return np.concatenate(orders).reshape(-1, batch_size).astype(np.int32)


def history_steps(total: int, points_of_octave: int = 1) -> list[int]:
    """The steps after which a run is probed: powers of two, and a few spread evenly over all; first 0, last `total`.

    points_of_octave: steps, evenly spread in the logarithm, for each power of two.

    >>> history_steps(8), history_steps(8, points_of_octave=2)
    ([0, 1, 2, 3, 4, 5, 6, 7, 8], [0, 1, 2, 3, 4, 5, 6, 7, 8])
    """
    powers = (round(2 ** (point / points_of_octave)) for point in itertools.count())
    even = (round(total * part / EVEN_POINTS) for part in range(EVEN_POINTS + 1))
    return sorted({*itertools.takewhile(lambda step: step < total, powers), *even})


def weight_seed(seed: int) -> int:
    return int(random_stream(seed, "weights").integers(2**31))
