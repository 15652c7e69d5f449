"""What figures with one panel per task have in common."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.patches import Patch
from matplotlib.ticker import FormatStrFormatter, LogLocator, NullFormatter

from temperature_check.evaluation.cells import CHOSEN_CELL, report_runs, unreached_cells
from temperature_check.figures.style import FAILED, FRONT, LINE_INCHES, PANEL_INCHES, entry, new_figure, set_title

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    from temperature_check.study.figures import Panel

SPREAD = 0.3
"""Width in decades of β over which the seeds of one β are spread, so that equal values do not hide each other."""
BAND = 10**0.25
"""Factor of β to either side that the hatching of an unreached β covers: half the distance between neighbors that are
half a decade apart."""
TOP = 0.96
"""Height of a run without a finite value, as a share of the axis: near its top, and below its frame."""
MARKERS = {"ok": "o", "failed": FAILED["marker"]}


def runs_of(runs: pd.DataFrame, panel: Panel) -> pd.DataFrame:
    """The runs of a panel's task at the ‖Z0‖ it shows."""
    own = runs[runs["task"] == panel.task]
    return own[own["z0"].isna() if panel.z0 is None else own["z0"].isin(np.atleast_1d(panel.z0))]


def seeds_of(runs: pd.DataFrame, panel: Panel, *columns: str) -> pd.DataFrame:
    """The report runs of a panel that have a network, with their cell, seed, status and `columns`."""
    reached = report_runs(runs_of(runs, panel))
    return reached[[*CHOSEN_CELL, "seed", "status", *columns]].assign(series="seed")


def unreached_of(runs: pd.DataFrame, panel: Panel) -> pd.DataFrame:
    """The cells of a panel whose ‖Z0‖ no network reached, so that they have no report runs."""
    return unreached_cells(runs_of(runs, panel)).assign(series="unreachable")


def panel_figure(sentence: str, tasks: list[Panel], *rows: Callable[[Axes, Panel], None], height: float = 1) -> Figure:
    """A figure with a column for each task and a row for each of `rows`, which fill its axes.

    The panels of a row have the same vertical axis. sentence, height: as in `new_figure`.
    """
    figure = new_figure(sentence, len(rows), len(tasks), height=height)
    axes = figure.subplots(len(rows), len(tasks), squeeze=False, sharex="col", sharey="row")
    fill(axes, rows, tasks)
    return figure


def fill(axes: np.ndarray, rows: Sequence[Callable[[Axes, Panel], None]], tasks: list[Panel]) -> None:
    """Let each of `rows` fill its row of axes, one for each task."""
    for draw_row, row in zip(rows, axes, strict=True):
        for panel, axis in zip(tasks, row, strict=True):
            draw_row(axis, panel)


def gather(shown: Mapping[Panel, NamedTuple], *names: str) -> pd.DataFrame:
    """The tables `names` of all panels, one under the other. Each is a field of what a panel shows."""
    return pd.concat([getattr(part, name) for name in names for part in shown.values()], ignore_index=True)


def add_legend(figure: Figure, entries: list) -> None:
    """Add a legend below all panels. The figure grows by its height."""
    columns = min(max(int(figure.get_figwidth() / PANEL_INCHES[0]), 1), 3)
    figure.set_figheight(figure.get_figheight() + LINE_INCHES * math.ceil(len(entries) / columns))
    figure.legend(handles=entries, loc="outside lower center", ncols=columns, frameon=False)


def against_beta(
    axis: Axes, panel: Panel, means: pd.DataFrame, unreached: pd.DataFrame, label: str, seeds: str = "seeds"
) -> None:
    """Label a panel against β, mark β = 1, and hatch unreached β. The top row has titles with the conditions."""
    for beta in unreached["beta"]:
        axis.axvspan(beta / BAND, beta * BAND, facecolor="none", edgecolor="0.7", hatch="///", linewidth=0)
    axis.axvline(1, color="0.5", linestyle="--", linewidth=1)
    axis.set_xscale("log")
    axis.set_xlabel("inverse temperature β" if axis.get_subplotspec().is_last_row() else "")
    axis.set_ylabel(label if axis.get_subplotspec().is_first_col() else "")
    if axis.get_subplotspec().is_first_row():
        set_title(axis, panel.title, conditions(means, seeds))


def within_percent(axis: Axes) -> None:
    """Keep a vertical axis in percent from following an interval beyond 0 or 100, also for panels that follow."""
    low, high = axis.get_ylim()
    axis.set_ylim(max(low, -2), min(high, 102), auto=None)


def logarithmic(axis: Axes) -> bool:
    """Make a vertical axis logarithmic, if something is drawn on it. Returns whether it is."""
    drawn = bool(np.isfinite(axis.dataLim.minposy))
    axis.set_yscale("log" if drawn else "linear")
    return drawn


def plain_logarithmic(axis: Axes) -> None:
    """Make a vertical axis of few decades `logarithmic`, with plain numbers as labels."""
    if not logarithmic(axis):
        return
    axis.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.yaxis.set_major_formatter(FormatStrFormatter("%g"))
    axis.yaxis.set_minor_formatter(NullFormatter())


