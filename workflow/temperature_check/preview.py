"""Figures of an unfinished study, from the runs that are there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pandas as pd

from temperature_check.errors import UserError
from temperature_check.evaluation.collect import collect
from temperature_check.evaluation.evaluate import evaluate
from temperature_check.evaluation.select import Cell, ChosenRate, read_rates
from temperature_check.figures import make_figure
from temperature_check.paths import study_paths
from temperature_check.planned import planned_runs
from temperature_check.runs import PHASES
from temperature_check.store import Store
from temperature_check.study import SWEEP_FIGURES, Study, entry
from temperature_check.train import Trainer


def preview(study: Study, figures: list[str], store: Store) -> list[Path]:
    """Draw figures of the sweep, all if none is named, from the finished runs alone.

    Each is marked with how many of the planned runs those are. Returns the figures' paths. Runs of the report phase are
    planned, and counted, for all tasks; those of tasks whose rates are not chosen yet are missing. Raises UserError
    where no run is finished or a data set is not prepared.
    """
    figures = [entry(dict(zip(SWEEP_FIGURES, SWEEP_FIGURES)), figure, "figure of the sweep") for figure in figures]
    settings = {figure: study.figure(figure) for figure in figures or SWEEP_FIGURES}
    finished = list(_finished_tables(study, store))
    if not finished:
        raise UserError(f"{study.study}: no run is finished yet; nothing to preview")
    table = collect(finished, list(_chosen_rates(study)))
    mark = f"incomplete: {len(table):,} of {study.size():,} runs" if len(table) < study.size() else ""
    stems = [Path(study_paths(study.study).preview.format(figure=figure)) for figure in settings]
    for figure, stem in zip(settings, stems):
        make_figure(figure, table, settings[figure], study.panels(figure), stem, mark)
    return [stem.with_suffix(".pdf") for stem in stems]


def _finished_tables(study: Study, store: Store) -> Iterator[pd.DataFrame]:
    rows: dict[Trainer, list[dict]] = {}
    for trainer, run in planned_runs(study, store):
        if run.phase in PHASES and store.path(key := trainer.key(run)).exists():
            rows.setdefault(trainer, []).append(asdict(run) | {"key": key})
    for trainer, runs in rows.items():
        yield evaluate(pd.DataFrame(runs), store, trainer.dataset, study.evaluation)


def _chosen_rates(study: Study) -> Iterator[dict[Cell, ChosenRate]]:
    paths = study_paths(study.study)
    files = (Path(paths.rates.format(task=task)) for task in study.tasks)
    return (read_rates(file) for file in files if file.exists())
