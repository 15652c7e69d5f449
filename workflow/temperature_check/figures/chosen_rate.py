"""The chosen learning rate η against inverse temperature β, and ηβ over the plane of β and ‖Z0‖."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from temperature_check.evaluation.cells import chosen_rates, tried_rates, tuning_runs
from temperature_check.evaluation.effects import chosen_rate_slope
from temperature_check.figures import panels
from temperature_check.figures.planes import draw_plane, logarithmic, plane_width
from temperature_check.figures.style import FAILED, GRAY, entry, new_figure, set_title

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from temperature_check.study.figures import ChosenRateFigure, Panel

SENTENCE = "Chosen learning rate η against β: squares along a dotted line mean that ηβ is the same at every β"
PLANE_HEIGHT = 0.8
"""Height of planes, in units of that of other panels."""
CELL_INCHES = 0.4
"""Width of a cell, in which a rate with one digit fits."""


def draw(runs: pd.DataFrame, settings: ChosenRateFigure, tasks: list[Panel]) -> tuple[Figure, pd.DataFrame]:
    """The figure, and the numbers it shows: one row per rate tried or chosen, per fit, and per cell out of reach.

    Tasks with several ‖Z0‖ have a heat map of the chosen ηβ below.
    """
    tuned = tuning_runs(runs)
    shown = {panel: _rates(runs, tuned, panel, settings.confidence) for panel in tasks}
    figure = _figure(shown, settings)
    entries = _entries(settings.color, panels.gather(shown, "cells"), panels.gather(shown, "unreached"))
    panels.add_legend(figure, entries)
    return figure, panels.gather(shown, "tried", "cells", "fit", "unreached")


class Rates(NamedTuple):
    """What a panel shows: the rates tried and chosen at its ‖Z0‖, their fit, and the cells of the plane of all ‖Z0‖."""

    plane: Panel
    tried: pd.DataFrame
    chosen: pd.DataFrame
    fit: pd.DataFrame
    cells: pd.DataFrame
    unreached: pd.DataFrame


def _figure(shown: dict[Panel, Rates], settings: ChosenRateFigure) -> Figure:
    """A row of rates, and below it a row of the planes of tasks with several ‖Z0‖, if there are any."""
    tasks, planes = list(shown), [panel for panel, rates in shown.items() if _has_plane(rates)]
    heights = [1, PLANE_HEIGHT][: 2 if planes else 1]
    figure = new_figure(SENTENCE, 1, len(tasks), width=_width(shown, planes), height=sum(heights))
    grid = figure.add_gridspec(len(heights), 1, height_ratios=heights)
    above = grid[0].subgridspec(1, len(tasks)).subplots(squeeze=False, sharey=True)
    panels.fill(above, [partial(_draw_rates, shown, settings)], tasks)
    if planes:
        below = grid[1].subgridspec(1, len(planes)).subplots(squeeze=False)
        panels.fill(below, [partial(_draw_plane, shown, settings.color)], planes)
    return figure


def _width(shown: dict[Panel, Rates], planes: list[Panel]) -> float:
    """The width of each task's panel, so that the planes have room in the width of all."""
    needed = plane_width(((shown[panel].cells, shown[panel].unreached) for panel in planes), CELL_INCHES)
    return max(1, needed * len(planes) / len(shown))


def _rates(runs: pd.DataFrame, tuned: pd.DataFrame, panel: Panel, confidence: float) -> Rates:
    plane = replace(panel, z0=_norms(runs, panel))
    cells = chosen_rates(panels.runs_of(tuned, plane), confidence).assign(series="chosen")
    chosen = panels.runs_of(cells, panel)
    tried = tried_rates(panels.runs_of(tuned, panel)).assign(series="tried")
    return Rates(plane, tried, chosen, _fit(chosen, confidence), cells, panels.unreached_of(runs, plane))


