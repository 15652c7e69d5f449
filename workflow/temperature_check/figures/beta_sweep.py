"""Test accuracy at the chosen learning rate against inverse temperature β, one panel per task."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from temperature_check.evaluation.cells import means
from temperature_check.figures import panels

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from temperature_check.study.figures import BetaSweep, Panel

COLUMN = "test_accuracy"
SENTENCE = "Test accuracy at the chosen learning rate: level squares mean that β makes no difference"


def draw(runs: pd.DataFrame, settings: BetaSweep, tasks: list[Panel]) -> tuple[Figure, pd.DataFrame]:
    """The figure, and the numbers it shows: one row per seed, per mean, and per β whose ‖Z0‖ is out of reach."""
    seeds = {panel: panels.seeds_of(runs, panel, COLUMN) for panel in tasks}
    averages = {panel: means(seeds[panel], COLUMN, settings.confidence).assign(series="mean") for panel in tasks}
    unreached = {panel: panels.unreached_of(runs, panel) for panel in tasks}

    def draw_panel(axis, panel):
        panels.against_beta(axis, panel, averages[panel], unreached[panel], "test accuracy (%)")
        panels.draw_seeds(axis, seeds[panel], COLUMN, settings.color, scale=100)
        panels.draw_means(axis, averages[panel], COLUMN, settings.color, scale=100)
        panels.within_percent(axis)

    figure = panels.panel_figure(SENTENCE, tasks, draw_panel)
    entries = [panels.seed_entry(settings.color), panels.mean_entry(settings.color, settings.confidence)]
    shared = panels.shared_entries(settings.color, pd.concat(averages.values()), pd.concat(unreached.values()))
    panels.add_legend(figure, entries + shared)
    return figure, pd.concat([*seeds.values(), *averages.values(), *unreached.values()], ignore_index=True)
