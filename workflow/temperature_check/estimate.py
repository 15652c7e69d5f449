"""What a study takes, before it is run: runs, jobs, hours of the device and disk space."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pandas as pd

from temperature_check.data import prepare_dataset, read_dataset
from temperature_check.data.synthetic import dataset_bytes
from temperature_check.dynamics.bisection import bisected_runs
from temperature_check.errors import UserError
from temperature_check.paths import study_paths
from temperature_check.planned import chosen_rates
from temperature_check.record import Record
from temperature_check.runs import PHASES, Run
from temperature_check.speeds import (
    SOURCES,
    Speed,
    calibrated_speed,
    given_speed,
    read_speeds,
    recorded_speed,
    steps_of,
)
from temperature_check.store import Store
from temperature_check.study import CLASSES, SHIPPED_SOURCES, STREAMED_SOURCES, SWEEP_FIGURES, TABLES, Study
from temperature_check.train import Trainer
from temperature_check.training.engine import HISTORY, SPLITS_READ, history_steps

if TYPE_CHECKING:
    from temperature_check.data import Dataset

RECORDS_READ = 20
FACTS_BYTES = 4096
POINTS_OF_OCTAVE = {"engine": 1, "early_learning": 3}
EXPERIMENTS_COLUMN = "experiments"


@dataclass(frozen=True)
class Part:
    """What a task and phase take.

    runs: planned; of a bisection that is not finished, the most there can be. stored: those that are there; none
    where data are not at hand. jobs: that train. steps: of a run. bytes: of all runs in the store, at most.
    """

    task: str
    phase: str
    runs: int
    stored: int
    jobs: int
    steps: int
    bytes: int
    devices: int
    speed: Speed
    streamed: bool = False

    def hours(self, runs: int) -> float:
        """Hours of a core or GPU for so many runs, none of which diverges; with the start of jobs, if it is known."""
        start = self.jobs * (self.speed.start_seconds or 0) if runs else 0
        return (runs * self.steps / self.speed.steps_per_second + start) * self.devices / 3600

    def row(self) -> dict:
        """Numbers for a table."""
        kind = self.phase if self.phase in PHASES else EXPERIMENTS_COLUMN
        runs = dict.fromkeys((*PHASES, EXPERIMENTS_COLUMN), 0) | {kind: self.runs}
        hours, left = self.hours(self.runs), self.hours(self.runs - self.stored)
        return {"task": self.task} | runs | {"jobs": self.jobs, "hours": hours, "left": left, "MB": self.bytes / 1e6}


@dataclass(frozen=True)
class Estimate:
    """What a study takes: its parts, the bytes of its data sets, and what hours are of.

    absent: data sets that are not at hand. scales: tasks with a job `scales`.
    """

    study: str
    parts: list[Part]
    data_bytes: int
    absent: tuple[str, ...]
    scales: tuple[str, ...]
    unit: str

    def table(self) -> pd.DataFrame:
        """A row a task, and the sum."""
        rows = pd.DataFrame([part.row() for part in self.parts]).groupby("task", sort=False).sum()
        rows["jobs"] += rows.index.isin(self.scales)
        rows.loc["data sets"] = [0] * (len(rows.columns) - 1) + [self.data_bytes / 1e6]
        rows.loc["total"] = rows.sum()
        return rows.astype(dict.fromkeys((*PHASES, EXPERIMENTS_COLUMN, "jobs"), int))

    def json(self) -> str:
        """Every part, and the totals."""
        parts = [asdict(part) | {"hours": part.hours(part.runs)} for part in self.parts]
        total = self.table().loc["total"]
        totals = {"jobs": int(total["jobs"]), "hours": total["hours"], "hours_left": total["left"], "unit": self.unit}
        facts = {"study": self.study, **totals, "data_bytes": self.data_bytes}
        return json.dumps(facts | {"parts": parts}, indent=2)

    def text(self) -> str:
        """The table, and where its numbers come from."""
        table = self.table().rename(columns={"hours": self.unit, "left": f"{self.unit} left"}).reset_index()
        shown = table.to_string(index=False, float_format=lambda value: f"{value:,.3g}")
        return "\n".join([f"{self.study}: runs, training jobs, {self.unit}, disk", shown, "", *self._notes()])

    def _notes(self) -> Iterator[str]:
        for source, device in sorted({(part.speed.source, part.speed.device) for part in self.parts}):
            parts = [part for part in self.parts if (part.speed.source, part.speed.device) == (source, device)]
            included = all(part.speed.start_seconds is not None for part in parts)
            start = "included" if included else "not included"
            tasks = ", ".join(dict.fromkeys(part.task for part in parts))
            yield f"Speeds of {tasks}: {SOURCES[source]}, {device}; loading, building and compiling {start}."
        if any(part.streamed for part in self.parts):
            yield "Of data that are streamed, reading and decoding records is not included."
        yield "Hours are of runs one after another, none of which diverges; evaluation, scales and figures come on top."
        if self.absent:
            yield f"Not prepared here: {', '.join(self.absent)}. All runs on these data count as left."
        if any(part.phase == "bisection" and part.stored < part.runs for part in self.parts):
            yield "A bisection that is not finished counts with the most runs it can take: 2 + halvings a β and seed."


def estimate(
    study: Study, store: Store, targets: Iterable[Path] = (), calibrate: bool = False, speeds: Path | None = None
) -> Estimate:
    """What the targets take, figures or tables of the study; all of it if there are none.

    The speed of a task and phase is that in the file `speeds`, or else of its finished runs in the store, or else, and
    always with `calibrate`, measured on this machine. Raises UserError for an unknown target or a file that lacks one.
    """
    phases = needed_phases(study, targets)
    datasets = {name: _at_hand(study, name) for name in dict.fromkeys(study.task(task).data for task, _ in phases)}
    planned = [plan(study, store, *phase, datasets[study.task(phase[0]).data]) for phase in phases]
    if speeds:
        given = read_speeds(speeds)
        found = [given_speed(given, study, *phase, speeds) for phase in phases]
    else:
        found = [_speed(study, store, *phase, [] if calibrate else plan.keys) for phase, plan in zip(phases, planned)]
    parts = [_part(study, *phase, *both) for phase, *both in zip(phases, planned, found)]
    scales = dict.fromkeys(task for task, phase in phases if phase not in PHASES)
    absent = [name for name, dataset in datasets.items() if dataset is None]
    unit = "GPU-hours" if study.engine.device == "gpu" else "core-hours"
    data_bytes = sum(dataset_bytes(study.dataset(name)) for name in datasets)
    return Estimate(study.study, parts, data_bytes, tuple(absent), tuple(scales), unit)


def needed_phases(study: Study, targets: Iterable[Path]) -> list[tuple[str, str]]:
    """The tasks and phases whose runs the targets need. Raises UserError for a target that is no figure or table."""
    sweeps = [_is_of_sweep(study, Path(target)) for target in targets] or [True, False]
    everything = [(name, phase) for name, task in study.tasks.items() for phase in task.phases()]
    return [(name, phase) for name, phase in everything if (phase in PHASES) in sweeps]


def _is_of_sweep(study: Study, target: Path) -> bool:
    if target.stem in (*TABLES, "runs"):
        return True
    if not target.stem.startswith("fig_"):
        raise UserError(f"--target {target}: should be a figure or table, such as figures/fig_beta_sweep.pdf")
    study.panels(figure := target.stem.removeprefix("fig_"))
    return figure in SWEEP_FIGURES


def typical_runs(study: Study, name: str, phase: str) -> dict[Run, float]:
    """A run of each precision of the phase, with the share of runs that have it.

    Each has a start that is easy to have, and a rate at which it hardly diverges.
    """
    training, runs = study.task(name).training(phase), _runs_like(study, name, phase)
    counts = Counter(training.at(run.beta).precision for run in runs)
    easy = sorted(runs, key=lambda run: (run.beta, -(run.z0 or 0), -run.scaled_learning_rate))
    chosen = {training.at(run.beta).precision: run for run in easy}
    return {run: counts[precision] / len(runs) for precision, run in chosen.items()}


def _runs_like(study: Study, name: str, phase: str) -> list[Run]:
    early = study.task(name).early_learning
    if phase in PHASES:
        return study.tuning_runs(name)
    if phase == "bisection":
        starts = (run for run in early.starts(name) if run.phase == phase)
        return [replace(run, scaled_learning_rate=early.bisection.between[0]) for run in starts]
    return study.runs(name, phase)


class Planned(NamedTuple):
    """The number of runs, of a bisection that is not finished the most it can take, and keys of those in the store."""

    runs: int
    keys: list[str]


def plan(study: Study, store: Store, name: str, phase: str, dataset: Dataset | None) -> Planned:
    """The runs of a task and phase. dataset: None where it is not prepared, and so no key is known."""
    trainer = dataset and Trainer(study.task(name).training(phase), dataset, study.engine, store)
    if phase == "bisection":
        return _plan_bisections(study, name, trainer)
    runs = study.runs(name, phase, chosen_rates(study, name) if phase == "report" else None)
    keys = [trainer.key(run) for run in runs] if trainer else []
    return Planned(len(runs), [key for key in keys if store.path(key).exists()])


def _plan_bisections(study: Study, name: str, trainer: Trainer | None) -> Planned:
    early = study.task(name).early_learning
    runs, finished = 0, FinishedRuns(trainer)
    for beta, seed in itertools.product(early.bisection.beta, early.seeds):
        one = early.bisection.model_copy(update={"beta": (beta,)})
        try:
            runs += len(bisected_runs(finished, name, one, (seed,)))
        except LookupError:
            runs += 2 + one.halvings
    return Planned(runs, finished.keys)


class FinishedRuns:
    """Stands in for a Trainer that trains nothing: `record` raises LookupError for a run that the store lacks.

    keys: of the records that were asked for and found.
    """

    def __init__(self, trainer: Trainer | None):
        self.trainer = trainer
        self.keys: list[str] = []

    def record(self, run: Run) -> Record:
        """The record of a finished run."""
        if not (self.trainer and self.trainer.store.has(key := self.trainer.key(run))):
            raise LookupError
        self.keys.append(key)
        return self.trainer.store.read(key)


def _at_hand(study: Study, data: str) -> Dataset | None:
    """The data set, without which no key of a run is known, where it takes no download to have it."""
    path, settings = Path(study_paths(study.study).data.format(data=data)), study.dataset(data)
    if path.exists():
        return read_dataset(path)
    return prepare_dataset(settings) if settings.source in SHIPPED_SOURCES else None


def _speed(study: Study, store: Store, name: str, phase: str, keys: list[str]) -> Speed:
    records = [store.read(key) for key in keys[:: max(len(keys) // RECORDS_READ, 1)]]
    recorded = recorded_speed(study, name, phase, records)
    return recorded or calibrated_speed(study, name, phase, typical_runs(study, name, phase))


def _part(study: Study, name: str, phase: str, planned: Planned, speed: Speed) -> Part:
    steps, jobs = steps_of(study, name, phase), len(study.shards(name, phase)) or 1
    size = planned.runs * run_bytes(study, name, phase)
    streamed = study.dataset(study.task(name).data).source in STREAMED_SOURCES
    devices = 1 if study.engine.device == "gpu" else study.engine.threads
    return Part(name, phase, planned.runs, len(planned.keys), jobs, steps, size, devices, speed, streamed)


def run_bytes(study: Study, name: str, phase: str) -> int:
    """Size of a finished run in the store, uncompressed: final logits, history, and what an experiment records."""
    task = study.task(name)
    training, data = task.training(phase), study.dataset(task.data)
    points = len(history_steps(steps_of(study, name, phase), POINTS_OF_OCTAVE[training.engine]))
    examples = sum(getattr(data, split) for split in SPLITS_READ.get(phase, ()))
    if training.kernel_vectors is not None:
        examples += points * (training.examples + 1)
    return FACTS_BYTES + points * len(HISTORY) * 8 + examples * CLASSES[data.source] * 4