def write_note(axis: Axes, text: str, upper_right: bool = False) -> None:
    """Write a note in the lower left corner of a panel, or in the upper right one."""
    box = {"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 2}
    place = {"x": 0.96, "y": 0.96, "ha": "right", "va": "top"} if upper_right else {"x": 0.04, "y": 0.04}
    axis.text(s=text, transform=axis.transAxes, fontsize="small", zorder=5, bbox=box, **place)


def conditions(means: pd.DataFrame, seeds: str = "seeds") -> str:
    """What a title says of a table of means: data, size of the training set, ‖Z0‖ unless there are several, and n."""
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
    front: bool = False,
) -> None:
    """Draw one point per seed. Failed runs have a color of their own, and are at the top if they have no value.

    markers: by status. scale, shift: factors of values and of β. front: Nothing hides any of them; if false, this holds
    for failed runs alone.
    """
    usual = {"color": color, "s": 12} | (FRONT if front else {"alpha": 0.6, "zorder": 2})
    for status, style in {
        "ok": usual,
        "failed": {"color": FAILED["color"], "s": 30, "linewidths": 1.5, **FRONT},
    }.items():
        chosen = seeds[seeds["status"] == status]
        axis.scatter(shift * _beside(chosen), scale * chosen[column], marker=markers[status], **style)
    lost = seeds[(seeds["status"] == "failed") & seeds[column].isna()]
    top = {"transform": axis.get_xaxis_transform(), "linestyle": "", **FAILED}
    axis.plot(shift * _beside(lost), np.full(len(lost), TOP), **top)


def draw_medians(
    axis: Axes,
    means: pd.DataFrame,
    column: str,
    color: str,
    scale: float = 1,
    marker: str = "s",
    shift: float = 1,
    joined: bool = True,
) -> None:
    """Draw medians with their intervals. They are open if the rate is at an edge of its grid.

    scale, shift: as in `draw_seeds`. joined: whether a line joins them.
    """
    if joined:
        axis.plot(shift * means["beta"], scale * means[column], color=color, linewidth=1, zorder=3)
    for edge, chosen in means.groupby(means["rate_edge"] != ""):
        errors = scale * np.array([chosen[column] - chosen["low"], chosen["high"] - chosen[column]])
        style = {"fmt": marker, "markersize": 6, "capsize": 3, "linewidth": 1.2, "zorder": 4, "color": color}
        face = "white" if edge else color
        axis.errorbar(shift * chosen["beta"], scale * chosen[column], yerr=errors, markerfacecolor=face, **style)


def draw_cells(axis: Axes, cells: pd.DataFrame, column: str, color: str, **style) -> None:
    """Draw a mark for each cell, open if the rate is at an edge of its grid."""
    for edge, chosen in cells.groupby(cells["rate_edge"] != ""):
        face = "white" if edge else color
        axis.plot(chosen["beta"], chosen[column], color=color, markerfacecolor=face, linestyle="", **style)


def _beside(seeds: pd.DataFrame) -> pd.Series:
    """β of each seed, shifted so that the seeds of one β together cover SPREAD."""
    seeds_at = seeds.groupby("beta")["seed"]
    places = (seeds_at.rank() - 0.5) / seeds_at.transform("count") - 0.5
    return seeds["beta"] * 10 ** (SPREAD * places)


def seed_entry(color: str) -> Line2D:
    """The legend's entry of `draw_seeds`."""
    return entry(color=color, marker="o", markersize=3.5, linestyle="", alpha=0.6, label="one seed")


def median_entry(color: str, confidence: float, what: str = "median", marker: str = "s") -> Line2D:
    """The legend's entry of `draw_medians`."""
    return entry(color=color, marker=marker, markersize=6, label=f"{what}, {confidence:.0%} interval")


def shared_entries(color: str, means: pd.DataFrame, unreached: pd.DataFrame) -> list:
    """The legend's entries of β = 1, failed runs, rates at an edge and unreached cells, if there are any."""
    failed = entry(linestyle="", label=f"failed report run ({means['failed'].sum()} of {means['n'].sum()})", **FAILED)
    return [one_entry(), failed, edge_entry(color, means), *reach_entries(unreached)]


def one_entry() -> Line2D:
    """The legend's entry of β = 1."""
    return entry(color="0.5", linestyle="--", label="β = 1")


def edge_entry(color: str, cells: pd.DataFrame) -> Line2D:
    """The legend's entry of cells whose rate is at an edge of its grid."""
    label = f"learning rate at an edge of its grid ({(cells['rate_edge'] != '').sum()} of {len(cells)})"
    return entry(color=color, marker="s", markerfacecolor="white", linestyle="", label=label)


def reach_entries(unreached: pd.DataFrame) -> list[Patch]:
    """The legend's entry of unreached cells, if there are any."""
    entry = Patch(facecolor="none", edgecolor="0.7", hatch="///", label="‖Z0‖ out of reach")
    return [] if unreached.empty else [entry]
