"""The runs of a study that are known before they are trained.

The runs of a grid are known, the report runs of tasks whose rates are chosen already, and the runs of adaptive phases
that are in the store.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from temperature_check.adaptive.search import NotTrained, known_runs, searches
from temperature_check.base.paths import StudyPaths
from temperature_check.base.record import Record
from temperature_check.data.file import open_dataset
from temperature_check.runs.rates import read_rates
from temperature_check.runs.run import Run
from temperature_check.runs.store import Store
from temperature_check.study.phases import Phase, Rates
from temperature_check.study.study import Study
from temperature_check.training.trainer import Trainer


def planned_runs(study: Study, store: Store) -> Iterator[tuple[Trainer, Run]]:
    """All known runs of a study, with their trainers. Raises UserError if a data set is not prepared yet."""
    for phase in study.phases():
        trainer = trainer_of(phase, store)
        yield from ((trainer, run) for run in phase_runs(phase, trainer))


def trainer_of(phase: Phase, store: Store) -> Trainer:
    """The trainer of a phase. Raises UserError if its data set is not prepared yet."""
    path = StudyPaths(phase.study.study).data.format(data=phase.task.data)
    return Trainer(phase.training, open_dataset(Path(path)), phase.study.engine, store)


def phase_runs(phase: Phase, trainer: Trainer) -> list[Run]:
    """The known runs of a phase."""
    if phase.adaptive:
        return [run for search in searches(phase) for run in known_runs(search, stored_record(trainer))[0]]
    if phase.name == "report":
        rates = chosen_rates(phase)
        return phase.runs(rates) if rates else []
    return phase.runs()


def stored_record(trainer: Trainer):
    """A function from a run to its record in the store, which raises NotTrained if there is none."""

    def record(run: Run) -> Record:
        if not trainer.store.has(key := trainer.key(run)):
            raise NotTrained(key)
        return trainer.store.read(key)

    return record


def chosen_rates(phase: Phase) -> Rates | None:
    """The rates that `select` wrote for the task of a phase; None if there are none yet for some cell of its grid."""
    path = Path(StudyPaths(phase.study.study).rates.format(task=phase.task_name))
    rates = read_rates(path) if path.exists() else {}
    cells = {(run.task, run.beta, run.z0) for run in phase.study.phase(phase.task_name, "tune").runs()}
    return rates if cells <= set(rates) else None
