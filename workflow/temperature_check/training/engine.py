"""The engine: trains run after run with one compiled program, by the same steps on every backend.

A backend is a module of this package with `use_device(settings)`, called before it computes, and a class `Program`.
"""

from __future__ import annotations

import importlib
import itertools
import os
import time
from functools import partial
from typing import TYPE_CHECKING, Protocol

import numpy as np

from temperature_check.record import Record
from temperature_check.training.plan import weight_seed

if TYPE_CHECKING:
    from temperature_check.data import Dataset
    from temperature_check.runs import Run
    from temperature_check.study import EngineSettings, Training
    from temperature_check.training.checkpoints import Checkpoints
    from temperature_check.training.plan import Plan

PROBE_SIZE = 256
EVEN_POINTS = 8
NORM_TOLERANCE = 0.01
HISTORY = ("step", "loss", "accuracy", "logit_norm")
SPLITS_READ = {"tune": ("validation",), "report": ("validation", "test")}


class Program(Protocol):
    """What a backend offers: a network compiled once; its weights, optimizer state, β and η are values it is given."""

    def start(self, weights: list[np.ndarray], beta: float, learning_rate: float) -> None:
        """Set the weights, β and η, and clear the optimizer's state."""

    def advance(self, plan: Plan) -> None:
        """All steps of `plan`, of which there are at most STEPS_OF_A_CALL, on the training examples of the data set."""

    def step(self, inputs: np.ndarray, labels: np.ndarray, factor: float) -> None:
        """One step on a batch that is given, at `factor` times η."""

    def probe(self) -> tuple[float, float, float]:
        """Loss, accuracy and ‖Z‖ per example on the probe, batch norm in training mode; changes nothing."""

    def logits(self, split: str) -> np.ndarray:
        """Unscaled logits z of a split, batch norm in inference mode; shape [examples, classes]."""

    def infer(self, inputs: np.ndarray) -> np.ndarray:
        """Unscaled logits z of inputs that are given, batch norm in inference mode."""

    def state(self) -> list[np.ndarray]:
        """All that steps change: weights, moving averages, the optimizer's state."""

    def restore(self, state: list[np.ndarray]) -> None:
        """Take over what `state` gave, of a run with the same β and η."""