def _draw_rates(shown: dict[Panel, Rates], settings: ChosenRateFigure, axis: Axes, panel: Panel) -> None:
    rates = shown[panel]
    unreached = panels.runs_of(rates.unreached, panel)
    panels.against_beta(axis, panel, rates.chosen, unreached, "chosen learning rate η", "tuning seeds")
    axis.set_yscale("log")
    _draw_tried(axis, rates.tried)
    panels.draw_cells(axis, rates.chosen, "learning_rate", settings.color, marker="s", markersize=7, zorder=4)
    _draw_fit(axis, rates.chosen, rates.fit, settings)


def _draw_plane(shown: dict[Panel, Rates], color: str, axis: Axes, panel: Panel) -> None:
    cells, unreached = shown[panel].cells, shown[panel].unreached
    rates = cells["scaled_learning_rate"]
    set_title(axis, panel.title, "chosen ηβ at every ‖Z0‖")
    labelled = cells.assign(text=[f"{rate:.1g}" for rate in rates])
    draw_plane(axis, labelled, unreached, "scaled_learning_rate", color, logarithmic(rates), "chosen ηβ")


def _has_plane(rates: Rates) -> bool:
    return len(np.atleast_1d(rates.plane.z0)) > 1 and not rates.cells.empty


def _norms(runs: pd.DataFrame, panel: Panel) -> tuple[float, ...] | None:
    own = runs.loc[runs["task"] == panel.task, "z0"].dropna()
    return tuple(sorted(own.unique())) or None


def _fit(chosen: pd.DataFrame, confidence: float) -> pd.DataFrame:
    """The slope of the chosen rates as a table; without a row if fewer than 2 β are in the fit."""
    slope = chosen_rate_slope(chosen, confidence)
    if slope["n"] < 2:
        return pd.DataFrame()
    return pd.DataFrame([slope | {"series": "fit"} | chosen[["task", "z0"]].iloc[0].to_dict()])


def _draw_tried(axis: Axes, tried: pd.DataFrame) -> None:
    whole, broken = tried[tried["failed"] == 0], tried[tried["failed"] > 0]
    axis.plot(whole["beta"], whole["learning_rate"], color="0.7", marker="_", markersize=7, linestyle="", zorder=2)
    axis.plot(broken["beta"], broken["learning_rate"], linestyle="", markersize=5, **FAILED)


def _draw_fit(axis: Axes, chosen: pd.DataFrame, fit: pd.DataFrame, settings: ChosenRateFigure) -> None:
    """Draw the fitted line, say its slope, and draw a line of slope -1 through the points of the fit."""
    if fit.empty:
        panels.write_note(axis, "no fit: fewer than 2 β\nwithout a rate at an edge")
        return
    inner = chosen[chosen["rate_edge"] == ""]
    line, ends = fit.iloc[0], np.array([chosen["beta"].min(), chosen["beta"].max()])
    axis.plot(ends, 10 ** line["intercept"] * ends ** line["slope"], color=settings.color, linewidth=1.2, zorder=3)
    level = np.exp(np.log(inner["learning_rate"] * inner["beta"]).mean())
    axis.plot(ends, level / ends, color=GRAY, linestyle=":", linewidth=1.5, zorder=3)
    bounds = f"{settings.confidence:.0%} interval {line['low']:.2f} to {line['high']:.2f}"
    interval = bounds if np.isfinite(line["low"]) else "no interval"
    text = f"slope {line['slope']:.2f}\n{interval}\n{len(inner)} of {len(chosen)} β"
    panels.write_note(axis, text.replace("-", "−"))


def _entries(color: str, cells: pd.DataFrame, unreached: pd.DataFrame) -> list:
    return [
        entry(color=color, marker="s", linestyle="", label="chosen rate"),
        panels.edge_entry(color, cells),
        entry(color=color, label="least-squares line, without rates at an edge"),
        entry(color=GRAY, linestyle=":", label="slope −1: ηβ constant"),
        entry(color="0.7", marker="_", markersize=7, linestyle="", label="rate tried"),
        entry(linestyle="", markersize=5, label="rate tried, runs failed", **FAILED),
        panels.one_entry(),
        *panels.reach_entries(unreached),
    ]
