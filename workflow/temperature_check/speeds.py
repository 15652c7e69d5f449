"""How fast runs are trained: from finished runs, measured on the machine at hand, or from a file of another machine."""

from __future__ import annotations

import functools
import importlib
import logging
import math
import os
import statistics
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pandas as pd

from temperature_check.data.synthetic import EXAMPLES, synthetic_dataset
from temperature_check.errors import UserError
from temperature_check.files import write_text
from temperature_check.record import Record
from temperature_check.runs import Run, digest
from temperature_check.store import Store
from temperature_check.train import Trainer
from temperature_check.training.engine import SPLITS_READ, history_steps
from temperature_check.training.plan import steps_of_epoch

if TYPE_CHECKING:
    from temperature_check.study import DataSettings, EngineSettings, Study, Training
    from temperature_check.training.engine import Engine

log = logging.getLogger(__name__)
LARGEST_SPLIT = 1024
SECONDS_OF_A_MEASUREMENT = 1.0
NUMBERS_OF_STEPS = (1, 4, 16, 64, 256)
SOURCES = {"records": "finished runs", "calibration": "measured on random data"}


@dataclass(frozen=True)
class Speed:
    """How fast the runs of a task and phase are trained.

    steps_per_second: of a whole run, what is recorded on the way and its final logits included.
    start_seconds: what a job takes beside its runs: to load the backend, build the network and compile; None where
        it was not measured.
    settings: digest of what the speed depends on beside the device.
    source: a key of SOURCES.
    """

    task: str
    phase: str
    steps_per_second: float
    start_seconds: float | None
    device: str
    settings: str
    source: str


def speed_settings(study: Study, task: str, phase: str) -> str:
    """Digest of what the speed of runs depends on: how they are trained but for how long, their inputs, the engine."""
    training, data = study.task(task).training(phase), study.dataset(study.task(task).data)
    shape, dtype = EXAMPLES[data.source](data)
    inputs = [*shape, str(dtype), getattr(data, "vocabulary", None)]
    trained = training.model_dump(mode="json", exclude={"epochs"})
    return digest({"training": trained, "inputs": inputs, "engine": study.engine.identity()}, length=8)


def steps_of(study: Study, task: str, phase: str) -> int:
    """Steps of training of a run that does not diverge."""
    training = study.task(task).training(phase)
    examples = training.examples or study.dataset(study.task(task).data).train
    return training.epochs * steps_of_epoch(examples, training.batch_size)


def write_speeds(path: Path, speeds: Iterable[Speed]) -> None:
    """Write speeds as CSV, for `read_speeds` on another machine."""
    write_text(path, pd.DataFrame([asdict(speed) for speed in speeds]).to_csv(index=False))


def read_speeds(path: Path) -> list[Speed]:
    """What `write_speeds` wrote. Raises UserError where the file is missing or another one."""
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


def given_speed(speeds: Iterable[Speed], study: Study, task: str, phase: str, path: Path) -> Speed:
    """The speed of a task and phase in the file `path`. Raises UserError where it has none for the study as it is."""
    found = [speed for speed in speeds if (speed.task, speed.phase) == (task, phase)]
    remedy = "measure it with --calibrate --write-speeds on the machine that is meant"
    if not found:
        raise UserError(f"{path}: no speed of task {task} in phase {phase}; {remedy}")
    if found[0].settings != speed_settings(study, task, phase):
        raise UserError(f"{path}: task {task} in phase {phase} was measured with other settings; {remedy}")
    return found[0]


def recorded_speed(study: Study, task: str, phase: str, records: Iterable[Record]) -> Speed | None:
    """The median speed of finished runs; None where none is finished."""
    finished = [record for record in records if record.facts["status"] == "finished"]
    if not finished:
        return None
    rates = [record.arrays["history_step"][-1] / record.facts["seconds"] for record in finished]
    device = finished[0].facts["hardware"]
    settings = speed_settings(study, task, phase)
    return Speed(task, phase, float(statistics.median(rates)), None, device, settings, "records")


