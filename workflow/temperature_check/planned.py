"""The runs of a study, as far as they are known."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from temperature_check.data import read_dataset
from temperature_check.evaluation.select import read_rates
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


def _known_runs(study: Study, name: str, phase: str) -> list[Run]:
    if phase != "report":
        return study.runs(name, phase)
    rates = Path(study_paths(study.study).rates.format(task=name))
    chosen = read_rates(rates) if rates.exists() else {}
    cells = {(run.task, run.beta, run.z0) for run in study.report_runs(name)}
    return study.report_runs(name, chosen) if cells <= set(chosen) else []
