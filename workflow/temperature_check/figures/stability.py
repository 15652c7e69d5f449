"""Failed runs, and the spread of test accuracy between seeds, against inverse temperature β."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import pandas as pd

from temperature_check.evaluation.cells import failed_shares, near_chosen_rate, summarize, tuning_runs
from temperature_check.evaluation.intervals import deviation_interval
from temperature_check.figures import panels
from temperature_check.figures.style import GRAY

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    from temperature_check.study.figures import Panel, Stability

TUNING = {"color": GRAY, "marker": "o", "shift": 10**-0.08}
SENTENCE = "Share of failed runs, and spread of seeds that are alike in all else: lower is more stable"
REPORT = {"marker": "s", "shift": 10**0.08}
"""Styles of tuning and report runs. The shifts are factors of β that set both apart."""


def draw(runs: pd.DataFrame, settings: Stability, tasks: list[Panel]) -> tuple[Figure, pd.DataFrame]:
    """The figure, and the numbers it shows: one row per failed share, per deviation, and per β out of reach."""
    near = near_chosen_rate(tuning_runs(runs), settings.decades)
    shown = {panel: _statistics(runs, near, panel, settings.confidence) for panel in tasks}
    rows = (partial(_draw_shares, shown, settings.color), partial(_draw_deviations, shown, settings.color))
    figure = panels.panel_figure(SENTENCE, tasks, *rows, height=0.85)
    entries = _entries(settings, panels.gather(shown, "tuned"), panels.gather(shown, "reported"))
    panels.add_legend(figure, entries + panels.reach_entries(panels.gather(shown, "unreached")))
    return figure, panels.gather(shown, *Statistics._fields)


class Statistics(NamedTuple):
    """What a panel shows: shares of failed tuning and report runs, deviations of test accuracy, and β out of reach."""

    tuned: pd.DataFrame
    reported: pd.DataFrame
    deviations: pd.DataFrame
    unreached: pd.DataFrame


def _statistics(runs: pd.DataFrame, near: pd.DataFrame, panel: Panel, confidence: float) -> Statistics:
    seeds = panels.seeds_of(runs, panel, "test_accuracy")
    return Statistics(
        failed_shares(panels.runs_of(near, panel), confidence).assign(series="tuning"),
        failed_shares(seeds, confidence).assign(series="report"),
        summarize(seeds, "test_accuracy", confidence, deviation_interval).assign(series="deviation"),
        panels.unreached_of(runs, panel),
    )


def _draw_shares(shown: dict[Panel, Statistics], color: str, axis: Axes, panel: Panel) -> None:
    tuned, reported, _, unreached = shown[panel]
    panels.against_beta(axis, panel, reported, unreached, "failed runs (%)")
    panels.draw_means(axis, tuned, "failed_share", scale=100, **TUNING)
    panels.draw_means(axis, reported, "failed_share", color=color, scale=100, **REPORT)


def _draw_deviations(shown: dict[Panel, Statistics], color: str, axis: Axes, panel: Panel) -> None:
    deviations, unreached = shown[panel].deviations, shown[panel].unreached
    panels.against_beta(axis, panel, deviations, unreached, "standard deviation of\ntest accuracy (%)")
    panels.draw_means(axis, deviations, "test_accuracy", color=color, scale=100)
    if not deviations["test_accuracy"].notna().any():
        panels.write_note(axis, "no spread: fewer than two report seeds")
    axis.set_ylim(0, min(axis.get_ylim()[1], 100), auto=None)


def _entries(settings: Stability, tuned: pd.DataFrame, reported: pd.DataFrame) -> list[Line2D]:
    nearby = _nearby(settings.decades, tuned)
    return [
        panels.mean_entry(settings.color, settings.confidence, "report runs at the chosen rate"),
        panels.mean_entry(TUNING["color"], settings.confidence, nearby, TUNING["marker"]),
        panels.one_entry(),
        panels.edge_entry(settings.color, reported),
    ]


def _nearby(decades: float, shares: pd.DataFrame) -> str:
    counts = f"n = {shares['n'].min()} to {shares['n'].max()}"
    return f"tuning runs within a factor of {10**decades:g} of it ({counts})"