def calibrated_speed(study: Study, task: str, phase: str, typical: dict[Run, float]) -> Speed:
    """The speed of a phase on this machine, measured on random data.

    typical: runs like the phase's, with the share of it that each stands for.
    Raises UserError where ‖Z0‖ of one cannot be had.
    """
    data, steps = study.dataset(study.task(task).data), steps_of(study, task, phase)
    training = study.task(task).training(phase)
    measured = {run: _measured(training, data, study.engine, run, steps) for run in typical}
    splits = SPLITS_READ.get(phase, ())
    seconds = sum(share * measured[run].seconds(splits) for run, share in typical.items())
    start = sum(share * measured[run].start for run, share in typical.items())
    device = next(iter(measured.values())).device
    return Speed(task, phase, steps / seconds, start, device, speed_settings(study, task, phase), "calibration")


class Measurement(NamedTuple):
    """Seconds: of the start of a job, of a run's training, and of its final logits of each split; on which device."""

    device: str
    start: float
    training: float
    evaluation: dict[str, float]

    def seconds(self, splits: Iterable[str]) -> float:
        """Of a run whose final logits of these splits are computed."""
        return self.training + sum(self.evaluation[split] for split in splits)


@functools.cache
def _measured(training: Training, data: DataSettings, settings: EngineSettings, run: Run, steps: int) -> Measurement:
    log.info("calibrating %s %s", run.task, run.phase)
    loading = _loading_seconds(settings.backend)
    started = time.perf_counter()
    dataset = synthetic_dataset(data, max(LARGEST_SPLIT, training.batch_size))
    engine = Trainer(training, dataset, settings, Store(Path())).engine(run.beta)
    built = time.perf_counter() - started
    measure = _measure_sweep if training.engine == "engine" else _measure_experiment
    compiling, trained, evaluation = measure(engine, run, steps)
    sizes = {split: getattr(data, split) / len(labels) for split, labels in dataset.labels.items()}
    evaluation = {split: seconds * sizes[split] for split, seconds in evaluation.items()}
    return Measurement(engine.device, loading + built + compiling, trained, evaluation)


@functools.cache
def _loading_seconds(backend: str) -> float:
    os.environ["KERAS_BACKEND"] = backend
    return _elapsed(lambda: importlib.import_module(f"temperature_check.training.{backend}"))


def _measure_sweep(engine: Engine, run: Run, steps: int) -> tuple[float, float, dict[str, float]]:
    """Compilation, steps and probes of a run, and evaluation, each by itself: in all they would take too long."""
    program, weights = engine.program, engine.start_weights(run.beta, run.z0, run.seed)
    if weights is None:
        raise _without_start(run)
    program.start(weights, run.beta, run.learning_rate)
    engine.feed.start(run.seed, 0)
    evaluations = {split: functools.partial(engine.feed.logits, program, split) for split in SPLITS_READ["report"]}
    compiling = sum(_elapsed(part) for part in (program.probe, lambda: _advance(engine, 1), *evaluations.values()))
    probe = _repeated(program.probe)
    training = steps * _step_seconds(engine, probe) + len(history_steps(steps)) * probe
    return compiling, training, {split: _repeated(part) for split, part in evaluations.items()}


def _measure_experiment(engine: Engine, run: Run, steps: int) -> tuple[float, float, dict[str, float]]:
    """Of a whole run: experiments have few steps, and record much at many of them."""
    first = _elapsed(lambda: engine.train(run))
    facts = engine.train(run).facts
    if facts["status"] != "finished":
        raise _without_start(run)
    return first - facts["seconds"], facts["seconds"], {}


def _step_seconds(engine: Engine, probe: float) -> float:
    """Seconds a step, of as many as take long enough to be measured; a probe, of known length, waits for their end."""
    for count in (count for count in NUMBERS_OF_STEPS if count <= engine.feed.steps):
        seconds = _elapsed(lambda: (_advance(engine, count), engine.program.probe()))  # noqa: B023
        if seconds >= SECONDS_OF_A_MEASUREMENT:
            break
    return max(seconds - probe, 0.0) / count


def _advance(engine: Engine, steps: int) -> None:
    for _ in engine.feed.advance(engine.program, 0, steps):
        pass


def _without_start(run: Run) -> UserError:
    cell = f"β = {run.beta:g}, ‖Z0‖ = {run.z0}"
    return UserError(f"{run.task} {run.phase}: no run at {cell} can be trained on random data; give --speeds")


def _repeated(call: Callable) -> float:
    """Median seconds of as many calls as take long enough to be measured."""
    seconds = [_elapsed(call)]
    while sum(seconds) < SECONDS_OF_A_MEASUREMENT / 4:
        seconds.append(_elapsed(call))
    return statistics.median(seconds)


def _elapsed(call: Callable) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started
