"""Command `estimate`: the cost of a study before it is run, in runs, jobs, hours of the device and disk space."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd

from temperature_check.base.errors import UserError
from temperature_check.base.record import HISTORY
from temperature_check.base.terminal import with_progress
from temperature_check.commands.planned import Planned, chosen_rates, plan, prepared_data
from temperature_check.commands.speeds import (
    SOURCES,
    Speed,
    calibrated_speed,
    given_speed,
    read_speeds,
    steps_of,
)
from temperature_check.commands.status import recorded
from temperature_check.data.synthetic import dataset_bytes
from temperature_check.runs.run import Run
from temperature_check.runs.store import Store
from temperature_check.study.figures import RENAMED, SWEEP_FIGURES, TABLES
from temperature_check.study.phases import Phase
from temperature_check.study.study import Study
from temperature_check.study.tasks import SWEEP_PHASES
from temperature_check.training.history import SPLITS_READ, is_experiment, recorded_steps

FACTS_BYTES = 4096
EXPERIMENTS_COLUMN = "experiments"
KINDS = ("sweep", "mechanism", "early_learning")
FIGURES_NEED = {"beta_switch": {"sweep", "mechanism"}}
"""The kinds of phases that figures need which are of several kinds."""


@dataclass(frozen=True)
class Part:
    """The cost of a phase of a task.

    runs: number of planned runs, an upper bound for an unfinished search.
    stored: number of runs in the store; 0 if the data set is not prepared here, because keys cannot be computed.
    lengths, base_lengths, stored_lengths: as in `Planned`, multiples of the epochs of the task.
    jobs: number of training jobs. steps: steps of a run of length 1. bytes: upper bound of the size of all runs in the
    store. devices: cores or GPUs of a job. adaptive: whether the number of runs is known only after training.
    settled: False if the lengths of the runs are not known, because rates are not chosen yet.
    """

    task: str
    phase: str
    runs: int
    stored: int
    lengths: float
    base_lengths: float
    stored_lengths: float
    jobs: int
    steps: int
    bytes: int
    devices: int
    speed: Speed
    streamed: bool = False
    adaptive: bool = False
    settled: bool = True

    def hours(self, lengths: float) -> float:
        """Hours of a core or GPU for runs whose lengths have this sum if none diverges.

        They include the start of jobs if it is known. A run takes a time proportional to its length.
        """
        start = self.jobs * (self.speed.start_seconds or 0) if lengths else 0
        return (lengths * self.steps / self.speed.steps_per_second + start) * self.devices / 3600

    def row(self) -> dict:
        """The numbers of a row of the table."""
        kind = self.phase if self.phase in SWEEP_PHASES else EXPERIMENTS_COLUMN
        runs = dict.fromkeys((*SWEEP_PHASES, EXPERIMENTS_COLUMN), 0) | {kind: self.runs}
        hours, left = self.hours(self.lengths), self.hours(self.lengths - self.stored_lengths)
        return {"task": self.task} | runs | {"jobs": self.jobs, "hours": hours, "left": left, "MB": self.bytes / 1e6}


@dataclass(frozen=True)
class Estimate:
    """The cost of a study: its parts, the size of its data sets, and the unit of hours.

    absent: data sets that are not prepared here. experiments: tasks with experiments on early learning, each of which
    has one more job for the starts of its runs.
    """

    study: str
    parts: list[Part]
    data_bytes: int
    absent: tuple[str, ...]
    experiments: tuple[str, ...]
    unit: str

    def table(self) -> pd.DataFrame:
        """One row per task, and the sum."""
        rows = pd.DataFrame([part.row() for part in self.parts]).groupby("task", sort=False).sum()
        rows["jobs"] += rows.index.isin(self.experiments)
        rows.loc["data sets"] = [0] * (len(rows.columns) - 1) + [self.data_bytes / 1e6]
        rows.loc["total"] = rows.sum()
        return rows.astype(dict.fromkeys((*SWEEP_PHASES, EXPERIMENTS_COLUMN, "jobs"), int))

    def json(self) -> str:
        """Every part, and the totals."""
        parts = [asdict(part) | {"hours": part.hours(part.lengths)} for part in self.parts]
        total = self.table().loc["total"]
        hours = {"hours": total["hours"], "hours_base": self.base_hours(), "hours_left": total["left"]}
        totals = {"jobs": int(total["jobs"]), **hours, "unit": self.unit}
        facts = {"study": self.study, **totals, "data_bytes": self.data_bytes}
        return json.dumps(facts | {"parts": parts}, indent=2)

    def text(self) -> str:
        """The table, and the sources of its numbers."""
        table = self.table().rename(columns={"hours": self.unit, "left": f"{self.unit} left"}).reset_index()
        shown = table.to_string(index=False, float_format=lambda value: f"{value:,.3g}")
        return "\n".join([f"{self.study}: runs, training jobs, {self.unit}, disk", shown, "", *self._notes()])

    def base_hours(self) -> float:
        """Hours of the whole study if its searches go as in their base case."""
        return sum(part.hours(part.base_lengths) for part in self.parts)

    def _notes(self) -> Iterator[str]:
        for source, device in sorted({(part.speed.source, part.speed.device) for part in self.parts}):
            parts = [part for part in self.parts if (part.speed.source, part.speed.device) == (source, device)]
            included = all(part.speed.start_seconds is not None for part in parts)
            start = "included" if included else "not included"
            tasks = ", ".join(dict.fromkeys(part.task for part in parts))
            yield f"Speeds of {tasks}: {SOURCES[source]}, {device}; loading, building and compiling {start}."
        if any(part.streamed for part in self.parts):
            yield "The time to read and decode streamed records is not included."
        yield "Hours are of runs one after another, none of which diverges; evaluation, tables and figures come on top."
        if self.absent:
            yield f"Not prepared here: {', '.join(self.absent)}. All runs on these data count as left."
        if any(part.adaptive and part.stored < part.runs for part in self.parts):
            yield "A search that is not finished counts with the most runs it can take, each at its own length."
        if any(part.base_lengths < part.lengths for part in self.parts):
            hours = f"{self.base_hours():,.3g} {self.unit}"
            yield f"If length 1 settles every cell, and rungs eliminate rates, the total is {hours}."
        if unsettled := dict.fromkeys(part.task for part in self.parts if not part.settled):
            yield f"Report runs of {', '.join(unsettled)} count at length 1, because their rates are not chosen yet."


def estimate_study(
    study: Study, store: Store, targets: Iterable[Path] = (), calibrate: bool = False, speeds: Path | None = None
) -> Estimate:
    """The cost of the targets, which are figures or tables, or of the whole study if there are none.

    The speed of a phase is that in the file `speeds`, or else that of its finished runs in the store. It is measured on
    this machine if there are neither, or with `calibrate`. Raises UserError for an unknown target or if the file lacks
    a phase.
    """
    phases = needed_phases(study, targets)
    datasets = {name: prepared_data(study, name) for name in dict.fromkeys(phase.task.data for phase in phases)}
    planned = [plan(phase, store, datasets[phase.task.data]) for phase in phases]
    if speeds:
        given = read_speeds(speeds)
        found = [given_speed(given, phase, speeds) for phase in phases]
    else:
        pairs = with_progress(list(zip(phases, planned)), "speeds")
        found = [_speed(phase, store, [] if calibrate else plan.keys) for phase, plan in pairs]
    parts = [_part(*of_phase) for of_phase in zip(phases, planned, found)]
    experiments = dict.fromkeys(phase.task_name for phase in phases if phase.experiment)
    absent = [name for name, dataset in datasets.items() if dataset is None]
    unit = "GPU-hours" if study.engine.device == "gpu" else "core-hours"
    data_bytes = sum(max(len(study.data_seeds(name)), 1) * dataset_bytes(study.dataset(name)) for name in datasets)
    return Estimate(study.study, parts, data_bytes, tuple(absent), tuple(experiments), unit)


def needed_phases(study: Study, targets: Iterable[Path]) -> list[Phase]:
    """The phases whose runs the targets need. Raises UserError for a target that is neither a figure nor a table."""
    kinds = [_kinds(study, Path(target)) for target in targets] or [KINDS]
    needed = set().union(*kinds)
    return [phase for phase in study.phases() if phase.kind in needed]


def _kinds(study: Study, target: Path) -> Iterable[str]:
    """The kinds of phases that a target needs."""
    if target.stem in (*TABLES, "runs"):
        return {"sweep"}
    if target.stem in ("claims", "fig_claims", "report"):
        return KINDS
    if not target.stem.startswith("fig_"):
        raise UserError(f"--target {target}: should be a figure or table, such as figures/fig_beta_sweep.pdf")
    name = target.stem.removeprefix("fig_")
    study.panels(figure := RENAMED.get(name, name))
    return FIGURES_NEED.get(figure, {"sweep"} if figure in SWEEP_FIGURES else {"early_learning"})


def typical_runs(phase: Phase) -> dict[Run, float]:
    """One run per precision of the phase, with the share of runs that have this precision.

    Each run has an easily reachable start, and a rate at which it probably does not diverge.
    """
    runs = _runs_like(phase)
    counts = Counter(phase.training.at(run.beta).precision for run in runs)
    easy = sorted(runs, key=lambda run: (run.beta, -(run.z0 or 0), -run.scaled_learning_rate))
    chosen = {phase.training.at(run.beta).precision: run for run in easy}
    return {run: counts[precision] / len(runs) for precision, run in chosen.items()}


def _runs_like(phase: Phase) -> list[Run]:
    if phase.experiment:
        return phase.task.early_learning.runs(phase.task_name, phase.name)
    return phase.study.phase(phase.task_name, "tune").grid_runs()


def _speed(phase: Phase, store: Store, keys: list[str]) -> Speed:
    return recorded(phase, store, keys) or calibrated_speed(phase, typical_runs(phase))


def _part(phase: Phase, planned: Planned, speed: Speed) -> Part:
    engine = phase.study.engine
    return Part(
        task=phase.task_name,
        phase=phase.name,
        runs=planned.runs,
        stored=len(planned.keys),
        lengths=planned.lengths,
        base_lengths=planned.base_lengths,
        stored_lengths=planned.stored_lengths,
        jobs=len(phase.shards()) or 1,
        steps=steps_of(phase),
        bytes=planned.runs * run_bytes(phase),
        devices=1 if engine.device == "gpu" else engine.threads,
        speed=speed,
        streamed=phase.data.streamed,
        adaptive=bool(phase.adaptive),
        settled=not phase.at_chosen_rates or len(phase.task.lengths) == 1 or bool(chosen_rates(phase)),
    )


def run_bytes(phase: Phase) -> int:
    """Uncompressed size of a finished run in the store: final logits, history, and records of an experiment."""
    training, data = phase.training, phase.data
    points = len(recorded_steps(training, steps_of(phase)))
    read = SPLITS_READ["report"] if phase.at_chosen_rates else SPLITS_READ.get(phase.name, ())
    examples = sum(data.sizes[split] for split in read)
    if is_experiment(training):
        examples += points * (training.examples + 1)
    return FACTS_BYTES + points * len(HISTORY) * 8 + examples * data.classes * 4
