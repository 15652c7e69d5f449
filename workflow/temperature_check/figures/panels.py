"""What figures with a panel for each task have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from temperature_check.evaluation.statistics import mean_interval
from temperature_check.figures.style import PANEL_INCHES

if TYPE_CHECKING:
    from temperature_check.study import Panel

CELL = ["task", "dataset", "train_examples", "beta", "z0", "scaled_learning_rate", "rate_edge"]
SPREAD = 0.06
BAND = 10**0.25
FAILED = {"color": "crimson", "marker": "x"}


def runs_of(runs: pd.DataFrame, panel: Panel) -> pd.DataFrame:
    """The runs of a panel's task at its ‖Z0‖."""
    own = runs[runs["task"] == panel.task]
    return own[own["z0"].isna() if panel.z0 is None else own["z0"] == panel.z0]


def seeds_of(runs: pd.DataFrame, panel: Panel, *columns: str) -> pd.DataFrame:
    """The report runs of a panel that have a network, with their cell, seed, status and `columns`."""
    own = runs_of(runs, panel)
    reached = own[(own["phase"] == "report") & (own["status"] != "unreachable")]
    return reached[[*CELL, "seed", "status", *columns]].assign(series="seed")


def means_of(seeds: pd.DataFrame, column: str, confidence: float) -> pd.DataFrame:
    """By cell, the mean of a column over seeds, its interval `low` to `high`, the number n of seeds and of failures."""
    rows = []
    for cell, runs in seeds.groupby(CELL, dropna=False):
        mean, low, high = mean_interval(runs[column], confidence)
        failed = int((runs["status"] == "failed").sum())
        numbers = {column: mean, "low": low, "high": high, "n": len(runs), "failed": failed, "series": "mean"}
        rows.append(dict(zip(CELL, cell)) | numbers)
    return pd.DataFrame(rows, columns=[*CELL, column, "low", "high", "n", "failed", "series"])


def unreached_of(runs: pd.DataFrame, panel: Panel) -> pd.DataFrame:
    """The cells of a panel whose ‖Z0‖ no network reached, so that they have no report runs."""
    own = runs_of(runs, panel)
    reached = own.loc[own["status"] != "unreachable", "beta"]
    cells = own.loc[~own["beta"].isin(reached), ["task", "beta", "z0"]]
    return cells.drop_duplicates().assign(series="unreachable")


def panel_figure(panels: list[Panel], draw_panel: Callable[[Axes, Panel], None], height: float = 1.0) -> Figure:
    """A figure with an axis for each panel, which `draw_panel` fills; `height` in units of a panel's usual one."""
    size = {"figsize": (PANEL_INCHES[0] * len(panels), PANEL_INCHES[1] * height), "layout": "constrained"}
    figure, axes = plt.subplots(1, len(panels), squeeze=False, **size)
    for axis, panel in zip(axes[0], panels):
        draw_panel(axis, panel)
    return figure


def add_legend(figure: Figure, entries: list) -> None:
    """A legend below all panels."""
    columns = min(len(figure.axes), 3)
    figure.legend(handles=entries, loc="outside lower center", ncols=columns, frameon=False)


def against_beta(axis: Axes, panel: Panel, means: pd.DataFrame, unreached: pd.DataFrame) -> None:
    """Title, conditions and horizontal axis of a panel against β, with β = 1 marked and unreached β hatched."""
    for beta in unreached["beta"]:
        axis.axvspan(beta / BAND, beta * BAND, facecolor="none", edgecolor="0.7", hatch="///", linewidth=0)
    axis.axvline(1, color="0.5", linestyle="--", linewidth=1)
    axis.set_xscale("log")
    axis.set_xlabel("inverse temperature β")
    axis.set_title(f"{panel.title}\n{conditions(means)}", fontsize="small")


def conditions(means: pd.DataFrame) -> str:
    """Data, size of the training set, ‖Z0‖ and n of the runs in a table of means."""
    if means.empty:
        return "no runs"
    dataset, examples, z0 = means[["dataset", "train_examples", "z0"]].iloc[0]
    norm = "plain initialization" if pd.isna(z0) else f"‖Z0‖ = {z0:g}"
    least, most = (int(bound) for bound in (means["n"].min(), means["n"].max()))
    count = f"n = {least}" if least == most else f"n = {least} to {most}"
    return f"{dataset}, {int(examples):,} training examples\n{norm}, {count} seeds"


def draw_seeds(axis: Axes, seeds: pd.DataFrame, column: str, color: str, scale: float = 1) -> None:
    """Every seed a point, failed runs as crosses; values are multiplied by `scale`."""
    styles = {"ok": {"color": color, "marker": "o", "s": 12}, "failed": {**FAILED, "s": 30, "linewidths": 1.5}}
    for status, style in styles.items():
        chosen = seeds[seeds["status"] == status]
        axis.scatter(_beside(chosen), scale * chosen[column], alpha=0.6, zorder=2, **style)


def draw_means(axis: Axes, means: pd.DataFrame, column: str, color: str, scale: float = 1) -> None:
    """Means with their intervals; a mean whose rate is at an edge of its grid is an open square."""
    axis.plot(means["beta"], scale * means[column], color=color, linewidth=1, zorder=3)
    for edge, chosen in means.groupby(means["rate_edge"] != ""):
        errors = scale * np.array([chosen[column] - chosen["low"], chosen["high"] - chosen[column]])
        style = {"fmt": "s", "markersize": 6, "capsize": 3, "linewidth": 1.2, "zorder": 4}
        face = "white" if edge else color
        axis.errorbar(chosen["beta"], scale * chosen[column], yerr=errors, color=color, markerfacecolor=face, **style)


def _beside(seeds: pd.DataFrame) -> pd.Series:
    """β, each seed a little beside it so that equal values do not hide each other."""
    ranks = seeds.groupby("beta")["seed"].rank() - seeds.groupby("beta")["seed"].transform("count") / 2 - 0.5
    return seeds["beta"] * 10 ** (SPREAD * ranks)


def seed_entry(color: str) -> Line2D:
    """The legend's entry of `draw_seeds`."""
    return Line2D([], [], color=color, marker="o", markersize=3.5, linestyle="", alpha=0.6, label="one seed")


def mean_entry(color: str, confidence: float) -> Line2D:
    """The legend's entry of `draw_means`."""
    return Line2D([], [], color=color, marker="s", markersize=6, label=f"mean, {confidence:.0%} interval over seeds")


def shared_entries(color: str, means: pd.DataFrame, unreached: pd.DataFrame) -> list:
    """The legend's entries of β = 1, failed runs, rates at an edge and, where there are any, unreached cells."""
    runs, failed, edges = int(means["n"].sum()), int(means["failed"].sum()), int((means["rate_edge"] != "").sum())
    edge = f"rate at an edge of its grid ({edges} of {len(means)})"
    entries = [
        Line2D([], [], color="0.5", linestyle="--", label="β = 1"),
        Line2D([], [], linestyle="", label=f"failed run ({failed} of {runs})", **FAILED),
        Line2D([], [], color=color, marker="s", markerfacecolor="white", linestyle="", label=edge),
    ]
    out_of_reach = Patch(facecolor="none", edgecolor="0.7", hatch="///", label="‖Z0‖ out of reach")
    return entries if unreached.empty else [*entries, out_of_reach]
