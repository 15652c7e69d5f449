"""Accuracy, cross-entropy, calibration error and confidence on test data against β, before and after scaling."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

import pandas as pd

from temperature_check.evaluation.cells import medians
from temperature_check.figures import panels
from temperature_check.figures.style import entry

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    from temperature_check.study.figures import Confidence, Panel


class Measure(NamedTuple):
    """A row of the figure.

    columns: by series, `before` and, if scaling changes the measure, `after`. floors: what a perfect model would show.
    """

    label: str
    columns: dict[str, str]
    scale: float = 1
    logarithmic: bool = False
    floors: Mapping[str, str] = MappingProxyType({})


MEASURES = (
    Measure("test accuracy (%)", {"before": "test_accuracy"}, 100),
    Measure("cross-entropy (nats)", {"before": "test_cross_entropy", "after": "test_scaled_cross_entropy"}, 1, True),
    Measure(
        "expected calibration\nerror (%)",
        {"before": "test_calibration_error", "after": "test_scaled_calibration_error"},
        100,
        floors={"before": "test_calibration_floor", "after": "test_scaled_calibration_floor"},
    ),
    Measure("mean confidence (%)", {"before": "test_confidence", "after": "test_scaled_confidence"}, 100),
)
SENTENCE = "Test data before and after temperature scaling: each gap is what one factor on all logits changes"
COLUMNS = [column for measure in MEASURES for column in (*measure.columns.values(), *measure.floors.values())]
FLOOR = {"linestyle": ":", "linewidth": 1.5, "zorder": 2.5}
"""Style of what a perfectly calibrated model would show."""
SHIFT = {"before": 10**-0.08, "after": 10**0.08}
"""Factors of β that set both series apart, far less than the distance between neighbors."""
AT_BOUND = {"ok": "D", "failed": panels.FAILED["marker"]}
"""Markers by status of seeds whose scaling factor is at its bound."""


def draw(runs: pd.DataFrame, settings: Confidence, tasks: list[Panel]) -> tuple[Figure, pd.DataFrame]:
    """The figure, and the numbers it shows: one row per seed, per median of a column, and per β out of reach."""
    seeds = {panel: panels.seeds_of(runs, panel, *COLUMNS, "temperature_edge") for panel in tasks}
    averages = {
        (panel, column): medians(seeds[panel], column, settings.confidence).assign(series="median")
        for panel, column in itertools.product(tasks, COLUMNS)
    }
    unreached = {panel: panels.unreached_of(runs, panel) for panel in tasks}
    colors = {"before": settings.color, "after": settings.scaled_color}

    def row(measure):
        def draw_measure(axis, panel):
            panels.against_beta(axis, panel, averages[panel, "test_accuracy"], unreached[panel], measure.label)
            for series, column in measure.columns.items():
                _draw_series(axis, seeds[panel], averages[panel, column], column, colors, series, measure.scale)
            for series, column in measure.floors.items():
                floor = averages[panel, column]
                axis.plot(floor["beta"], measure.scale * floor[column], color=colors[series], **FLOOR)
            if measure.logarithmic:
                panels.plain_logarithmic(axis)

        return draw_measure

    figure = panels.panel_figure(SENTENCE, tasks, *map(row, MEASURES), height=0.7)
    accuracies = pd.concat(averages[panel, "test_accuracy"] for panel in tasks)
    entries = _entries(colors, settings.confidence, pd.concat(seeds.values()))
    shared = panels.shared_entries(settings.color, accuracies, pd.concat(unreached.values()))
    panels.add_legend(figure, entries + shared)
    return figure, pd.concat([*seeds.values(), *averages.values(), *unreached.values()], ignore_index=True)


def _draw_series(
    axis: Axes, seeds: pd.DataFrame, averages: pd.DataFrame, column: str, colors: dict, series: str, scale: float
) -> None:
    style = {"color": colors[series], "scale": scale, "shift": SHIFT[series]}
    bound = (seeds["temperature_edge"] != "") & (series == "after")
    panels.draw_seeds(axis, seeds[~bound], column, **style)
    panels.draw_seeds(axis, seeds[bound], column, markers=AT_BOUND, front=True, **style)
    panels.draw_medians(axis, averages, column, **style)


def _entries(colors: dict[str, str], confidence: float, seeds: pd.DataFrame) -> list[Line2D]:
    label = f"scaling factor at its bound ({(seeds['temperature_edge'] != '').sum()} of {len(seeds)})"
    return [
        panels.seed_entry(colors["before"]),
        panels.median_entry(colors["before"], confidence, "median as trained"),
        panels.median_entry(colors["after"], confidence, "median after temperature scaling"),
        entry(color=colors["after"], marker="D", markersize=3.5, linestyle="", label=label),
        entry(color=colors["before"], label="calibration error of a perfectly calibrated model", **FLOOR),
    ]
