"""Test accuracy at the chosen learning rate against inverse temperature β, a panel a task."""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from temperature_check.evaluation.statistics import mean_interval
from temperature_check.figures.style import PANEL_INCHES

if TYPE_CHECKING:
    from temperature_check.study import BetaSweep

CELL = ["task", "dataset", "train_examples", "beta", "z0", "scaled_learning_rate", "rate_edge"]
SPREAD = 0.06
BAND = 10**0.25


def draw(runs: pd.DataFrame, settings: BetaSweep, titles: dict[str, str]) -> tuple[Figure, pd.DataFrame]:
    """The figure, and the numbers it shows: a row a seed, a row a mean and a row a β whose ‖Z0‖ is out of reach."""
    tasks = list(settings.tasks or titles)
    asked = runs[runs["task"].isin(tasks) & (runs["z0"].isna() | (runs["z0"] == settings.z0) | (settings.z0 is None))]
    seeds = asked[(asked["phase"] == "report") & (asked["status"] != "unreachable")]
    seeds = seeds[[*CELL, "seed", "status", "test_accuracy"]].assign(series="seed")
    numbers = pd.concat([seeds, _means(seeds, settings.confidence), _unreached(asked, seeds)], ignore_index=True)
    return _draw_panels(numbers, tasks, settings, titles), numbers


def _means(seeds: pd.DataFrame, confidence: float) -> pd.DataFrame:
    rows = []
    for cell, runs in seeds.groupby(CELL, dropna=False):
        mean, low, high = mean_interval(runs["test_accuracy"], confidence)
        failed = int((runs["status"] == "failed").sum())
        numbers = {"test_accuracy": mean, "low": low, "high": high, "n": len(runs), "failed": failed}
        rows.append(dict(zip(CELL, cell)) | numbers | {"series": "mean"})
    return pd.DataFrame(rows, columns=[*CELL, "test_accuracy", "low", "high", "n", "failed", "series"])


def _unreached(asked: pd.DataFrame, seeds: pd.DataFrame) -> pd.DataFrame:
    cells = asked.loc[asked["status"] == "unreachable", ["task", "beta", "z0"]].drop_duplicates()
    reached = pd.MultiIndex.from_frame(seeds[["task", "beta", "z0"]])
    return cells[~pd.MultiIndex.from_frame(cells).isin(reached)].assign(series="unreachable")


def _draw_panels(numbers: pd.DataFrame, tasks: list[str], settings: BetaSweep, titles: dict[str, str]) -> Figure:
    width, height = PANEL_INCHES
    size = {"figsize": (width * len(tasks), height), "squeeze": False, "layout": "constrained"}
    figure, axes = plt.subplots(1, len(tasks), **size)
    for axis, task in zip(axes[0], tasks):
        own = numbers[numbers["task"] == task]
        seeds, means, unreached = (own[own["series"] == series] for series in ("seed", "mean", "unreachable"))
        _draw_panel(axis, seeds, means, unreached, settings.color)
        axis.set_title(f"{titles[task]}\n{_conditions(means)}", fontsize="small")
    axes[0, 0].set_ylabel("test accuracy (%)")
    columns = min(len(tasks), 3)
    figure.legend(handles=_legend(settings, numbers), loc="outside lower center", ncols=columns, frameon=False)
    return figure


def _draw_panel(axis: Axes, seeds: pd.DataFrame, means: pd.DataFrame, unreached: pd.DataFrame, color: str) -> None:
    for beta in unreached["beta"]:
        axis.axvspan(beta / BAND, beta * BAND, facecolor="none", edgecolor="0.7", hatch="///", linewidth=0)
    axis.axvline(1, color="0.5", linestyle="--", linewidth=1)
    for status, style in (("ok", {"marker": "o", "s": 12}), ("failed", {"marker": "x", "s": 30, "linewidths": 1.5})):
        chosen = seeds[seeds["status"] == status]
        tint = color if status == "ok" else "crimson"
        axis.scatter(_jittered(chosen), 100 * chosen["test_accuracy"], color=tint, alpha=0.6, zorder=2, **style)
    axis.plot(means["beta"], 100 * means["test_accuracy"], color=color, linewidth=1, zorder=3)
    for edge, at_edge in means.groupby(means["rate_edge"] != ""):
        _draw_means(axis, at_edge, color, "white" if edge else color)
    axis.set_xscale("log")
    axis.set_xlabel("inverse temperature β")


def _draw_means(axis: Axes, means: pd.DataFrame, color: str, face: str) -> None:
    heights = 100 * means["test_accuracy"]
    errors = [heights - 100 * means["low"], 100 * means["high"] - heights]
    style = {"fmt": "s", "markersize": 6, "capsize": 3, "linewidth": 1.2}
    axis.errorbar(means["beta"], heights, yerr=errors, color=color, markerfacecolor=face, zorder=4, **style)


def _jittered(seeds: pd.DataFrame) -> np.ndarray:
    """β, each seed a little beside it so that equal accuracies do not hide each other."""
    ranks = seeds.groupby("beta")["seed"].rank() - seeds.groupby("beta")["seed"].transform("count") / 2 - 0.5
    return seeds["beta"] * 10 ** (SPREAD * ranks)


def _conditions(means: pd.DataFrame) -> str:
    if means.empty:
        return "no runs"
    dataset, examples, z0 = means[["dataset", "train_examples", "z0"]].iloc[0]
    norm = "plain initialization" if pd.isna(z0) else f"‖Z0‖ = {z0:g}"
    least, most = (int(bound) for bound in (means["n"].min(), means["n"].max()))
    count = f"n = {least}" if least == most else f"n = {least} to {most}"
    return f"{dataset}, {int(examples):,} training examples\n{norm}, {count} seeds"


def _legend(settings: BetaSweep, numbers: pd.DataFrame) -> list[Artist]:
    color, means, seeds = settings.color, numbers[numbers["series"] == "mean"], numbers[numbers["series"] == "seed"]
    mean = f"mean and its {settings.confidence:.0%} interval over seeds"
    failed = f"failed run ({int(means['failed'].sum())} of {len(seeds)})"
    edge = f"rate at an edge of its grid ({int((means['rate_edge'] != '').sum())} of {len(means)})"
    entries = [
        Line2D([], [], color=color, marker="o", markersize=3.5, linestyle="", alpha=0.6, label="one seed"),
        Line2D([], [], color=color, marker="s", markersize=6, label=mean),
        Line2D([], [], color="0.5", linestyle="--", label="β = 1"),
        Line2D([], [], color="crimson", marker="x", linestyle="", label=failed),
        Line2D([], [], color=color, marker="s", markerfacecolor="white", linestyle="", label=edge),
    ]
    unreached = [Patch(facecolor="none", edgecolor="0.7", hatch="///", label="‖Z0‖ out of reach")]
    return entries + unreached * bool((numbers["series"] == "unreachable").any())
