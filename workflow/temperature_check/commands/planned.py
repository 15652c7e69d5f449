"""The runs of a study that are known before they are trained.

The runs of a grid are known, the report runs of tasks whose rates are chosen already, and the runs of adaptive phases
that are in the store.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from math import fsum
from pathlib import Path
from typing import NamedTuple

from temperature_check.adaptive.search import NotTrained, Search, known_runs, searches
from temperature_check.base.paths import StudyPaths
from temperature_check.base.record import Record
from temperature_check.data.file import PreparedData, in_memory, open_dataset
from temperature_check.data.prepare import prepare_data
from temperature_check.runs.rates import Rates, read_rates
from temperature_check.runs.run import Run
from temperature_check.runs.store import Store
from temperature_check.study.phases import Phase
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
    return Trainer(phase.training, open_dataset(Path(path)), phase.study.engine, store, phase.engine)


def phase_runs(phase: Phase, trainer: Trainer) -> list[Run]:
    """The known runs of a phase."""
    if phase.adaptive:
        return [run for search in searches(phase) for run in known_runs(search, stored_part(trainer, search))[0]]
    if phase.at_chosen_rates:
        rates = chosen_rates(phase)
        return phase.runs(rates) if rates else []
    return phase.runs()


def stored_part(trainer: Trainer, search: Search):
    """A function from a run to what a search looks at of its record, which raises NotTrained if the store has none."""

    def record(run: Run) -> Record:
        if not trainer.store.path(key := trainer.key(run)).exists():
            raise NotTrained(key)
        return trainer.store.part(key, search.judged_by)

    return record


def chosen_rates(phase: Phase) -> Rates | None:
    """The rates that `select` wrote for the task of a phase; None if there are none yet for some cell of its grid."""
    path = Path(StudyPaths(phase.study.study).rates.format(task=phase.task_name))
    rates = read_rates(path) if path.exists() else {}
    cells = {(run.task, run.beta, run.z0) for run in phase.study.phase(phase.task_name, "tune").first_runs()}
    return rates if cells <= set(rates) else None


class Planned(NamedTuple):
    """The number of runs, an upper bound for an unfinished search, and the keys of runs in the store.

    lengths: the sum of the lengths of runs, an upper bound likewise. base_lengths: the same if searches go as in their
    base case. stored_lengths: of runs in the store.
    """

    runs: int
    keys: list[str]
    lengths: float
    base_lengths: float
    stored_lengths: float


def plan(phase: Phase, store: Store, data: PreparedData | None) -> Planned:
    """The runs of a phase. data: None if the data set is not prepared, so that no key is known."""
    trainer = data and Trainer(phase.training, data, phase.study.engine, store, phase.engine)
    if phase.adaptive:
        return _plan_searches(phase, trainer)
    runs = phase.runs(chosen_rates(phase) if phase.at_chosen_rates else None)
    keys = [(trainer.key(run), run.length) for run in runs] if trainer else []
    stored = [(key, length) for key, length in keys if store.path(key).exists()]
    lengths = sum(run.length for run in runs)
    return Planned(len(runs), [key for key, _ in stored], lengths, lengths, sum(length for _, length in stored))


def _plan_searches(phase: Phase, trainer: Trainer | None) -> Planned:
    planned = [_plan_search(search, trainer) for search in searches(phase)]
    runs, keys, *lengths = zip(*planned, strict=True)
    return Planned(sum(runs), [*itertools.chain(*keys)], *map(sum, lengths))


def _plan_search(search: Search, trainer: Trainer | None) -> Planned:
    known, whole = known_runs(search, stored_part(trainer, search)) if trainer else ([], False)
    stored = [run.length for run in known]
    most, base = (stored, stored) if whole else (search.most, search.base)
    keys = [trainer.key(run) for run in known]
    # Lengths in other orders have the same exact sum.
    return Planned(len(most), keys, fsum(most), max(fsum(base), fsum(stored)), fsum(stored))


def prepared_data(study: Study, data: str, prepare: bool = True) -> PreparedData | None:
    """The data set, on which the keys of runs depend; None if it is not prepared.

    prepare: whether a data set that requires no download is prepared in memory.
    """
    path, settings = Path(StudyPaths(study.study).data.format(data=data)), study.dataset(data)
    if path.exists():
        return open_dataset(path)
    return in_memory(prepare_data(settings, study.data_seeds(data))) if prepare and settings.shipped else None


def plans(study: Study, store: Store, prepare: bool = True) -> dict[Phase, Planned]:
    """The runs of every phase of a study. prepare: as in `prepared_data`."""
    names = dict.fromkeys(task.data for task in study.tasks.values())
    data = {name: prepared_data(study, name, prepare) for name in names}
    return {phase: plan(phase, store, data[phase.task.data]) for phase in study.phases()}
