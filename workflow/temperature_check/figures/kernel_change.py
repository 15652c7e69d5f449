"""Relative change of the kernel from the start to the end of report runs against inverse temperature β."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from temperature_check.evaluation.cells import medians
from temperature_check.figures import panels

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from temperature_check.study.figures import KernelChangeFigure, Panel

COLUMN = "kernel_change"
SENTENCE = "Change of the kernel in a whole training run: near zero, the network trained as its linearization would"


def draw(runs: pd.DataFrame, settings: KernelChangeFigure, tasks: list[Panel]) -> tuple[Figure, pd.DataFrame]:
    """The figure, and the numbers it shows: one row per seed, per median, and per β whose ‖Z0‖ is out of reach."""
    seeds = {panel: panels.seeds_of(runs, panel, COLUMN) for panel in tasks}
    found = {panel: medians(seeds[panel], COLUMN, settings.confidence).assign(series="median") for panel in tasks}
    unreached = {panel: panels.unreached_of(runs, panel) for panel in tasks}

    def draw_panel(axis, panel):
        panels.against_beta(axis, panel, found[panel], unreached[panel], "relative change of the kernel")
        panels.draw_seeds(axis, seeds[panel], COLUMN, settings.color)
        panels.draw_medians(axis, found[panel], COLUMN, settings.color)
        panels.logarithmic(axis)

    figure = panels.panel_figure(SENTENCE, tasks, draw_panel)
    every = pd.concat(found.values())
    entries = [panels.seed_entry(settings.color), panels.median_entry(settings.color, settings.confidence)]
    panels.add_legend(figure, entries + panels.shared_entries(settings.color, every, pd.concat(unreached.values())))
    return figure, pd.concat([*seeds.values(), *found.values(), *unreached.values()], ignore_index=True)
