"""The training stage, which trains runs that the store lacks and writes the table of a shard."""

from __future__ import annotations

import importlib
import logging
import platform
import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from datetime import timedelta
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from temperature_check.base.errors import UserError
from temperature_check.base.files import write_text
from temperature_check.base.fingerprint import closure
from temperature_check.base.record import Record
from temperature_check.base.slots import claim_cores
from temperature_check.runs.checkpoints import Checkpoints
from temperature_check.runs.columns import RUN
from temperature_check.runs.key import key_of, made_of
from temperature_check.runs.store import Store
from temperature_check.runs.variants import Smoothed
from temperature_check.training import backend
from temperature_check.training.modules import modules

if TYPE_CHECKING:
    from temperature_check.data.dataset import Dataset
    from temperature_check.data.file import PreparedData
    from temperature_check.runs.run import Run
    from temperature_check.study.engine import EngineSettings
    from temperature_check.study.recipe import Training
    from temperature_check.training.engine import Engine

log = logging.getLogger(__name__)
ENGINE = "training.engine"
SECONDS_BETWEEN_REPORTS = 10
PACKAGES = {"all": ("keras", "numpy", "scipy"), "tensorflow": ("tensorflow",), "jax": ("jax", "jaxlib")}
"""By backend, the libraries that compute; TensorFlow decodes streamed images whatever the backend."""


class Trainer:
    """Trains runs of one task and phase, or finds them in the store. Its data are read when it first trains.

    engine: the name of the module whose engine trains.
    """

    def __init__(
        self,
        training: Training,
        data: PreparedData,
        settings: EngineSettings,
        store: Store,
        engine: str = ENGINE,
    ):
        self.training, self.data, self.settings, self.store = training, data, settings, store
        self._module, self._origin = engine, run_origin(training, data.streamed, settings, engine)
        self._engines: dict[Training, Engine] = {}

    def made_of(self, run: Run) -> dict:
        """Everything that determines the run's numbers: what its key is made of."""
        origin = {"data": self.data.fingerprint(run.seed), **self._origin}
        return made_of(run, self._training(run).lasting(run.length).resolved(), origin)

    def key(self, run: Run) -> str:
        """The key of the run."""
        return key_of(self.made_of(run))

    def missing(self, runs: Iterable[Run]) -> list[Run]:
        """The runs that the store lacks. Raises UserError if a stored one is damaged."""
        return [run for run in runs if not self.store.has(self.key(run))]

    def train(self, runs: list[Run], highest_beta: float | None = None) -> int:
        """Train the runs that the store lacks and return their number. Each is stored when it is finished.

        highest_beta: if given, raises UserError for a ‖Z0‖ that is unreachable even at this β.
        """
        missing = self.missing(runs)
        log.info("%s of %s runs are in the store, %s to train", len(runs) - len(missing), len(runs), len(missing))
        if missing and highest_beta:
            self._refuse_unreachable(missing, highest_beta)
        # Runs of one seed share the weights that it draws.
        for run in _with_progress(sorted(missing, key=lambda run: run.seed)):
            self.record(run)
        return len(missing)

    def record(self, run: Run) -> Record:
        """The record of a run from the store. If it is missing, the run is trained and stored first."""
        if not self.store.has(key := self.key(run)):
            checkpoints = Checkpoints(self.store.checkpoints(key), self.settings.checkpoint_minutes)
            self.store.write(key, self.train_one(run, checkpoints))
            checkpoints.clear()
        return self.store.read(key)

    def train_one(self, run: Run, checkpoints: Checkpoints | None = None) -> Record:
        """Train a run, whether it is in the store or not. The record has everything that determines its numbers."""
        record = self._engine(self._training(run), run.seed).train(run, checkpoints)
        about = {"run": asdict(run), "dataset": self.data.name, "made_of": self.made_of(run)}
        return Record(record.arrays, record.facts | about)

    def engine(self, beta: float, seed: int) -> Engine:
        """The compiled engine of runs at β, one per precision, on the data of a seed.

        The first call loads the backend and the data.
        """
        return self._engine(self.training.at(beta), seed)

    def _engine(self, training: Training, seed: int) -> Engine:
        dataset = self.data.load(seed)
        if training not in self._engines:
            self._engines[training] = new_engine(training, dataset, self.settings, self._module)
        self._engines[training].use(dataset)
        return self._engines[training]

    def _training(self, run: Run) -> Training:
        """The settings of a run before its length is known."""
        training = self.training.at(run.beta)
        if not isinstance(run, Smoothed):
            return training
        return training.model_copy(update={"label_smoothing": run.label_smoothing})

    def _refuse_unreachable(self, runs: list[Run], beta: float) -> None:
        norms = sorted({run.z0 for run in runs if run.z0 is not None})
        if not norms:
            return
        # Each seed may have other data, which are therefore loaded once.
        largest = max(self.engine(beta, seed).largest_norm(beta, seed) for seed in {run.seed for run in runs})
        for z0 in norms:
            if z0 > largest:
                raise UserError(
                    f"tasks.{runs[0].task}.grid.z0 = {z0:g}: no β of the grid reaches it (at most {largest:.3g}, at"
                    f" β = {beta:g}); leave it out or raise β"
                )


def new_engine(training: Training, dataset: Dataset, settings: EngineSettings, engine: str = ENGINE) -> Engine:
    """An engine of module `engine`, on cores of its own. Raises UserError if the required GPU is missing."""
    claim_cores(settings.threads)
    try:
        device = backend.use(settings)
    except backend.NoGPU as error:
        raise UserError(
            f"engine.device = 'gpu': {error} sees no GPU here; ask for a job with one, install {error} with its"
            " support for GPUs, or set engine.device to cpu"
        ) from error
    # This imports Keras, whose backend is set only now.
    module = importlib.import_module(f"temperature_check.{engine}")
    return module.Engine(training, dataset, settings, device)


def run_origin(training: Training, streamed: bool, settings: EngineSettings, engine: str = ENGINE) -> dict:
    """What determines a run's numbers in addition to its data, training and own values, such as code and versions.

    streamed: whether its data are. engine: the module of its engine.
    """
    used = modules(training, settings.backend, streamed)._replace(engine=engine)
    packages = {*PACKAGES["all"], *PACKAGES[settings.backend], *(PACKAGES["tensorflow"] if used.stream else ())}
    origin = {
        "code": closure(*used.names()),
        **settings.for_key(),
        "deterministic": settings.deterministic or settings.device == "cpu",
        "machine": platform.machine(),
        "versions": {package: version(package) for package in sorted(packages)},
    }
    set_outside = backend.environment()
    return origin | {"environment": set_outside} if set_outside else origin


def write_shard(path: Path, runs: list[Run], trainer: Trainer) -> None:
    """Write the table of a shard, which has the values and the key of each run, but no results."""
    rows = [asdict(run) | {"key": trainer.key(run)} for run in runs]
    columns = [*dict.fromkeys([*RUN, *(rows[0] if rows else ["key"])])]
    write_text(path, pd.DataFrame(rows, columns=columns).to_csv(index=False))


def _with_progress(runs: list[Run]) -> Iterator[Run]:
    started = reported = time.monotonic()
    for done, run in enumerate(runs, start=1):
        yield run
        now = time.monotonic()
        if done in (1, len(runs)) or now - reported >= SECONDS_BETWEEN_REPORTS:
            reported, each = now, (now - started) / done
            left = timedelta(seconds=round(each * (len(runs) - done)))
            log.info("%s %s: %s/%s runs, %.2f s each, %s left", run.task, run.phase, done, len(runs), each, left)
