"""Failed runs, and the spread of test accuracy between seeds, against inverse temperature β."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from temperature_check.evaluation.chosen import tuning_runs
from temperature_check.evaluation.statistics import deviation_interval, share_interval
from temperature_check.figures import panels as parts
from temperature_check.figures.style import GRAY

if TYPE_CHECKING:
    from temperature_check.study import Panel, Stability

TUNING = {"color": GRAY, "marker": "o", "shift": 10**-0.08}
REPORT = {"marker": "s", "shift": 10**0.08}
ROUNDING = 1e-9


def draw(runs: pd.DataFrame, settings: Stability, panels: list[Panel]) -> tuple[Figure, pd.DataFrame]:
    """The figure, and the numbers it shows: rows of failed shares, of deviations, and of β out of reach."""
    near = _near(tuning_runs(runs), settings.decades)
    shown = {panel: _statistics(runs, near, panel, settings.confidence) for panel in panels}
    rows = (partial(_draw_shares, shown, settings.color), partial(_draw_deviations, shown, settings.color))
    figure = parts.panel_figure(panels, *rows, height=0.85)
    entries = _entries(settings, parts.gather(shown, "tuned"), parts.gather(shown, "reported"))
    parts.add_legend(figure, entries + parts.reach_entries(parts.gather(shown, "unreached")))
    return figure, parts.gather(shown, *Statistics._fields)


class Statistics(NamedTuple):
    """What a panel shows: shares of failed tuning and report runs, deviations of test accuracy, and β out of reach."""

    tuned: pd.DataFrame
    reported: pd.DataFrame
    deviations: pd.DataFrame
    unreached: pd.DataFrame


def _statistics(runs: pd.DataFrame, near: pd.DataFrame, panel: Panel, confidence: float) -> Statistics:
    seeds = parts.seeds_of(runs, panel, "test_accuracy")
    return Statistics(
        _shares(parts.runs_of(near, panel), confidence, "tuning"),
        _shares(seeds, confidence, "report"),
        parts.summarize(seeds, "test_accuracy", confidence, deviation_interval, "deviation"),
        parts.unreached_of(runs, panel),
    )


def _draw_shares(shown: dict[Panel, Statistics], color: str, axis: Axes, panel: Panel) -> None:
    tuned, reported, _, unreached = shown[panel]
    parts.against_beta(axis, panel, reported, unreached, "failed runs (%)")
    parts.draw_means(axis, tuned, "failed_share", scale=100, **TUNING)
    parts.draw_means(axis, reported, "failed_share", color=color, scale=100, **REPORT)


def _draw_deviations(shown: dict[Panel, Statistics], color: str, axis: Axes, panel: Panel) -> None:
    deviations, unreached = shown[panel].deviations, shown[panel].unreached
    parts.against_beta(axis, panel, deviations, unreached, "standard deviation of\ntest accuracy (%)")
    parts.draw_means(axis, deviations, "test_accuracy", color=color, scale=100)
    axis.set_ylim(0, min(axis.get_ylim()[1], 100))


def _entries(settings: Stability, tuned: pd.DataFrame, reported: pd.DataFrame) -> list[Line2D]:
    nearby = _nearby(settings.decades, tuned)
    return [
        parts.mean_entry(settings.color, settings.confidence, "report runs at the chosen rate"),
        parts.mean_entry(TUNING["color"], settings.confidence, nearby, TUNING["marker"]),
        parts.one_entry(),
        parts.edge_entry(settings.color, reported),
    ]


def _near(tuned: pd.DataFrame, decades: float) -> pd.DataFrame:
    distances = np.log10(tuned["scaled_learning_rate"] / tuned["chosen_rate"]).abs()
    return tuned.assign(scaled_learning_rate=tuned["chosen_rate"])[distances <= decades + ROUNDING]


def _shares(runs: pd.DataFrame, confidence: float, series: str) -> pd.DataFrame:
    failed = runs.assign(failed_share=runs["status"] == "failed")
    return parts.summarize(failed, "failed_share", confidence, share_interval, series)


def _nearby(decades: float, shares: pd.DataFrame) -> str:
    counts = f"n = {shares['n'].min()} to {shares['n'].max()}"
    return f"tuning runs within a factor of {10**decades:g} of it ({counts})"
