"""The chosen learning rate times β, ηβ, against β and over the plane of β and ‖Z0‖."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.patches import Patch

from temperature_check.evaluation.cells import CELL, chosen_rates, tried_rates, tuning_runs
from temperature_check.evaluation.rate_slopes import REGIMES, rate_plateaus, rate_slopes
from temperature_check.figures import panels
from temperature_check.figures.planes import draw_plane, logarithmic, plane_width
from temperature_check.figures.style import FAILED, GRAY, entry, new_figure, set_title

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from temperature_check.study.figures import ChosenRateFigure, Panel

SENTENCE = "Chosen ηβ against β: if η is best at 1/β, squares are level within their bars, which span what did as well"
PLANE_HEIGHT = 0.8
"""Height of planes, in units of that of other panels."""
CELL_INCHES = 0.4
"""Width of a cell, in which a rate with one digit fits."""
LINES = dict(zip(REGIMES, ("-", "--"), strict=True))


def draw(runs: pd.DataFrame, settings: ChosenRateFigure, tasks: list[Panel]) -> tuple[Figure, pd.DataFrame]:
    """The figure, and the numbers it shows: one row per rate tried or chosen, per slope, and per cell out of reach.

    Tasks with several ‖Z0‖ have a heat map of the chosen ηβ below.
    """
    tuned = tuning_runs(runs)
    shown = {panel: _rates(runs, tuned, panel, settings.confidence) for panel in tasks}
    figure = _figure(shown, settings)
    entries = _entries(settings, panels.gather(shown, "chosen"), panels.gather(shown, "unreached"))
    panels.add_legend(figure, entries)
    return figure, panels.gather(shown, "tried", "cells", "plateaus", "slopes", "unreached")


class Rates(NamedTuple):
    """What a panel shows: rates tried and chosen at its ‖Z0‖, their plateaus and slopes, and the plane of all ‖Z0‖."""

    plane: Panel
    tried: pd.DataFrame
    chosen: pd.DataFrame
    plateaus: pd.DataFrame
    slopes: pd.DataFrame
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
    plane, own = replace(panel, z0=_norms(runs, panel)), panels.runs_of(tuned, panel)
    cells = chosen_rates(panels.runs_of(tuned, plane), confidence).assign(series="chosen")
    chosen = panels.runs_of(cells, panel)
    known = own[[name for name in CELL if name != "beta"]].head(1).to_dict("records")
    plateaus, slopes = (
        table(own, confidence).assign(series=series, **(known[0] if known else {}))
        for table, series in ((rate_plateaus, "plateau"), (rate_slopes, "slope"))
    )
    tried = tried_rates(own).assign(series="tried")
    return Rates(plane, tried, chosen, plateaus, slopes, cells, panels.unreached_of(runs, plane))


def _draw_rates(shown: dict[Panel, Rates], settings: ChosenRateFigure, axis: Axes, panel: Panel) -> None:
    rates = shown[panel]
    unreached = panels.runs_of(rates.unreached, panel)
    panels.against_beta(axis, panel, rates.chosen, unreached, "chosen ηβ", "tuning seeds")
    axis.set_yscale("log")
    _draw_tried(axis, rates.tried)
    for learned, plateaus in rates.plateaus.groupby("learned"):
        color = settings.color if learned else GRAY
        axis.vlines(plateaus["beta"], plateaus["lowest"], plateaus["highest"], color, linewidth=4, alpha=0.4)
        chosen = rates.chosen[rates.chosen["beta"].isin(plateaus["beta"])]
        panels.draw_cells(axis, chosen, "scaled_learning_rate", color, marker="s", markersize=7, zorder=4)
    _draw_slopes(axis, rates.chosen, rates.slopes, settings)


def _draw_slopes(axis: Axes, chosen: pd.DataFrame, slopes: pd.DataFrame, settings: ChosenRateFigure) -> None:
    """Draw the line of each regime, and say its slope and what that means."""
    lines = []
    for fit in slopes.to_dict("records"):
        interval = ""
        if np.isfinite(fit["slope"]):
            bounds = f" ({fit['low']:z.2f} to {fit['high']:z.2f})" if np.isfinite(fit["low"]) else ""
            interval = f"{fit['slope']:z.2f}{bounds}: "
            betas = [beta for beta in chosen["beta"] if REGIMES[fit["regime"]](beta)]
            ends = np.array([min(betas), max(betas)])
            style = {"color": settings.color, "linestyle": LINES[fit["regime"]], "linewidth": 1.2, "zorder": 3}
            axis.plot(ends, 10 ** fit["intercept"] * ends ** fit["slope"], **style)
        lines.append(f"{fit['regime']}: {interval}{fit['verdict']}".replace("-", "−"))
    panels.write_note(axis, "\n".join(lines))


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


def _draw_tried(axis: Axes, tried: pd.DataFrame) -> None:
    whole, broken = tried[tried["failed"] == 0], tried[tried["failed"] > 0]
    axis.plot(
        whole["beta"], whole["scaled_learning_rate"], color="0.7", marker="_", markersize=7, linestyle="", zorder=2
    )
    axis.plot(broken["beta"], broken["scaled_learning_rate"], linestyle="", markersize=5, **FAILED)


def _entries(settings: ChosenRateFigure, chosen: pd.DataFrame, unreached: pd.DataFrame) -> list:
    color = settings.color
    return [
        entry(color=color, marker="s", linestyle="", label="chosen rate"),
        panels.edge_entry(color, chosen),
        Patch(color=color, alpha=0.4, label="rates that were not clearly worse, over tuning seeds"),
        entry(color=GRAY, marker="s", linestyle="", label="a seed did not fit the training data: not in the slope"),
        *(
            entry(
                color=color, linestyle=style, label=f"slope of log ηβ over {regime}, {settings.confidence:.0%} interval"
            )
            for regime, style in LINES.items()
        ),
        entry(color="0.7", marker="_", markersize=7, linestyle="", label="rate tried"),
        entry(linestyle="", markersize=5, label="rate tried, runs failed", **FAILED),
        panels.one_entry(),
        *panels.reach_entries(unreached),
    ]
