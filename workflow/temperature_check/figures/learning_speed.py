"""Time to learn at the chosen learning rate against inverse temperature β."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from temperature_check.evaluation.cells import median_times
from temperature_check.figures import panels
from temperature_check.figures.style import FRONT, entry

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    from temperature_check.study.figures import LearningSpeed, Panel

COLUMN = "time_to_learn"
SENTENCE = "Steps until accuracy on the probe is halfway from chance to 1: lower is faster"
TRIANGLES = {"ok": "^", "failed": "^"}
"""Markers by status of seeds that never learned."""


def draw(runs: pd.DataFrame, settings: LearningSpeed, tasks: list[Panel]) -> tuple[Figure, pd.DataFrame]:
    """The figure, and the numbers it shows: one row per seed, per median, and per β whose ‖Z0‖ is out of reach."""
    seeds = {panel: panels.seeds_of(runs, panel, COLUMN, "steps") for panel in tasks}
    medians = {panel: median_times(seeds[panel], settings.confidence).assign(series="median") for panel in tasks}
    unreached = {panel: panels.unreached_of(runs, panel) for panel in tasks}

    def draw_panel(axis, panel):
        panels.against_beta(axis, panel, medians[panel], unreached[panel], "time to learn (steps)")
        _draw_seeds(axis, seeds[panel], settings.color)
        _draw_medians(axis, medians[panel], settings.color)
        panels.plain_logarithmic(axis)

    figure = panels.panel_figure(SENTENCE, tasks, draw_panel)
    every = pd.concat(medians.values())
    entries = [
        panels.seed_entry(settings.color),
        _median_entry(settings, every),
        _censored_entry(settings.color, every),
    ]
    panels.add_legend(figure, entries + panels.shared_entries(settings.color, every, pd.concat(unreached.values())))
    return figure, pd.concat([*seeds.values(), *medians.values(), *unreached.values()], ignore_index=True)


def _draw_seeds(axis: Axes, seeds: pd.DataFrame, color: str) -> None:
    censored = np.isinf(seeds[COLUMN])
    panels.draw_seeds(axis, seeds[~censored], COLUMN, color)
    never = seeds[censored].assign(steps=seeds["steps"].max())
    panels.draw_seeds(axis, never, "steps", color, markers=TRIANGLES, front=True)


def _draw_medians(axis: Axes, medians: pd.DataFrame, color: str) -> None:
    """Draw medians. An interval without upper end is drawn to the last step; a censored median is a triangle there."""
    known = medians[np.isfinite(medians[COLUMN])]
    panels.draw_medians(axis, known.assign(high=known["high"].clip(upper=known["steps"])), COLUMN, color)
    never = medians[np.isinf(medians[COLUMN])]
    panels.draw_cells(axis, never, "steps", color, marker="^", markersize=10, **FRONT | {"zorder": FRONT["zorder"] - 1})


def _median_entry(settings: LearningSpeed, medians: pd.DataFrame) -> Line2D:
    entry = panels.median_entry(settings.color, settings.confidence)
    if medians["low"].isna().all():
        entry.set_label(f"median; too few seeds for a {settings.confidence:.0%} interval")
    return entry


def _censored_entry(color: str, medians: pd.DataFrame) -> Line2D:
    label = f"not learned by the last step ({medians['censored'].sum()} of {medians['n'].sum()})"
    return entry(color=color, marker="^", linestyle="", label=label)
