"""Training loss and accuracy of several β at equal η̃, against time and against η̃t."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from temperature_check.evaluation.effects import half_time_spreads, with_times
from temperature_check.figures.curves import (
    beta_entries,
    beta_styles,
    draw_curve,
    failed_entries,
    grid_figure,
    label_row,
    set_heading,
)
from temperature_check.figures.panels import add_legend, plain_logarithmic
from temperature_check.figures.style import GRAY, entry
from temperature_check.runs.columns import RUN

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from temperature_check.study.figures import LearningCurvesFigure, Panel

TIMES = {"time": "time t at η = 1 (steps × η)", "scaled_time": "η̃t (steps × ηβ²)"}
KINDS = {"curves_exact": "network", "curves_linearized": "linearized", "curves_correlated": "network"}
STYLES = {"curves_exact": "-", "curves_linearized": "--", "curves_correlated": "-"}
AXES = (
    ("equal initial logits Z0", ("curves_exact", "curves_linearized"), "time"),
    ("equal initial logits Z0", ("curves_exact", "curves_linearized"), "scaled_time"),
    ("correlated copies", ("curves_correlated",), "scaled_time"),
)
"""The columns of the figure: title, phases of the runs, and time that they are shown against."""
SENTENCE = "Learning at equal η̃: if η̃t alone sets the pace, curves of all β coincide in the middle and on the right"
SPREAD = "range of the time to half the loss, in decades"
MEASURES = {"loss": "training loss (nats)", "accuracy": "training accuracy (%)"}


def draw(curves: pd.DataFrame, settings: LearningCurvesFigure, tasks: list[Panel]) -> tuple[Figure, pd.DataFrame]:
    """The figure, and the numbers it shows: one row per recorded step, and one per spread over β."""
    shown = curves[curves["phase"].isin(STYLES) & curves["task"].isin([panel.task for panel in tasks])]
    timed = with_times(shown)
    styles = beta_styles(timed["beta"], settings.palette)
    kinds = [(panel.task, phase, time) for panel in tasks for _, phases, time in AXES for phase in phases]
    spreads = half_time_spreads(timed, kinds, settings.confidence).assign(series="spread")
    texts = {panel: _spread_texts(spreads, panel, settings.confidence) for panel in tasks}
    rows = [
        [partial(_draw_panel, timed, texts[panel], styles, panel, measure, column) for column in AXES]
        for panel in tasks
        for measure in MEASURES
    ]
    figure = grid_figure(SENTENCE, rows)
    linearized = entry(color=GRAY, linestyle="--", label="linearized")
    add_legend(figure, [*beta_entries(styles), linearized, *failed_entries(shown)])
    return figure, pd.concat([timed.assign(series="curve"), spreads], ignore_index=True)


def _draw_panel(
    timed: pd.DataFrame, texts: dict, styles: dict, panel: Panel, measure: str, column: tuple, axis: Axes
) -> None:
    title, phases, time = column
    own = timed[(timed["task"] == panel.task) & timed["phase"].isin(phases)]
    for (phase, _, _), curve in own.groupby(["phase", "beta", "seed"]):
        values = curve[measure] * (100 if measure == "accuracy" else 1)
        draw_curve(axis, curve, time, values, styles, linestyle=STYLES[phase], alpha=0.8)
    axis.set(xscale="log", xlabel=TIMES[time])
    label_row(axis, MEASURES[measure])
    if measure == "loss":
        plain_logarithmic(axis)
        z0, rate = (f"{own[name].iloc[0]:g}" for name in ("z0", "effective_learning_rate"))
        conditions = (f"{title}, ‖Z0‖ = {z0}, η̃ = {rate}", *texts[column], *_rounding_text(own))
        set_heading(axis, panel, own, *conditions)


def _rounding_text(curves: pd.DataFrame) -> list[str]:
    runs = curves.drop_duplicates([*RUN])
    rounded = runs["updates_rounded"].sum()
    return [f"float32 loses over 1% of the first update in {rounded} of {len(runs)} runs"] if rounded else []


def _spread_texts(spreads: pd.DataFrame, panel: Panel, confidence: float) -> dict[tuple, list[str]]:
    """What the titles of a task say of its spreads, by column of the figure."""
    own = spreads[spreads["task"] == panel.task].set_index(["phase", "time_axis"])
    return {
        (title, phases, time): [
            f"{SPREAD},",
            f"over β = {own.loc[phases[0], time]['betas']}:",
            *(_spread_text(own.loc[phase, time], phase, confidence) for phase in phases),
        ]
        for title, phases, time in AXES
    }


def _spread_text(row: pd.Series, phase: str, confidence: float) -> str:
    if not np.isfinite(row["spread"]) and row["reached"] == row["n"]:
        return f"{KINDS[phase]}: none, because all seeds reach ‖Z0‖ at fewer than two β"
    if not np.isfinite(row["spread"]):
        return f"{KINDS[phase]}: not known, {row['reached']} of {row['n']} runs reached it"
    interval = f" ({confidence:.0%}: {row['low']:.2f} to {row['high']:.2f})" if np.isfinite(row["low"]) else ""
    return f"{KINDS[phase]}: {row['spread']:.2f}{interval}, {row['n']} runs"