class Engine:
    """Trains the runs of one task and phase on one data set, all by one program.

    An engine that records more of a run than its loss has more `points_of_octave`, and methods of its own for
    `_start_recording`, `_record` and `_recorded`.
    """

    points_of_octave = 1

    def __init__(self, training: Training, dataset: Dataset, settings: EngineSettings):
        os.environ["KERAS_BACKEND"] = settings.backend
        backend = importlib.import_module(f"temperature_check.training.{settings.backend}")
        self.device = backend.use_device(settings)
        # Loads Keras, whose backend is settled only now.
        from temperature_check.training.feeds import new_feed

        dataset = dataset.first(training.examples)
        self.training, self.feed = training, new_feed(training, dataset)
        probe_size = training.examples or PROBE_SIZE
        self.initialization = self._initialization(dataset, probe_size)
        network = self.initialization.network
        self.program: Program = backend.Program(network, dataset, training, settings, probe_size)

    def train(self, run: Run, checkpoints: Checkpoints | None = None) -> Record:
        """Train one run to its end, or until its loss is not finite. The same run gives the same bits.

        checkpoints: where given, the run goes on from the newest, and is saved as it goes.
        A cell whose ‖Z0‖ cannot be had, or not to 1% in float32, gives a record of status `unreachable` without arrays.
        """
        self._started = time.perf_counter()
        history = self._fit(run, checkpoints) if self._start(run) else None
        if history is None:
            return Record({}, {"status": "unreachable", "z0_measured": None, "seconds": 0.0, "hardware": self.device})
        arrays = history | self._final_logits(run)
        finite = all(np.isfinite(array).all() for array in arrays.values())
        facts = {"status": "finished" if finite else "diverged", "z0_measured": float(history["history_logit_norm"][0])}
        return Record(arrays, facts | {"seconds": self._seconds(), "hardware": self.device})

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

    def _fit(self, run: Run, checkpoints: Checkpoints | None) -> dict[str, np.ndarray]:
        self._start_recording()
        saved = checkpoints.newest() if checkpoints else None
        rows, step = self._resume(saved) if saved else ([(0, *self.program.probe())], 0)
        self.feed.start(run.seed, step)
        for end in history_steps(self.feed.steps, self.points_of_octave)[len(rows) :]:
            for reached in self.feed.advance(self.program, step, end):
                if checkpoints:
                    checkpoints.save_when_due(partial(self._saved, reached, rows))
            step = end
            rows.append((end, *self.program.probe()))
            if not np.isfinite(rows[-1]).all():
                break
            self._record()
        history = dict(zip(HISTORY, zip(*rows), strict=True)) | self._recorded()
        return {f"history_{name}": np.array(column) for name, column in history.items()}

    def _saved(self, step: int, rows: list[tuple]) -> Record:
        """A run in the middle, as `_resume` takes it."""
        state = {f"state_{index}": array for index, array in enumerate(self.program.state())}
        recorded = {f"recorded_{name}": np.array(values) for name, values in self._recorded().items()}
        return Record({"rows": np.array(rows), **state, **recorded}, {"step": step, "seconds": self._seconds()})

    def _seconds(self) -> float:
        return time.perf_counter() - self._started

    def _resume(self, saved: Record) -> tuple[list[tuple], int]:
        arrays = saved.arrays
        self._started -= saved.facts["seconds"]
        self.program.restore([arrays[f"state_{index}"] for index in range(sum("state_" in name for name in arrays))])
        prefix = "recorded_"
        self._restore_recorded(
            {name.removeprefix(prefix): list(array) for name, array in arrays.items() if name.startswith(prefix)}
        )
        return [(int(row[0]), *row[1:].tolist()) for row in arrays["rows"]], saved.facts["step"]

    def _start_recording(self) -> None:
        """A run is at its start."""

    def _record(self) -> None:
        """A run is at one of its recorded steps."""

    def _recorded(self) -> dict[str, np.ndarray]:
        """What `_record` gathered, by name; first axis: recorded steps."""
        return {}

    def _restore_recorded(self, recorded: dict[str, list]) -> None:
        """Take over what `_recorded` gave when the run was saved."""

    def _initialization(self, dataset: Dataset, probe_size: int):
        from temperature_check.training.initialization import INITIALIZATIONS

        probe = network_inputs(dataset, probe_size)
        return INITIALIZATIONS[self.training.initialization](self._builder(dataset), probe)

    def _builder(self, dataset: Dataset):
        from temperature_check.models import build_network

        shape = dataset.inputs["train"].shape[1:]
        training = self.training
        return lambda: build_network(training.model, shape, dataset.classes, dataset.vocabulary, training.precision)

    def _final_logits(self, run: Run) -> dict[str, np.ndarray]:
        return {f"{split}_logits": self.feed.logits(self.program, split) for split in SPLITS_READ.get(run.phase, ())}


def network_inputs(dataset: Dataset, examples: int):
    """The first training examples, as networks are given them."""
    from temperature_check.training.inputs import standardization

    inputs = dataset.inputs["train"]
    return standardization(inputs)(inputs[:examples])


def history_steps(total: int, points_of_octave: int = 1) -> list[int]:
    """The steps after which a run is probed: powers of two, and a few spread evenly over all; first 0, last `total`.

    points_of_octave: steps, evenly spread in the logarithm, for each power of two.

    >>> history_steps(8), history_steps(8, points_of_octave=2)
    ([0, 1, 2, 3, 4, 5, 6, 7, 8], [0, 1, 2, 3, 4, 5, 6, 7, 8])
    """
    powers = (round(2 ** (point / points_of_octave)) for point in itertools.count())
    even = (round(total * part / EVEN_POINTS) for part in range(EVEN_POINTS + 1))
    return sorted({*itertools.takewhile(lambda step: step < total, powers), *even})
