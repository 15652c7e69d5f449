"""Failed runs, and the spread of test accuracy between seeds, against inverse temperature β."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from temperature_check.evaluation.chosen import tuning_runs
from temperature_check.evaluation.statistics import deviation_interval, share_interval
from temperature_check.figures import panels as parts

if TYPE_CHECKING:
    from temperature_check.study import Panel, Stability

TUNING = {"color": "0.45", "marker": "o", "shift": 10**-0.08}
REPORT = {"marker": "s", "shift": 10**0.08}
ROUNDING = 1e-9


def draw(runs: pd.DataFrame, settings: Stability, panels: list[Panel]) -> tuple[Figure, pd.DataFrame]:
    """The figure, and the numbers it shows: rows of failed shares, of deviations, and of β out of reach."""
    near, level = _near(tuning_runs(runs), settings.decades), settings.confidence
    seeds = {panel: parts.seeds_of(runs, panel, "test_accuracy") for panel in panels}
    tuned = {panel: _shares(parts.runs_of(near, panel), level, "tuning") for panel in panels}
    reported = {panel: _shares(seeds[panel], level, "report") for panel in panels}
    deviations = {
        panel: parts.summarize(seeds[panel], "test_accuracy", level, deviation_interval, "deviation")
        for panel in panels
    }
    unreached = {panel: parts.unreached_of(runs, panel) for panel in panels}

    def draw_shares(axis, panel):
        parts.against_beta(axis, panel, reported[panel], unreached[panel], "failed runs (%)")
        parts.draw_means(axis, tuned[panel], "failed_share", scale=100, **TUNING)
        parts.draw_means(axis, reported[panel], "failed_share", color=settings.color, scale=100, **REPORT)

    def draw_deviations(axis, panel):
        label = "standard deviation of\ntest accuracy (%)"
        parts.against_beta(axis, panel, deviations[panel], unreached[panel], label)
        parts.draw_means(axis, deviations[panel], "test_accuracy", color=settings.color, scale=100)
        axis.set_ylim(0, min(axis.get_ylim()[1], 100))

    figure = parts.panel_figure(panels, draw_shares, draw_deviations, height=0.85)
    every, every_tuned = pd.concat(reported.values()), pd.concat(tuned.values())
    entries = [
        parts.mean_entry(settings.color, level, "report runs at the chosen rate"),
        parts.mean_entry(TUNING["color"], level, _nearby(settings.decades, every_tuned), TUNING["marker"]),
        parts.one_entry(),
        parts.edge_entry(settings.color, every),
    ]
    parts.add_legend(figure, entries + parts.reach_entries(pd.concat(unreached.values())))
    tables = [part[panel] for part in (tuned, reported, deviations, unreached) for panel in panels]
    return figure, pd.concat(tables, ignore_index=True)


def _near(tuned: pd.DataFrame, decades: float) -> pd.DataFrame:
    distances = np.log10(tuned["scaled_learning_rate"] / tuned["chosen_rate"]).abs()
    return tuned.assign(scaled_learning_rate=tuned["chosen_rate"])[distances <= decades + ROUNDING]


def _shares(runs: pd.DataFrame, confidence: float, series: str) -> pd.DataFrame:
    failed = runs.assign(failed_share=runs["status"] == "failed")
    return parts.summarize(failed, "failed_share", confidence, share_interval, series)


def _nearby(decades: float, shares: pd.DataFrame) -> str:
    counts = f"n = {shares['n'].min()} to {shares['n'].max()}"
    return f"tuning runs within a factor of {10**decades:g} of it ({counts})"
