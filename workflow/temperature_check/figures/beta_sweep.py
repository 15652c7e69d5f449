"""Test accuracy at the chosen learning rate against inverse temperature β, a panel a task."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
from matplotlib.figure import Figure

from temperature_check.figures import panels as parts

if TYPE_CHECKING:
    from temperature_check.study import BetaSweep, Panel

COLUMN = "test_accuracy"


def draw(runs: pd.DataFrame, settings: BetaSweep, panels: list[Panel]) -> tuple[Figure, pd.DataFrame]:
    """The figure, and the numbers it shows: a row a seed, a row a mean and a row a β whose ‖Z0‖ is out of reach."""
    seeds = {panel: parts.seeds_of(runs, panel, COLUMN) for panel in panels}
    means = {panel: parts.means_of(seeds[panel], COLUMN, settings.confidence) for panel in panels}
    unreached = {panel: parts.unreached_of(runs, panel) for panel in panels}

    def draw_panel(axis, panel):
        parts.against_beta(axis, panel, means[panel], unreached[panel], "test accuracy (%)")
        parts.draw_seeds(axis, seeds[panel], COLUMN, settings.color, scale=100)
        parts.draw_means(axis, means[panel], COLUMN, settings.color, scale=100)
        parts.within_percent(axis)

    figure = parts.panel_figure(panels, draw_panel)
    entries = [parts.seed_entry(settings.color), parts.mean_entry(settings.color, settings.confidence)]
    shared = parts.shared_entries(settings.color, pd.concat(means.values()), pd.concat(unreached.values()))
    parts.add_legend(figure, entries + shared)
    return figure, pd.concat([*seeds.values(), *means.values(), *unreached.values()], ignore_index=True)
