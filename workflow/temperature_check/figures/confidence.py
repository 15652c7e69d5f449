"""Accuracy, cross-entropy, calibration error and confidence on test data against β, before and after scaling."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, NamedTuple

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from temperature_check.figures import panels as parts

if TYPE_CHECKING:
    from temperature_check.study import Confidence, Panel


class Measure(NamedTuple):
    """A row of the figure. columns: before and, where scaling changes it, after; by the name of the series."""

    label: str
    columns: dict[str, str]
    scale: float = 1
    logarithmic: bool = False


MEASURES = (
    Measure("test accuracy (%)", {"before": "test_accuracy"}, 100),
    Measure("cross-entropy (nats)", {"before": "test_cross_entropy", "after": "test_scaled_cross_entropy"}, 1, True),
    Measure(
        "expected calibration\nerror (%)",
        {"before": "test_calibration_error", "after": "test_scaled_calibration_error"},
        100,
    ),
    Measure("mean confidence (%)", {"before": "test_confidence", "after": "test_scaled_confidence"}, 100),
)
COLUMNS = [column for measure in MEASURES for column in measure.columns.values()]
SHIFT = {"before": 10**-0.08, "after": 10**0.08}
AT_BOUND = {"ok": "D", "failed": parts.FAILED["marker"]}


def draw(runs: pd.DataFrame, settings: Confidence, panels: list[Panel]) -> tuple[Figure, pd.DataFrame]:
    """The figure, and the numbers it shows: rows of seeds, of means of each column, and of β out of reach."""
    seeds = {panel: parts.seeds_of(runs, panel, *COLUMNS, "temperature_edge") for panel in panels}
    means = {
        (panel, column): parts.means_of(seeds[panel], column, settings.confidence)
        for panel, column in itertools.product(panels, COLUMNS)
    }
    unreached = {panel: parts.unreached_of(runs, panel) for panel in panels}
    colors = {"before": settings.color, "after": settings.scaled_color}

    def row(measure):
        def draw_measure(axis, panel):
            parts.against_beta(axis, panel, means[panel, "test_accuracy"], unreached[panel], measure.label)
            for series, column in measure.columns.items():
                _draw_series(axis, seeds[panel], means[panel, column], column, colors, series, measure.scale)
            if measure.logarithmic:
                parts.plain_logarithmic(axis)

        return draw_measure

    figure = parts.panel_figure(panels, *map(row, MEASURES), height=0.7)
    accuracies = pd.concat(means[panel, "test_accuracy"] for panel in panels)
    entries = _entries(colors, settings.confidence, pd.concat(seeds.values()))
    parts.add_legend(figure, entries + parts.shared_entries(settings.color, accuracies, pd.concat(unreached.values())))
    return figure, pd.concat([*seeds.values(), *means.values(), *unreached.values()], ignore_index=True)


def _draw_series(
    axis: Axes, seeds: pd.DataFrame, means: pd.DataFrame, column: str, colors: dict, series: str, scale: float
) -> None:
    style = {"color": colors[series], "scale": scale, "shift": SHIFT[series]}
    bound = (seeds["temperature_edge"] != "") & (series == "after")
    parts.draw_seeds(axis, seeds[~bound], column, **style)
    parts.draw_seeds(axis, seeds[bound], column, markers=AT_BOUND, **style)
    parts.draw_means(axis, means, column, **style)


def _entries(colors: dict[str, str], confidence: float, seeds: pd.DataFrame) -> list[Line2D]:
    label = f"scaling factor at its bound ({(seeds['temperature_edge'] != '').sum()} of {len(seeds)})"
    return [
        parts.seed_entry(colors["before"]),
        parts.mean_entry(colors["before"], confidence, "mean as trained"),
        parts.mean_entry(colors["after"], confidence, "mean after temperature scaling"),
        Line2D([], [], color=colors["after"], marker="D", markersize=3.5, linestyle="", label=label),
    ]
