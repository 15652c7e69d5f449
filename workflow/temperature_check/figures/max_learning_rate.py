"""The largest stable learning rate against β, beside the limits of linear stability and of one step in τ_nl."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from temperature_check.evaluation.statistics import slope_interval
from temperature_check.figures import experiments as parts
from temperature_check.figures.panels import add_legend, write_note

if TYPE_CHECKING:
    from temperature_check.study import LargestRateFigure, Panel

LIMITS = {
    "linear_limit": {"color": "#ca6702", "linestyle": "--"},
    "nonlinear_limit": {"color": "#6a4c93", "linestyle": ":"},
}
NAMES = {
    "linear_limit": "linear stability: 2/(β² λmax), slope −2",
    "nonlinear_limit": f"one step takes {parts.TAU_NL}: c/β, slope −1",
}


def draw(rates: pd.DataFrame, settings: LargestRateFigure, panels: list[Panel]) -> tuple[Figure, pd.DataFrame]:
    """The figure, and the numbers it shows: a row a bisection, and a row a fitted slope."""
    tables = {panel: _rates(rates[rates["task"] == panel.task]) for panel in panels}
    fits = {panel: {"task": panel.task} | _fit(tables[panel], settings.confidence) for panel in panels}
    rows = [[partial(_draw_panel, tables[panel], fits[panel], panel, settings) for panel in panels]]
    figure = parts.grid_figure(rows, height=1)
    add_legend(figure, _entries(settings, pd.concat(tables.values())))
    shown = [table.assign(series="bisection") for table in tables.values()]
    return figure, pd.concat([*shown, *(pd.DataFrame([fit]) for fit in fits.values())], ignore_index=True)


def _rates(own: pd.DataFrame) -> pd.DataFrame:
    """η instead of ηβ; largest: the geometric middle of the last interval, or the bound that was not left."""
    names = ("largest_stable", "smallest_unstable", *LIMITS)
    table = own.assign(**{name: own[name] / own["beta"] for name in names})
    middle = np.sqrt(table["largest_stable"] * table["smallest_unstable"])
    found = np.isfinite(middle)
    bound = table["largest_stable"].fillna(table["smallest_unstable"])
    return table.assign(found=found, largest=middle.where(found, bound))


def _fit(table: pd.DataFrame, confidence: float) -> dict:
    """Slope of log η in log β over the β whose bisections all ended inside the bounds."""
    means = (
        np.log10(table[["beta", "largest"]])
        .assign(found=table["found"])
        .groupby("beta")
        .agg({"largest": "mean", "found": "all"})
    )
    inner = means[means["found"]]
    slope = slope_interval(inner.index.to_numpy(), inner["largest"].to_numpy(), confidence)[:3]
    return dict(zip(("slope", "low", "high"), slope)) | {"n": len(inner), "series": "fit"}


def _draw_panel(table: pd.DataFrame, fit: dict, panel: Panel, settings: LargestRateFigure, axis: Axes) -> None:
    found, bound = table[table["found"]], table[~table["found"]]
    axis.plot(found["beta"], found["largest"], color=settings.color, marker="o", markersize=5, linestyle="", alpha=0.7)
    axis.plot(bound["beta"], bound["largest"], color=settings.color, linestyle="", **parts.CENSORED)
    for name, style in LIMITS.items():
        axis.plot(table.groupby("beta")[name].median(), **style)
    axis.set(xscale="log", yscale="log", xlabel="inverse temperature β")
    axis.set_ylabel("largest stable learning rate η" if axis.get_subplotspec().is_first_col() else "")
    condition = f"‖Z0‖ = {table['z0'].iloc[0]:g}, {table['steps'].iloc[0]:g} steps" if len(table) else ""
    slope = parts.slope_text([fit[name] for name in ("slope", "low", "high")], settings.confidence, "-1 or -2")
    axis.set_title(parts.heading(panel, table, condition, slope), fontsize="small")
    _mark_regimes(axis, table)
    if not np.isfinite(table["nonlinear_limit"]).any():
        write_note(axis, f"no limit c/β: {parts.TAU_NL} was not measured\nor, in half of the runs, not reached")


def _mark_regimes(axis: Axes, table: pd.DataFrame) -> None:
    """The β at which both limits are equal: below it c/β is the smaller one, above it that of linear stability."""
    limits = np.log10(table.groupby("beta")[list(LIMITS)].median())
    difference = (limits["linear_limit"] - limits["nonlinear_limit"]).sort_index(ascending=False)
    if difference.min() < 0 < difference.max():
        beta = 10 ** np.interp(0, difference, np.log10(difference.index))
        axis.axvline(beta, color="0.7", linewidth=1)
        for side, text in (("right", "c/β "), ("left", " λmax")):
            axis.text(beta, 0.98, text, transform=axis.get_xaxis_transform(), ha=side, va="top", fontsize="small")


def _entries(settings: LargestRateFigure, table: pd.DataFrame) -> list[Line2D]:
    bound = f"at a bound of the search ({(~table['found']).sum()} of {len(table)})"
    style = {"color": settings.color, "linestyle": ""}
    return [
        Line2D([], [], marker="o", label="largest stable rate, one seed", **style),
        Line2D([], [], label=bound, **style | parts.CENSORED),
        *(Line2D([], [], label=NAMES[name], **look) for name, look in LIMITS.items()),
        Line2D([], [], color="0.7", linewidth=1, label="limits cross: left, c/β is lower; right, that of λmax"),
    ]
