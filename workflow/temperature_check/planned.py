"""The runs of a study, as far as they are known."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from temperature_check.data import read_dataset
from temperature_check.evaluation.select import Cell, ChosenRate, read_rates
from temperature_check.paths import study_paths
from temperature_check.runs import Run
from temperature_check.store import Store
from temperature_check.study import Study
from temperature_check.train import Trainer


def planned_runs(study: Study, store: Store) -> Iterator[tuple[Trainer, Run]]:
    """All runs of a study with what trains them; of the report phase, those of tasks whose rates are chosen already.

    Those of a bisection are not known before they are trained. Raises UserError where a data set is not prepared yet.
    """
    paths = study_paths(study.study)
    for name, task in study.tasks.items():
        dataset = read_dataset(Path(paths.data.format(data=task.data)))
        for phase in task.phases():
            trainer = Trainer(task.training(phase), dataset, study.engine, store)
            yield from ((trainer, run) for run in _known_runs(study, name, phase))


def chosen_rates(study: Study, name: str) -> dict[Cell, ChosenRate] | None:
    """The rates that `select` wrote for a task; None where there are none yet, or none for some cell of its grid."""
    path = Path(study_paths(study.study).rates.format(task=name))
    rates = read_rates(path) if path.exists() else {}
    cells = {(run.task, run.beta, run.z0) for run in study.tuning_runs(name)}
    return rates if cells <= set(rates) else None


def _known_runs(study: Study, name: str, phase: str) -> list[Run]:
    if phase != "report":
        return study.runs(name, phase)
    rates = chosen_rates(study, name)
    return study.report_runs(name, rates) if rates else []
