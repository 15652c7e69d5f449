"""Speeds of training, from finished runs, from measurements on this machine, or from a file of another machine."""

from __future__ import annotations

import functools
import importlib
import logging
import math
import os
import statistics
import time
import timeit
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pandas as pd

from temperature_check.base.digest import digest
from temperature_check.base.errors import UserError
from temperature_check.base.files import write_text
from temperature_check.base.record import Record
from temperature_check.data.synthetic import synthetic_dataset
from temperature_check.runs.run import Run
from temperature_check.training.history import SPLITS_READ, is_experiment, recorded_steps
from temperature_check.training.plan import steps_of_epoch
from temperature_check.training.trainer import new_engine

if TYPE_CHECKING:
    from temperature_check.study.data import DataSettings
    from temperature_check.study.engine import EngineSettings
    from temperature_check.study.phases import Phase
    from temperature_check.study.recipe import Training
    from temperature_check.training.engine import Engine

log = logging.getLogger(__name__)
LARGEST_SPLIT = 1024
SECONDS_OF_A_MEASUREMENT = 1.0
NUMBERS_OF_STEPS = (1, 4, 16, 64, 256)
TIMED_BY = ("history_step",)
"""The arrays of records from which `recorded_speed` takes their speed."""
SOURCES = {"records": "finished runs", "calibration": "measured on random data"}


@dataclass(frozen=True)
class Speed:
    """The speed at which the runs of a task and phase are trained.

    steps_per_second: mean over a whole run, including its records and its final logits.
    start_seconds: time in which a job loads the backend, builds the network and compiles; None if not measured.
    settings: digest of everything except the device that affects speed.
    source: a key of SOURCES.
    """

    task: str
    phase: str
    steps_per_second: float
    start_seconds: float | None
    device: str
    settings: str
    source: str


def speed_settings(phase: Phase) -> str:
    """Hash of everything that affects speed.

    It covers the training settings except the number of epochs, the shape of the inputs, and the engine.
    """
    example = phase.data.example
    inputs = [*example.shape, example.dtype, example.values]
    trained = {name: value for name, value in phase.training.resolved().items() if name != "epochs"}
    return digest({"training": trained, "inputs": inputs, "engine": phase.study.engine.for_key()}, length=8)


def steps_of(phase: Phase) -> int:
    """Number of steps of a run that does not diverge."""
    training = phase.training
    return training.epochs * steps_of_epoch(training.examples or phase.data.train, training.batch_size)


def write_speeds(path: Path, speeds: Iterable[Speed]) -> None:
    """Write speeds as CSV, for `read_speeds` on another machine."""
    write_text(path, pd.DataFrame([asdict(speed) for speed in speeds]).to_csv(index=False))


def read_speeds(path: Path) -> list[Speed]:
    """Speeds that `write_speeds` wrote. Raises UserError if the file is missing or is another one."""
    try:
        return [_speed(row) for row in pd.read_csv(path, dtype=str, keep_default_na=False).to_dict("records")]
    except (OSError, TypeError, ValueError, KeyError) as error:
        columns = ", ".join(field.name for field in fields(Speed))
        raise UserError(
            f"{path}: not a file of speeds, with the columns {columns}; write one with --write-speeds"
        ) from error


def _speed(row: dict[str, str]) -> Speed:
    start = float(row["start_seconds"]) if row["start_seconds"] else None
    speed = Speed(**row | {"steps_per_second": float(row["steps_per_second"]), "start_seconds": start})
    if speed.source not in SOURCES or not 0 < speed.steps_per_second < math.inf:
        raise ValueError("no speed")
    return speed


def given_speed(speeds: Iterable[Speed], phase: Phase, path: Path) -> Speed:
    """The speed of a phase in the file `path`. Raises UserError if the file has none for its current settings."""
    found = [speed for speed in speeds if (speed.task, speed.phase) == (phase.task_name, phase.name)]
    remedy = "measure it with --calibrate --write-speeds on the machine that trains"
    if not found:
        raise UserError(f"{path}: no speed of task {phase.task_name} in phase {phase.name}; {remedy}")
    if found[0].settings != speed_settings(phase):
        raise UserError(
            f"{path}: task {phase.task_name} in phase {phase.name} was measured with other settings; {remedy}"
        )
    return found[0]


def recorded_speed(phase: Phase, records: Iterable[Record]) -> Speed | None:
    """The median speed of finished runs; None if none is finished."""
    finished = [record for record in records if record.facts["status"] == "finished"]
    if not finished:
        return None
    rates = [record.arrays["history_step"][-1] / record.facts["seconds"] for record in finished]
    return _new_speed(phase, statistics.median(rates), None, finished[0].facts["hardware"], "records")


