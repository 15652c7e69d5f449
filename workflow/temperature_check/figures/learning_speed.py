"""Time to learn at the chosen learning rate against inverse temperature β."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from temperature_check.evaluation.statistics import median_interval
from temperature_check.figures import panels as parts

if TYPE_CHECKING:
    from temperature_check.study import LearningSpeed, Panel

COLUMN = "time_to_learn"
CENSORED = {"ok": "^", "failed": "^"}


def draw(runs: pd.DataFrame, settings: LearningSpeed, panels: list[Panel]) -> tuple[Figure, pd.DataFrame]:
    """The figure, and the numbers it shows: a row a seed, a row a median and a row a β whose ‖Z0‖ is out of reach."""
    seeds = {panel: parts.seeds_of(runs, panel, COLUMN, "steps") for panel in panels}
    medians = {panel: medians_of(seeds[panel], settings.confidence) for panel in panels}
    unreached = {panel: parts.unreached_of(runs, panel) for panel in panels}

    def draw_panel(axis, panel):
        parts.against_beta(axis, panel, medians[panel], unreached[panel], "time to learn (steps)")
        _draw_seeds(axis, seeds[panel], settings.color)
        _draw_medians(axis, medians[panel], settings.color)
        parts.plain_logarithmic(axis)

    figure = parts.panel_figure(panels, draw_panel)
    every = pd.concat(medians.values())
    entries = [
        parts.seed_entry(settings.color),
        _median_entry(settings, every),
        _censored_entry(settings.color, every),
    ]
    parts.add_legend(figure, entries + parts.shared_entries(settings.color, every, pd.concat(unreached.values())))
    return figure, pd.concat([*seeds.values(), *medians.values(), *unreached.values()], ignore_index=True)


def medians_of(seeds: pd.DataFrame, confidence: float) -> pd.DataFrame:
    """By cell, the median time and its interval, the number of censored seeds and the last step of training.

    A censored run that diverged, and stopped early, counts as one that did not learn until the last step.
    """
    medians = parts.summarize(seeds, COLUMN, confidence, median_interval, "median")
    cells = seeds.assign(censored=np.isinf(seeds[COLUMN])).groupby(parts.CELL, dropna=False, as_index=False)
    return medians.merge(cells[["censored"]].sum(), on=parts.CELL).assign(steps=seeds["steps"].max())


def _draw_seeds(axis: Axes, seeds: pd.DataFrame, color: str) -> None:
    censored = np.isinf(seeds[COLUMN])
    parts.draw_seeds(axis, seeds[~censored], COLUMN, color)
    never = seeds[censored].assign(steps=seeds["steps"].max())
    parts.draw_seeds(axis, never, "steps", color, markers=CENSORED)


def _draw_medians(axis: Axes, medians: pd.DataFrame, color: str) -> None:
    """Medians; an interval without upper end is drawn up to the last step, a censored median is a triangle there."""
    known = medians[np.isfinite(medians[COLUMN])]
    parts.draw_means(axis, known.assign(high=known["high"].clip(upper=known["steps"])), COLUMN, color)
    never = medians[np.isinf(medians[COLUMN])]
    parts.draw_cells(axis, never, "steps", color, marker="^", markersize=10, zorder=1.5)


def _median_entry(settings: LearningSpeed, medians: pd.DataFrame) -> Line2D:
    entry = parts.mean_entry(settings.color, settings.confidence, "median")
    if medians["low"].isna().all():
        entry.set_label(f"median; too few seeds for a {settings.confidence:.0%} interval")
    return entry


def _censored_entry(color: str, medians: pd.DataFrame) -> Line2D:
    label = f"not learned by the last step ({medians['censored'].sum()} of {medians['n'].sum()})"
    return Line2D([], [], color=color, marker="^", linestyle="", label=label)
