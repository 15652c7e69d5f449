"""What figures with a panel for each task have in common."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FormatStrFormatter, LogLocator, NullFormatter

from temperature_check.evaluation.statistics import mean_interval
from temperature_check.figures.style import PANEL_INCHES

if TYPE_CHECKING:
    from temperature_check.study import Panel

Interval = Callable[[np.ndarray, float], tuple[float, float, float]]

CELL = ["task", "dataset", "train_examples", "beta", "z0", "scaled_learning_rate", "rate_edge"]
SPREAD = 0.3
BAND = 10**0.25
TOP = 0.96
LEGEND_LINE_INCHES = 0.19
FAILED = {"color": "crimson", "marker": "x"}
MARKERS = {"ok": "o", "failed": FAILED["marker"]}


def runs_of(runs: pd.DataFrame, panel: Panel) -> pd.DataFrame:
    """The runs of a panel's task at the ‖Z0‖ it shows."""
    own = runs[runs["task"] == panel.task]
    return own[own["z0"].isna() if panel.z0 is None else own["z0"].isin(np.atleast_1d(panel.z0))]


def seeds_of(runs: pd.DataFrame, panel: Panel, *columns: str) -> pd.DataFrame:
    """The report runs of a panel that have a network, with their cell, seed, status and `columns`."""
    own = runs_of(runs, panel)
    reached = own[(own["phase"] == "report") & (own["status"] != "unreachable")]
    return reached[[*CELL, "seed", "status", *columns]].assign(series="seed")


def means_of(seeds: pd.DataFrame, column: str, confidence: float) -> pd.DataFrame:
    """`summarize` with the mean and its Student-t interval."""
    return summarize(seeds, column, confidence, mean_interval, "mean")


def summarize(seeds: pd.DataFrame, column: str, confidence: float, interval: Interval, series: str) -> pd.DataFrame:
    """By cell, a statistic of a column over the runs that have a value, with its interval `low` to `high`.

    interval: gives statistic, low and high of an array at a level of confidence.
    Returns beside these the number n of runs with a value, and of failed runs, with or without one.
    """
    rows = []
    for cell, runs in seeds.groupby(CELL, dropna=False):
        values = runs[column].dropna()
        numbers = dict(zip((column, "low", "high"), interval(values.to_numpy(), confidence)))
        failed = int((runs["status"] == "failed").sum())
        rows.append(dict(zip(CELL, cell)) | numbers | {"n": len(values), "failed": failed, "series": series})
    table = pd.DataFrame(rows, columns=[*CELL, column, "low", "high", "n", "failed", "series"])
    types = dict.fromkeys((column, "low", "high"), float) | dict.fromkeys(("n", "failed"), int)
    return table.astype({name: seeds[name].dtype for name in CELL} | types)


def unreached_of(runs: pd.DataFrame, panel: Panel) -> pd.DataFrame:
    """The cells of a panel whose ‖Z0‖ no network reached, so that they have no report runs."""
    own = runs_of(runs, panel)
    reached = (
        (own["status"] != "unreachable").groupby([own[name] for name in ("task", "beta", "z0")], dropna=False).any()
    )
    return reached[~reached].index.to_frame(index=False).assign(series="unreachable")


def panel_figure(
    panels: list[Panel],
    *rows: Callable[[Axes, Panel], None],
    width: float = 1.0,
    height: float = 1.0,
    transposed: bool = False,
) -> Figure:
    """A figure with a column for each panel and a row for each of `rows`, which fill its axes.

    width, height: in units of a panel's usual ones. transposed: rows are columns, and columns rows.
    """
    shape = (len(panels), len(rows)) if transposed else (len(rows), len(panels))
    inches = (PANEL_INCHES[0] * width * shape[1], PANEL_INCHES[1] * height * shape[0])
    figure, axes = plt.subplots(*shape, squeeze=False, figsize=inches, layout="constrained")
    for draw_row, row in zip(rows, axes.T if transposed else axes):
        for panel, axis in zip(panels, row):
            draw_row(axis, panel)
    return figure


def gather(shown: Mapping[Panel, NamedTuple], *names: str) -> pd.DataFrame:
    """The tables `names` of all panels, each a field of what a panel shows, one under the other."""
    return pd.concat([getattr(part, name) for name in names for part in shown.values()], ignore_index=True)


def add_legend(figure: Figure, entries: list) -> None:
    """A legend below all panels, for which the figure grows."""
    columns = min(max(int(figure.get_figwidth() / PANEL_INCHES[0]), 1), 3)
    figure.set_figheight(figure.get_figheight() + LEGEND_LINE_INCHES * math.ceil(len(entries) / columns))
    figure.legend(handles=entries, loc="outside lower center", ncols=columns, frameon=False)


def against_beta(
    axis: Axes, panel: Panel, means: pd.DataFrame, unreached: pd.DataFrame, label: str, seeds: str = "seeds"
) -> None:
    """Labels of a panel against β, with β = 1 marked and unreached β hatched; its title, with conditions, on top."""
    for beta in unreached["beta"]:
        axis.axvspan(beta / BAND, beta * BAND, facecolor="none", edgecolor="0.7", hatch="///", linewidth=0)
    axis.axvline(1, color="0.5", linestyle="--", linewidth=1)
    axis.set_xscale("log")
    axis.set_xlabel("inverse temperature β" if axis.get_subplotspec().is_last_row() else "")
    axis.set_ylabel(label if axis.get_subplotspec().is_first_col() else "")
    if axis.get_subplotspec().is_first_row():
        axis.set_title(f"{panel.title}\n{conditions(means, seeds)}", fontsize="small")


def within_percent(axis: Axes) -> None:
    """Keep a vertical axis in percent from following an interval beyond 0 or 100."""
    low, high = axis.get_ylim()
    axis.set_ylim(max(low, -2), min(high, 102))


