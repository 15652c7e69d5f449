"""What figures of the experiments on early learning have in common."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from temperature_check.figures.style import PANEL_INCHES

if TYPE_CHECKING:
    from temperature_check.study.figures import Panel

CENSORED = {"marker": "^", "markerfacecolor": "white"}
"""Style of runs in which an event was not reached."""
TAU_Z, TAU_NL = "$τ_z$", "$τ_{nl}$"

Draw = Callable[[Axes], None]


def grid_figure(rows: Sequence[Sequence[Draw]], height: float = 0.85) -> Figure:
    """A figure of rows of axes, each filled by a function of its own. height: in units of a panel's usual one."""
    inches = (PANEL_INCHES[0] * len(rows[0]), PANEL_INCHES[1] * height * len(rows))
    figure, axes = plt.subplots(len(rows), len(rows[0]), squeeze=False, figsize=inches, layout="constrained")
    for draws, row in zip(rows, axes):
        for draw, axis in zip(draws, row):
            draw(axis)
    return figure


def beta_colors(betas: Sequence[float], palette: str) -> dict[float, tuple]:
    """A color for each β, in the order of their values."""
    ordered = sorted(set(betas))
    return dict(zip(ordered, seaborn.color_palette(palette, len(ordered))))


def beta_entries(colors: dict[float, tuple], **style) -> list[Line2D]:
    """The legend's entries of the colors of β."""
    return [Line2D([], [], color=color, label=f"β = {beta:g}", **style) for beta, color in colors.items()]


def heading(panel: Panel, table: pd.DataFrame, *conditions: str) -> str:
    """The title of a task's panel: task, data, examples of the batch, number of seeds, and further conditions."""
    if table.empty:
        return f"{panel.title}\nno runs"
    about = (
        f"{table['dataset'].iloc[0]}, full batch of {table['examples'].iloc[0]:g}, n = {table['seed'].nunique()} seeds"
    )
    return "\n".join([panel.title, about, *conditions])


def slope_text(slope: Sequence[float], confidence: float, expected: str) -> str:
    """A slope with its interval in words, beside the one that theory gives."""
    value, low, high = slope
    if not np.isfinite(value):
        return "no slope: too few values"
    interval = f" ({confidence:.0%}: {low:z.2f} to {high:z.2f})" if np.isfinite(low) else ""
    return f"slope {value:z.2f}{interval}, theory {expected}".replace("-", "−")