def calibrated_speed(phase: Phase, typical: dict[Run, float]) -> Speed:
    """The speed of a phase on this machine, measured on random data.

    typical: typical runs, with the share of the phase that each represents.
    Raises UserError if the ‖Z0‖ of one is unreachable.
    """
    steps, splits = steps_of(phase), SPLITS_READ.get(phase.name, ())
    measured = {run: _measured(phase.training, phase.data, phase.study.engine, run, steps) for run in typical}
    seconds = sum(share * measured[run].seconds(splits) for run, share in typical.items())
    start = sum(share * measured[run].start for run, share in typical.items())
    return _new_speed(phase, steps / seconds, start, next(iter(measured.values())).device, "calibration")


def _new_speed(phase: Phase, steps_per_second: float, start: float | None, device: str, source: str) -> Speed:
    settings = speed_settings(phase)
    return Speed(phase.task_name, phase.name, float(steps_per_second), start, device, settings, source)


class Measurement(NamedTuple):
    """Seconds for the start of a job, for the training of a run, and for its final logits of each split."""

    device: str
    start: float
    training: float
    evaluation: dict[str, float]

    def seconds(self, splits: Iterable[str]) -> float:
        """Seconds for a run whose final logits of these splits are computed."""
        return self.training + sum(self.evaluation[split] for split in splits)


@functools.cache
def _measured(training: Training, data: DataSettings, settings: EngineSettings, run: Run, steps: int) -> Measurement:
    log.info("calibrating %s %s", run.task, run.phase)
    loading = _loading_seconds(settings.backend)
    started = time.perf_counter()
    dataset = synthetic_dataset(data, max(LARGEST_SPLIT, training.batch_size))
    engine = new_engine(training.at(run.beta), dataset, settings)
    built = time.perf_counter() - started
    measure = _measure_experiment if is_experiment(training) else _measure_sweep
    compiling, trained, evaluation = measure(engine, run, steps)
    sizes = {split: data.sizes[split] / len(labels) for split, labels in dataset.labels.items()}
    evaluation = {split: seconds * sizes[split] for split, seconds in evaluation.items()}
    return Measurement(engine.device, loading + built + compiling, trained, evaluation)


@functools.cache
def _loading_seconds(backend: str) -> float:
    os.environ["KERAS_BACKEND"] = backend
    return _elapsed(lambda: importlib.import_module(f"temperature_check.training.{backend}"))


def _measure_sweep(engine: Engine, run: Run, steps: int) -> tuple[float, float, dict[str, float]]:
    """Measure compilation, steps, probes and evaluation separately, because a whole run would take too long."""
    program, weights = engine.program, engine.start_weights(run.beta, run.z0, run.seed)
    if weights is None:
        raise _without_start(run)
    program.start(weights, run.beta, run.learning_rate)
    engine.feed.start(run.seed, run.length, 0)
    evaluations = {split: functools.partial(engine.feed.logits, program, split) for split in SPLITS_READ["report"]}
    recorded = engine.recorder.start, engine.recorder.record
    parts = (program.probe, lambda: _advance(engine, 1), *recorded, *evaluations.values())
    compiling = sum(map(_elapsed, parts))
    probe = _repeated(program.probe)
    training = steps * _step_seconds(engine, probe) + len(recorded_steps(engine.training, steps)) * probe
    training += sum(map(_repeated, recorded))
    return compiling, training, {split: _repeated(part) for split, part in evaluations.items()}


def _measure_experiment(engine: Engine, run: Run, steps: int) -> tuple[float, float, dict[str, float]]:
    """Measure a whole run, because experiments have few steps and record much at many of them."""
    first = _elapsed(lambda: engine.train(run))
    facts = engine.train(run).facts
    if facts["status"] != "finished":
        raise _without_start(run)
    return first - facts["seconds"], facts["seconds"], {}


def _step_seconds(engine: Engine, probe: float) -> float:
    """Seconds per step without its probes, whose time is known, over enough steps to be measured."""
    probed = recorded_steps(engine.training, engine.feed.steps)
    for count in (count for count in NUMBERS_OF_STEPS if count <= engine.feed.steps):
        seconds = _elapsed(lambda: (_advance(engine, count), engine.program.probe()))  # noqa: B023
        if seconds >= SECONDS_OF_A_MEASUREMENT:
            break
    # The last probe waits for the end of steps that are still computed.
    probes = 1 + sum(0 < step <= count for step in probed)
    return max(seconds - probes * probe, 0.0) / count


def _advance(engine: Engine, steps: int) -> None:
    for _ in engine.feed.advance(engine.program, 0, steps):
        pass


def _without_start(run: Run) -> UserError:
    cell = f"β = {run.beta:g}, ‖Z0‖ = {run.z0}"
    return UserError(f"{run.task} {run.phase}: no run at {cell} can be trained on random data; give --speeds")


def _repeated(call: Callable) -> float:
    """Mean seconds per call, over enough calls to be measured."""
    calls, seconds = timeit.Timer(call).autorange()
    return seconds / calls


def _elapsed(call: Callable) -> float:
    return timeit.timeit(call, number=1)