def plain_logarithmic(axis: Axes) -> None:
    """A logarithmic vertical axis for few decades, labelled in plain numbers, once something is drawn on it."""
    if not np.isfinite(axis.dataLim.minposy):
        return
    axis.set_yscale("log")
    axis.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.yaxis.set_major_formatter(FormatStrFormatter("%g"))
    axis.yaxis.set_minor_formatter(NullFormatter())


def write_note(axis: Axes, text: str) -> None:
    """A note in the lower left corner of a panel."""
    box = {"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 2}
    axis.text(0.04, 0.04, text, transform=axis.transAxes, fontsize="small", zorder=5, bbox=box)


def conditions(means: pd.DataFrame, seeds: str = "seeds") -> str:
    """Data, size of the training set, ‖Z0‖ unless there are several, and n of the runs in a table of means."""
    if means.empty:
        return "no runs"
    dataset, examples, z0 = means[["dataset", "train_examples", "z0"]].iloc[0]
    norm = "plain initialization, " if pd.isna(z0) else f"‖Z0‖ = {z0:g}, " if means["z0"].nunique() == 1 else ""
    least, most = (int(bound) for bound in (means["n"].min(), means["n"].max()))
    count = f"n = {least}" if least == most else f"n = {least} to {most}"
    return f"{dataset}, {int(examples):,} training examples\n{norm}{count} {seeds}"


def draw_seeds(
    axis: Axes,
    seeds: pd.DataFrame,
    column: str,
    color: str,
    scale: float = 1,
    markers: Mapping[str, str] = MARKERS,
    shift: float = 1,
) -> None:
    """Every seed a point, failed runs in a color of their own, and at the top where they have no value.

    markers: by status. scale, shift: factors of values and of β.
    """
    styles = {"ok": {"color": color, "s": 12}, "failed": {"color": FAILED["color"], "s": 30, "linewidths": 1.5}}
    for status, style in styles.items():
        chosen = seeds[seeds["status"] == status]
        place = shift * _beside(chosen)
        axis.scatter(place, scale * chosen[column], alpha=0.6, zorder=2, marker=markers[status], **style)
    lost = seeds[(seeds["status"] == "failed") & seeds[column].isna()]
    top = {"transform": axis.get_xaxis_transform(), "linestyle": "", **FAILED}
    axis.plot(shift * _beside(lost), np.full(len(lost), TOP), **top)


def draw_means(
    axis: Axes, means: pd.DataFrame, column: str, color: str, scale: float = 1, marker: str = "s", shift: float = 1
) -> None:
    """Means with their intervals, open where the rate is at an edge of its grid; scale and shift as in `draw_seeds`."""
    axis.plot(shift * means["beta"], scale * means[column], color=color, linewidth=1, zorder=3)
    for edge, chosen in means.groupby(means["rate_edge"] != ""):
        errors = scale * np.array([chosen[column] - chosen["low"], chosen["high"] - chosen[column]])
        style = {"fmt": marker, "markersize": 6, "capsize": 3, "linewidth": 1.2, "zorder": 4, "color": color}
        face = "white" if edge else color
        axis.errorbar(shift * chosen["beta"], scale * chosen[column], yerr=errors, markerfacecolor=face, **style)


def draw_cells(axis: Axes, cells: pd.DataFrame, column: str, color: str, **style) -> None:
    """A mark for each cell, open where the rate is at an edge of its grid."""
    for edge, chosen in cells.groupby(cells["rate_edge"] != ""):
        face = "white" if edge else color
        axis.plot(chosen["beta"], chosen[column], color=color, markerfacecolor=face, linestyle="", **style)


def _beside(seeds: pd.DataFrame) -> pd.Series:
    """β, each seed a little beside it so that equal values do not hide each other."""
    seeds_at = seeds.groupby("beta")["seed"]
    places = (seeds_at.rank() - 0.5) / seeds_at.transform("count") - 0.5
    return seeds["beta"] * 10 ** (SPREAD * places)


def seed_entry(color: str) -> Line2D:
    """The legend's entry of `draw_seeds`."""
    return Line2D([], [], color=color, marker="o", markersize=3.5, linestyle="", alpha=0.6, label="one seed")


def mean_entry(color: str, confidence: float, what: str = "mean", marker: str = "s") -> Line2D:
    """The legend's entry of `draw_means`."""
    return Line2D([], [], color=color, marker=marker, markersize=6, label=f"{what}, {confidence:.0%} interval")


def shared_entries(color: str, means: pd.DataFrame, unreached: pd.DataFrame) -> list:
    """The legend's entries of β = 1, failed runs, rates at an edge and, where there are any, unreached cells."""
    failed = Line2D(
        [], [], linestyle="", label=f"failed report run ({means['failed'].sum()} of {means['n'].sum()})", **FAILED
    )
    return [one_entry(), failed, edge_entry(color, means), *reach_entries(unreached)]


def one_entry() -> Line2D:
    """The legend's entry of β = 1."""
    return Line2D([], [], color="0.5", linestyle="--", label="β = 1")


def edge_entry(color: str, cells: pd.DataFrame) -> Line2D:
    """The legend's entry of cells whose rate is at an edge of its grid."""
    label = f"learning rate at an edge of its grid ({(cells['rate_edge'] != '').sum()} of {len(cells)})"
    return Line2D([], [], color=color, marker="s", markerfacecolor="white", linestyle="", label=label)


def reach_entries(unreached: pd.DataFrame) -> list[Patch]:
    """The legend's entry of unreached cells, if there are any."""
    entry = Patch(facecolor="none", edgecolor="0.7", hatch="///", label="‖Z0‖ out of reach")
    return [] if unreached.empty else [entry]
