"""The largest stable learning rate against β, beside the limits of linear stability and of one step in τ_nl."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from temperature_check.evaluation.effects import SLOPE, crossing, largest_rate_slope, largest_rates
from temperature_check.figures.curves import TAU_NL, grid_figure, label_row, set_heading, slope_text
from temperature_check.figures.panels import add_legend, write_note
from temperature_check.figures.style import CENSORED, entry

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    from temperature_check.study.figures import LargestRateFigure, Panel

LIMIT_STYLES = {
    "linear_limit": {"color": "#ca6702", "linestyle": "--"},
    "nonlinear_limit": {"color": "#6a4c93", "linestyle": ":"},
}
SENTENCE = "Largest stable learning rate: compare the points with the lower of the lines that theory gives"
NAMES = {
    "linear_limit": "linear stability: 2/(β² λmax), slope −2",
    "nonlinear_limit": f"one step takes {TAU_NL}: c/β, slope −1",
}


def draw(rates: pd.DataFrame, settings: LargestRateFigure, tasks: list[Panel]) -> tuple[Figure, pd.DataFrame]:
    """The figure, and the numbers it shows: one row per search, and one per fitted slope."""
    tables = {panel: largest_rates(rates[rates["task"] == panel.task]) for panel in tasks}
    fits = {panel: largest_rate_slope(tables[panel], settings.confidence) for panel in tasks}
    rows = [[partial(_draw_panel, tables[panel], fits[panel], panel, settings) for panel in tasks]]
    figure = grid_figure(SENTENCE, rows, height=1)
    add_legend(figure, _entries(settings, pd.concat(tables.values())))
    shown = [table.assign(series="search") for table in tables.values()]
    slopes = [{"task": panel.task} | fit | {"series": "fit"} for panel, fit in fits.items()]
    return figure, pd.concat([*shown, pd.DataFrame(slopes)], ignore_index=True)


def _draw_panel(table: pd.DataFrame, fit: dict, panel: Panel, settings: LargestRateFigure, axis: Axes) -> None:
    found, bound = table[table["found"]], table[~table["found"]]
    axis.plot(found["beta"], found["largest"], color=settings.color, marker="o", markersize=5, linestyle="", alpha=0.7)
    axis.plot(bound["beta"], bound["largest"], color=settings.color, linestyle="", **CENSORED)
    for name, style in LIMIT_STYLES.items():
        axis.plot(table.groupby("beta")[name].median(), **style)
    axis.set(xscale="log", yscale="log", xlabel="inverse temperature β")
    label_row(axis, "largest stable learning rate η")
    condition = f"‖Z0‖ = {table['z0'].iloc[0]:g}, {table['steps'].iloc[0]:g} steps" if len(table) else ""
    slope = slope_text([fit[name] for name in SLOPE], settings.confidence, "-1 or -2")
    set_heading(axis, panel, table, condition, slope)
    _mark_regimes(axis, table)
    if not np.isfinite(table["nonlinear_limit"]).any():
        write_note(axis, f"no limit c/β: {TAU_NL} was not measured\nor, in half of the runs, not reached")


def _mark_regimes(axis: Axes, table: pd.DataFrame) -> None:
    """Mark the β at which both limits are equal, and say to either side which one is smaller there."""
    beta = crossing(table)
    if np.isfinite(beta):
        axis.axvline(beta, color="0.7", linewidth=1)
        for side, text in (("right", "c/β "), ("left", " λmax")):
            axis.text(beta, 0.98, text, transform=axis.get_xaxis_transform(), ha=side, va="top", fontsize="small")


def _entries(settings: LargestRateFigure, table: pd.DataFrame) -> list[Line2D]:
    bound = f"at a bound of the search ({(~table['found']).sum()} of {len(table)})"
    style = {"color": settings.color, "linestyle": ""}
    return [
        entry(marker="o", label="largest stable rate, one seed", **style),
        entry(label=bound, **style | CENSORED),
        *(entry(label=NAMES[name], **look) for name, look in LIMIT_STYLES.items()),
        entry(color="0.7", linewidth=1, label="limits cross: left, c/β is lower; right, λmax is"),
    ]
