"""Training loss and accuracy of several β at equal η̃, against time and against η̃t."""

from __future__ import annotations

import itertools
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from temperature_check.figures import experiments as parts
from temperature_check.figures.panels import add_legend, plain_logarithmic
from temperature_check.figures.style import GRAY

if TYPE_CHECKING:
    from temperature_check.study import LearningCurvesFigure, Panel

TIMES = {"time": "time t at η = 1 (steps × η)", "scaled_time": "η̃t (steps × ηβ²)"}
KINDS = {"curves_exact": "network", "curves_linearized": "linearized", "curves_correlated": "network"}
STYLES = {"curves_exact": "-", "curves_linearized": "--", "curves_correlated": "-"}
COLUMNS = (
    ("equal initial logits Z0", ("curves_exact", "curves_linearized"), "time"),
    ("equal initial logits Z0", ("curves_exact", "curves_linearized"), "scaled_time"),
    ("correlated copies", ("curves_correlated",), "scaled_time"),
)
MEASURES = {"loss": "training loss (nats)", "accuracy": "training accuracy (%)"}


def draw(curves: pd.DataFrame, settings: LearningCurvesFigure, panels: list[Panel]) -> tuple[Figure, pd.DataFrame]:
    """The figure, and the numbers it shows: rows of curves, and of how far apart in time those of different β are."""
    shown = curves[curves["phase"].isin(STYLES) & curves["task"].isin([panel.task for panel in panels])]
    rate = shown["effective_learning_rate"]
    timed = shown.assign(scaled_time=shown["step"] * rate, time=shown["step"] * rate / shown["beta"] ** 2)
    colors = parts.beta_colors(timed["beta"], settings.palette)
    spreads = _spreads(timed, panels)
    rows = [
        [partial(_draw_panel, timed, spreads, colors, panel, measure, column) for column in COLUMNS]
        for panel in panels
        for measure in MEASURES
    ]
    figure = parts.grid_figure(rows)
    linearized = Line2D([], [], color=GRAY, linestyle="--", label="linearized")
    add_legend(figure, [*parts.beta_entries(colors), linearized])
    return figure, pd.concat([timed.assign(series="curve"), spreads], ignore_index=True)


def _draw_panel(
    timed: pd.DataFrame, spreads: pd.DataFrame, colors: dict, panel: Panel, measure: str, column: tuple, axis: Axes
) -> None:
    title, phases, time = column
    own = timed[(timed["task"] == panel.task) & timed["phase"].isin(phases)]
    for (phase, beta, _), curve in own.groupby(["phase", "beta", "seed"]):
        values = curve[measure] * (100 if measure == "accuracy" else 1)
        axis.plot(curve[time], values, color=colors[beta], linestyle=STYLES[phase], linewidth=1, alpha=0.8)
    axis.set(xscale="log", xlabel=TIMES[time], ylabel=MEASURES[measure])
    if measure == "loss":
        plain_logarithmic(axis)
        z0, rate = (f"{own[name].iloc[0]:g}" for name in ("z0", "effective_learning_rate"))
        conditions = (f"{title}, ‖Z0‖ = {z0}, η̃ = {rate}", *_spread_texts(spreads, panel, column))
        axis.set_title(parts.heading(panel, own, *conditions), fontsize="small")


def _spread_texts(spreads: pd.DataFrame, panel: Panel, column: tuple) -> tuple[str, str]:
    chosen = spreads[(spreads["task"] == panel.task) & (spreads["time_axis"] == column[2])]
    rows = chosen[chosen["phase"].isin(column[1])].itertuples()
    kinds = ((KINDS[row.phase], row) for row in rows)
    values = (f"{kind} {_decades(row.spread)} ({row.reached} of {row.n} runs)" for kind, row in kinds)
    return "spread over β of the time to half the loss, in decades:", ",\n".join(values)


def _decades(spread: float) -> str:
    return f"{spread:.2f}" if np.isfinite(spread) else "not known"


def _spreads(timed: pd.DataFrame, panels: list[Panel]) -> pd.DataFrame:
    """How far apart in time curves of different β are: a row a task, kind of run and axis of time."""
    cells = itertools.product(panels, [(phase, time) for _, phases, time in COLUMNS for phase in phases])
    return pd.DataFrame([_spread(timed, panel, phase, time) for panel, (phase, time) in cells])


def _spread(timed: pd.DataFrame, panel: Panel, phase: str, time: str) -> dict:
    """The standard deviation over β of log10 of the time to half the initial loss, averaged over seeds.

    NaN where not all runs got there, for it would be that of other β.
    """
    own = timed[(timed["task"] == panel.task) & (timed["phase"] == phase)]
    halves = pd.Series({run: parts.half_time(curve, time) for run, curve in own.groupby(["beta", "seed"])}, dtype=float)
    reached = np.log10(halves[np.isfinite(halves)])
    spread = reached.groupby(level=1).std().mean() if len(reached) == len(halves) else np.nan
    counts = {"reached": len(reached), "n": len(halves)}
    return {"task": panel.task, "phase": phase, "time_axis": time, "spread": spread, **counts, "series": "spread"}
