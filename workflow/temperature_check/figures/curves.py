"""What figures of the experiments on early learning have in common."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import seaborn

from temperature_check.figures.style import FAILED, entry, new_figure, set_title
from temperature_check.runs.columns import RUN

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    from temperature_check.study.figures import Panel

MARKERS = ("o", "s", "D", "v", "P", "*", "h", "<")
"""Markers of values of β, so that they differ without colors as well."""
LIGHTEST = 0.9
"""The end of the palettes that is used. Beyond it some are too light on white."""
SPACING = 0.2
"""Distance of markers along a curve, as a share of the panel's diagonal."""
TAU_Z, TAU_NL = "$τ_z$", "$τ_{nl}$"

Draw = Callable[["Axes"], None]


def grid_figure(sentence: str, rows: Sequence[Sequence[Draw]], height: float = 0.85, shared: bool = True) -> Figure:
    """A figure of rows of axes, each filled by a function of its own. Later rows may be shorter than the first.

    sentence, height: as in `new_figure`. shared: The panels of a row have the same vertical axis.
    """
    figure = new_figure(sentence, len(rows), len(rows[0]), height=height)
    axes = figure.subplots(len(rows), len(rows[0]), squeeze=False, sharey="row" if shared else "none")
    for draws, row in zip(rows, axes):
        for draw, axis in zip(draws, row):
            draw(axis)
        for axis in row[len(draws) :]:
            axis.set_visible(False)
    return figure


def label_row(axis: Axes, label: str) -> None:
    """Label the vertical axis that the panels of a row share."""
    axis.set_ylabel(label if axis.get_subplotspec().is_first_col() else "")


def beta_styles(betas: Iterable[float], palette: str) -> dict[float, dict]:
    """A color and a marker for each β, in the order of their values. Colors of larger β are lighter or darker."""
    ordered = sorted(set(betas))
    colors = seaborn.color_palette(palette, as_cmap=True)(np.linspace(0, LIGHTEST, len(ordered)))
    pairs = zip(map(tuple, colors), itertools.cycle(MARKERS))
    return {beta: {"color": color, "marker": marker} for beta, (color, marker) in zip(ordered, pairs)}


def beta_entries(styles: dict[float, dict], **style) -> list[Line2D]:
    """The legend's entries of the values of β."""
    return [entry(f"β = {beta:g}", markersize=4, **own, **style) for beta, own in styles.items()]


def draw_curve(axis: Axes, curve: pd.DataFrame, time: str, values: pd.Series, styles: dict, **style) -> None:
    """Draw the values of a run against its time, after the first step, and a cross if the run failed."""
    betas, beta = list(styles), curve["beta"].iloc[0]
    start = SPACING * betas.index(beta) / len(betas)
    later = (curve["step"] > 0) & np.isfinite(values)
    look = {"markersize": 3, "markevery": (start, SPACING), "linewidth": 1} | styles[beta] | style
    axis.plot(curve[time][later], values[later], **look)
    if (curve["status"] == "failed").any():
        axis.plot(curve[time][later].tail(1), values[later].tail(1), **FAILED)


def failed_entries(curves: pd.DataFrame) -> list[Line2D]:
    """The legend's entry of failed runs, if there are any. curves: of the runs shown."""
    runs = curves.drop_duplicates([name for name in RUN if name in curves])
    failed = (runs["status"] == "failed").sum()
    label = f"last finite value of a failed run ({failed} of {len(runs)} runs)"
    return [entry(label, linestyle="", **FAILED)] if failed else []


def set_heading(axis: Axes, panel: Panel, table: pd.DataFrame, *conditions: str) -> None:
    """Write the title of a task's panel: task, data, examples of the batch, number of seeds, further conditions."""
    if table.empty:
        set_title(axis, panel.title, "no runs")
        return
    dataset, examples = table[["dataset", "examples"]].iloc[0]
    about = f"{dataset}, full batch of {examples:g}, n = {table['seed'].nunique()} seeds"
    set_title(axis, panel.title, about, *conditions)


def slope_text(slope: Sequence[float], confidence: float, expected: str) -> str:
    """A slope with its interval in words, beside the one that theory gives."""
    value, low, high = slope
    if not np.isfinite(value):
        return "no slope: too few values"
    interval = f" ({confidence:.0%}: {low:z.2f} to {high:z.2f})" if np.isfinite(low) else ""
    return f"slope {value:z.2f}{interval}, theory {expected}".replace("-", "−")
