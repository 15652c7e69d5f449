"""The largest stable learning rate against β, beside the limits of linear stability and of one step in τ_nl."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from temperature_check.evaluation.effects import SLOPE, STABILITY_REGIMES, crossing, largest_rate_slopes, largest_rates
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
LATE_LIMIT = {"color": "#2d6a4f", "linestyle": "-.", "linewidth": 1.2}
COLUMNS = 4
SENTENCE = "Largest stable learning rate: compare the points with the lower of the lines that theory gives"
NAMES = {
    "linear_limit": "linear stability: 2/(β² λmax), slope −2",
    "nonlinear_limit": f"one step takes {TAU_NL}: c/β, slope −1",
}


def draw(rates: pd.DataFrame, settings: LargestRateFigure, tasks: list[Panel]) -> tuple[Figure, pd.DataFrame]:
    """The figure, and the numbers it shows: one row per search, and one per slope of a regime."""
    tables = {panel: largest_rates(rates[rates["task"] == panel.task]) for panel in tasks}
    fits = {panel: largest_rate_slopes(tables[panel], settings.confidence) for panel in tasks}
    draws = [partial(_draw_panel, tables[panel], fits[panel], panel, settings) for panel in tasks]
    rows = [draws[start : start + COLUMNS] for start in range(0, len(draws), COLUMNS)]
    figure = grid_figure(SENTENCE, rows, height=1)
    add_legend(figure, _entries(settings, pd.concat(tables.values())))
    shown = [table.assign(series="search") for table in tables.values()]
    slopes = [fit.assign(task=panel.task, series="fit") for panel, fit in fits.items()]
    return figure, pd.concat([*shown, *slopes], ignore_index=True)


def _draw_panel(table: pd.DataFrame, fits: pd.DataFrame, panel: Panel, settings: LargestRateFigure, axis: Axes) -> None:
    found, bound = table[table["found"]], table[~table["found"]]
    axis.plot(found["beta"], found["largest"], color=settings.color, marker="o", markersize=5, linestyle="", alpha=0.7)
    axis.plot(bound["beta"], bound["largest"], color=settings.color, linestyle="", **CENSORED)
    for name, style in LIMIT_STYLES.items():
        axis.plot(table.groupby("beta")[name].median(), **style)
    axis.set(xscale="log", yscale="log", xlabel="inverse temperature β")
    label_row(axis, "largest stable learning rate η")
    condition = f"‖Z0‖ = {table['z0'].iloc[0]:g}, {table['steps'].iloc[0]:g} steps" if len(table) else ""
    expected = dict(zip(STABILITY_REGIMES, ("-1" if panel.degree is None else f"-1 or -2/{panel.degree}", "-2")))
    slopes = [
        f"{fit['regime']}: {slope_text([fit[name] for name in SLOPE], settings.confidence, expected[fit['regime']])}"
        for fit in fits.to_dict("records")
    ]
    slopes = [line for slope in slopes for line in slope.replace(", theory", ",\ntheory").splitlines()]
    set_heading(axis, panel, table, condition, *slopes)
    _draw_late_limit(axis, table, panel)
    _mark_regimes(axis, table)
    if not np.isfinite(table["nonlinear_limit"]).any():
        # Rates fall with β, so that this corner is free.
        write_note(axis, f"no limit c/β: {TAU_NL} was not measured\nor, in half of the runs, not reached", True)


def _draw_late_limit(axis: Axes, table: pd.DataFrame, panel: Panel) -> None:
    """Draw the slope of the limit that a homogeneous network meets when its logits have grown to 1/β."""
    small = table[(table["beta"] <= 1) & table["found"].astype(bool)]
    if panel.degree and len(small):
        medians = small.groupby("beta")["largest"].median()
        betas = medians.index.to_numpy()
        axis.plot(betas, medians.iloc[0] * (betas / betas[0]) ** (-2 / panel.degree), **LATE_LIMIT)


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
        entry(label="logits grow to 1/β: slope −2/L, through the smallest β", **LATE_LIMIT),
        entry(color="0.7", linewidth=1, label="limits cross: left, c/β is lower; right, λmax is"),
    ]
