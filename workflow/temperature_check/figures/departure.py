"""Departure from the linearized network and change of the kernel: against η̃t, and at two moments against β."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from temperature_check.evaluation.effects import departure_curves, departure_moments, medians_by_beta
from temperature_check.evaluation.levels import LEVEL
from temperature_check.figures.curves import (
    beta_entries,
    beta_styles,
    draw_curve,
    failed_entries,
    grid_figure,
    label_row,
    set_heading,
)
from temperature_check.figures.panels import add_legend
from temperature_check.figures.style import GRAY, entry

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    from temperature_check.study.figures import DepartureFigure, Panel

MEASURES = {"departure": "departure from the\nlinearized network", "kernel_change": "relative change\nof the kernel"}
MOMENTS = {"half": {"marker": "o", "linestyle": "-"}, "end": {"marker": "s", "linestyle": "--"}}
SENTENCE = (
    "Departure from the linearized network and change of the kernel: training is near linear below the dashed line"
)
SHIFT = {"half": 10**-0.04, "end": 10**0.04}
"""Factors of β that set both moments apart, far less than the distance between neighbors."""


def draw(curves: pd.DataFrame, settings: DepartureFigure, tasks: list[Panel]) -> tuple[Figure, pd.DataFrame]:
    """The figure, and the numbers it shows: one row per recorded step, and one per run and moment.

    It shows the runs of the smallest ‖Z0‖ and the largest ηβ of each task.
    """
    shown = {panel: departure_curves(curves, panel.task) for panel in tasks}
    moments = {panel: departure_moments(shown[panel]) for panel in tasks}
    every = pd.concat(shown.values())
    styles = beta_styles(every["beta"], settings.palette)
    against_time = [
        [partial(_draw_curves, shown[panel], styles, panel, measure) for panel in tasks] for measure in MEASURES
    ]
    against_beta = [
        [partial(_draw_moments, moments[panel], measure, settings) for panel in tasks] for measure in MEASURES
    ]
    figure = grid_figure(SENTENCE, against_time + against_beta)
    entries = [*beta_entries(styles), *failed_entries(every)]
    add_legend(figure, [*entries, *_entries(settings.confidence, pd.concat(moments.values()))])
    tables = [
        table.assign(series=series)
        for series, group in (("curve", shown), ("moment", moments))
        for table in group.values()
    ]
    return figure, pd.concat(tables, ignore_index=True)


def _draw_curves(own: pd.DataFrame, styles: dict, panel: Panel, measure: str, axis: Axes) -> None:
    for _, curve in own.groupby(["beta", "seed"]):
        draw_curve(axis, curve, "scaled_time", curve[measure], styles)
        if measure == "departure":
            floor = {"linestyle": ":", "linewidth": 0.8, "marker": ""}
            draw_curve(axis, curve.assign(status=""), "scaled_time", curve["noise_floor"], styles, **floor)
    axis.axhline(LEVEL, color=GRAY, linestyle="--", linewidth=1)
    axis.set(xscale="log", yscale="log", xlabel="η̃t (steps × ηβ²)")
    label_row(axis, MEASURES[measure])
    if axis.get_subplotspec().is_first_row():
        z0, rate = (f"{own[name].iloc[0]:g}" for name in ("z0", "scaled_learning_rate"))
        set_heading(axis, panel, own, f"‖Z0‖ = {z0}, ηβ = {rate}")


def _draw_moments(moments: pd.DataFrame, measure: str, settings: DepartureFigure, axis: Axes) -> None:
    for moment, style in MOMENTS.items():
        values = moments[moments["moment"] == moment].dropna(subset=measure)
        values = values.assign(beta=SHIFT[moment] * values["beta"])
        points = {"color": settings.color, "alpha": 0.4, "markersize": 3} | style | {"linestyle": ""}
        axis.plot(values["beta"], values[measure], **points)
        _draw_medians(axis, values, measure, settings, style)
    axis.set(xscale="log", yscale="log", xlabel="inverse temperature β")
    label_row(axis, MEASURES[measure])


def _draw_medians(axis: Axes, values: pd.DataFrame, measure: str, settings: DepartureFigure, style: dict) -> None:
    medians = medians_by_beta(values, measure, settings.confidence)
    errors = [medians["median"] - medians["low"], medians["high"] - medians["median"]]
    axis.errorbar(medians.index, medians["median"], yerr=errors, color=settings.color, capsize=3, linewidth=1, **style)


def _entries(confidence: float, moments: pd.DataFrame) -> list[Line2D]:
    half = moments.loc[moments["moment"] == "half", "step"]
    reached = f"at half the initial loss ({np.isfinite(half).sum()} of {len(half)} runs)"
    return [
        entry(color=GRAY, linestyle="--", label=f"{LEVEL:.0%}, the end of the linear regime"),
        entry(color=GRAY, linestyle=":", label="rounding of float32"),
        entry(color=GRAY, label=f"{reached}, median, {confidence:.0%} interval", **MOMENTS["half"]),
        entry(color=GRAY, label=f"at the last step, median, {confidence:.0%} interval", **MOMENTS["end"]),
    ]
