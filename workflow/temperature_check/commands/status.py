"""Command `status`: how many runs of a study are finished, and how many are left to train."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from temperature_check.base.errors import UserError
from temperature_check.base.paths import STORE
from temperature_check.commands.planned import Planned, plans
from temperature_check.commands.speeds import TIMED_BY, Speed, recorded_speed, steps_of
from temperature_check.runs.store import Store
from temperature_check.study.phases import Phase
from temperature_check.study.study import Study

RECORDS_READ = 20


@dataclass(frozen=True)
class Left:
    """The runs of a phase: all that are planned, those in the store, and the seconds that the others take.

    runs, seconds: an upper bound for an unfinished search. seconds: on one core or GPU; at the speed of another phase
    of the task's sweep if none of this one is finished; None if no such run is finished.
    """

    task: str
    phase: str
    runs: int
    stored: int
    seconds: float | None

    @property
    def left(self) -> int:
        """Number of runs to train."""
        return self.runs - self.stored


def status(study: Study, store: Store, prepare: bool = True) -> list[Left]:
    """The runs of each phase. A data set that is not prepared counts as having no stored run.

    prepare: whether data sets that require no download are prepared for it.
    """
    planned = plans(study, store, prepare)
    a_run = {phase: _seconds(phase, store, found) for phase, found in planned.items()}
    of_sweep = {phase.task_name: a_run[phase] for phase in planned if phase.sweep and a_run[phase]}
    known = {p: a_run[p] or (None if p.experiment else of_sweep.get(p.task_name)) for p in planned}
    seconds = {p: known[p] and known[p] * (found.lengths - found.stored_lengths) for p, found in planned.items()}
    return [Left(p.task_name, p.name, found.runs, len(found.keys), seconds[p]) for p, found in planned.items()]


def left_to_train(study: Study) -> str:
    """One line for the start of a workflow: how many runs are left, and how long they take."""
    try:
        return summary(status(study, Store(STORE), prepare=False))
    except UserError as error:
        return f"How many runs are left is not known: {error}"


def summary(parts: list[Left]) -> str:
    """How many runs are left, and how long they take one after another if that is known."""
    runs, left = sum(part.runs for part in parts), [part for part in parts if part.left]
    count = f"{sum(part.left for part in left):,} of {runs:,} runs to train"
    if not left or any(part.seconds is None for part in left):
        return count
    return f"{count}, about {_duration(sum(part.seconds for part in left))} one after another"


def _duration(seconds: float) -> str:
    units = {"s": 1, "min": 60, "h": 3600}
    unit = next(name for name, length in reversed(units.items()) if seconds >= 2 * length or length == 1)
    return f"{seconds / units[unit]:.0f} {unit}"


def text(parts: list[Left]) -> str:
    """One row for each phase that has runs left, and the summary."""
    rows = [{"task": part.task, "phase": part.phase, "runs": part.runs, "to train": part.left} for part in parts]
    unfinished = [row for row in rows if row["to train"]]
    table = [pd.DataFrame(unfinished).to_string(index=False)] if unfinished else []
    return "\n".join([*table, summary(parts)])


def _seconds(phase: Phase, store: Store, planned: Planned) -> float | None:
    """The seconds of a run of length 1."""
    speed = recorded(phase, store, planned.keys)
    return steps_of(phase) / speed.steps_per_second if speed else None


def recorded(phase: Phase, store: Store, keys: list[str]) -> Speed | None:
    """The speed of some of the stored runs of a phase; None if none is finished."""
    return recorded_speed(phase, [store.part(key, TIMED_BY) for key in keys[:: max(len(keys) // RECORDS_READ, 1)]])
