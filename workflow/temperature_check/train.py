"""The training stage: the runs of a shard, those that the store lacks trained, all of them listed in a table."""

from __future__ import annotations

import importlib
import logging
import platform
import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from temperature_check.errors import unreachable_norm
from temperature_check.files import write_text
from temperature_check.fingerprint import training_fingerprint
from temperature_check.record import Record
from temperature_check.store import Store
from temperature_check.training.checkpoints import Checkpoints
from temperature_check.training.cores import claim_cores

if TYPE_CHECKING:
    from temperature_check.data import Dataset
    from temperature_check.runs import Run
    from temperature_check.study import EngineSettings, Training
    from temperature_check.training.engine import Engine

log = logging.getLogger(__name__)
SECONDS_BETWEEN_REPORTS = 10
PACKAGES = {"tensorflow": ("tensorflow",), "jax": ("jax", "jaxlib")}


class Trainer:
    """Trains runs of one task and phase, or finds them in the store."""

    def __init__(self, training: Training, dataset: Dataset, settings: EngineSettings, store: Store):
        self.training, self.dataset, self.settings, self.store = training, dataset, settings, store
        self.origin = run_origin(training, dataset, settings)
        self._engines: dict[Training, Engine] = {}

    def key(self, run: Run) -> str:
        """The address of the run in the store: a digest of all that determines its numbers."""
        return run.key({"task": self.training.at(run.beta).model_dump(mode="json"), **self.origin})

    def missing(self, runs: Iterable[Run]) -> list[Run]:
        """The runs that the store lacks. Raises UserError where a stored one is damaged."""
        return [run for run in runs if not self.store.has(self.key(run))]

    def train(self, runs: list[Run], highest_beta: float | None = None) -> int:
        """Train the runs that the store lacks and return how many there were; each is kept once it is finished.

        highest_beta: where given, a ‖Z0‖ that cannot be reached even at this β is a UserError.
        """
        missing = self.missing(runs)
        log.info("%s of %s runs are in the store, %s to train", len(runs) - len(missing), len(runs), len(missing))
        if missing and highest_beta:
            _refuse_unreachable(self.engine(highest_beta), missing, highest_beta)
        for run in _with_progress(missing):
            self.record(run)
        return len(missing)

    def record(self, run: Run) -> Record:
        """The record of a run: from the store, or else trained and kept."""
        if not self.store.has(key := self.key(run)):
            checkpoints = Checkpoints(self.store.checkpoints(key), self.settings.checkpoint_minutes)
            self.store.write(key, self.train_one(run, checkpoints))
            checkpoints.clear()
        return self.store.read(key)

    def train_one(self, run: Run, checkpoints: Checkpoints | None = None) -> Record:
        """Train a run, whether it is in the store or not; the record states where its numbers come from."""
        record = self.engine(run.beta).train(run, checkpoints)
        return Record(record.arrays, record.facts | self.origin | {"run": asdict(run)})

    def engine(self, beta: float) -> Engine:
        """The compiled engine of runs at β, on cores of its own. Loads the backend."""
        training = self.training.at(beta)
        if training not in self._engines:
            claim_cores(self.settings.threads)
            module = importlib.import_module(f"temperature_check.training.{training.engine}")
            self._engines[training] = module.Engine(training, self.dataset, self.settings)
        return self._engines[training]


def run_origin(training: Training, dataset: Dataset, settings: EngineSettings) -> dict:
    """What determines a run's numbers beside its task and its own values: data, code, backend, versions, threads."""
    packages = ("keras", "numpy", *PACKAGES[settings.backend])
    return {
        "data": dataset.fingerprint(),
        "code": training_fingerprint(settings.backend, training.engine),
        "backend": settings.backend,
        "device": settings.device,
        "deterministic": settings.deterministic or settings.device == "cpu",
        "threads": settings.threads,
        "machine": platform.machine(),
        "versions": {package: version(package) for package in packages},
    }


def write_shard(path: Path, runs: list[Run], trainer: Trainer) -> None:
    """Write the table of a shard: the values and the key of each run, nothing of its numbers."""
    rows = [asdict(run) | {"key": trainer.key(run)} for run in runs]
    columns = ["task", "phase", "beta", "z0", "scaled_learning_rate", "seed", "key"]
    write_text(path, pd.DataFrame(rows, columns=columns).to_csv(index=False))


def starting_scales(trainer: Trainer, runs: list[Run]) -> pd.DataFrame:
    """Time scales at the starts of runs, by the networks that would train them."""
    engine = trainer.engine(max((run.beta for run in runs), default=1.0))
    from temperature_check.dynamics import start

    return start.starting_scales(engine, runs).assign(dataset=trainer.dataset.name)


def _refuse_unreachable(engine: Engine, runs: list[Run], beta: float) -> None:
    for z0 in sorted({run.z0 for run in runs if run.z0 is not None}):
        largest = max(engine.largest_norm(beta, seed) for seed in {run.seed for run in runs})
        if z0 > largest:
            raise unreachable_norm(runs[0].task, z0, f" (at most {largest:.3g}, at β = {beta:g})")


def _with_progress(runs: list[Run]) -> Iterator[Run]:
    started = reported = time.monotonic()
    for done, run in enumerate(runs, start=1):
        yield run
        now = time.monotonic()
        if done in (1, len(runs)) or now - reported >= SECONDS_BETWEEN_REPORTS:
            reported, each = now, (now - started) / done
            left = _clock(each * (len(runs) - done))
            log.info("%s %s: %s/%s runs, %.2f s each, %s left", run.task, run.phase, done, len(runs), each, left)


def _clock(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"
