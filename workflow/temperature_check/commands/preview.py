"""Figures of an unfinished study, from its finished runs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pandas as pd

from temperature_check.base.errors import UserError
from temperature_check.base.paths import StudyPaths
from temperature_check.base.terminal import with_progress
from temperature_check.commands.planned import planned_runs, plans
from temperature_check.evaluation.collect import collect
from temperature_check.evaluation.table import table_of_runs
from temperature_check.figures.draw import make_figure
from temperature_check.runs.rates import Rates, read_rates
from temperature_check.runs.store import Store
from temperature_check.study.figures import SWEEP_FIGURES
from temperature_check.study.study import Study
from temperature_check.study.tasks import SWEEP_PHASES
from temperature_check.study.types import lookup
from temperature_check.training.trainer import Trainer


def draw_preview(study: Study, figures: list[str], store: Store) -> list[Path]:
    """Draw figures of the sweep from finished runs only, all if none is named, and return their paths.

    An incomplete figure is marked with the numbers of finished and planned runs, which are those of `status`.
    Raises UserError if no run is finished or a data set is not prepared.
    """
    made = {name: study.figure(name) for name in study.figures_made() if name in SWEEP_FIGURES}
    settings = {figure: lookup(made, figure, "figure of the sweep") for figure in figures or made}
    finished = list(_finished_tables(study, store))
    if not finished:
        raise UserError(f"{study.study}: no run is finished yet; nothing to preview")
    table = collect(finished, list(_chosen_rates(study)))
    planned = sum(found.runs for phase, found in plans(study, store).items() if phase.sweep)
    mark = f"incomplete: {len(table):,} of {planned:,} runs" if len(table) < planned else ""
    stems = [Path(StudyPaths(study.study).preview.format(figure=figure)) for figure in settings]
    for figure, stem in with_progress(list(zip(settings, stems)), "figures"):
        make_figure(figure, table, settings[figure], study.panels(figure), stem, mark)
    return [stem.with_suffix(".pdf") for stem in stems]


def _finished_tables(study: Study, store: Store) -> Iterator[pd.DataFrame]:
    rows: dict[Trainer, list[dict]] = {}
    for trainer, run in planned_runs(study, store):
        if run.phase in SWEEP_PHASES and store.path(key := trainer.key(run)).exists():
            rows.setdefault(trainer, []).append(asdict(run) | {"key": key})
    for trainer, runs in rows.items():
        yield table_of_runs(pd.DataFrame(runs), store, trainer.data, study.evaluation)


def _chosen_rates(study: Study) -> Iterator[Rates]:
    paths = StudyPaths(study.study)
    files = (Path(paths.rates.format(task=task)) for task in study.tasks)
    return (read_rates(file) for file in files if file.exists())
