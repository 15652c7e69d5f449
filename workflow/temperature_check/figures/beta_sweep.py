"""Test and training accuracy at the chosen learning rate against inverse temperature β, one column per task."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import pandas as pd

from temperature_check.evaluation.cells import equal_budget_runs, medians
from temperature_check.figures import panels
from temperature_check.figures.style import GRAY, entry

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    from temperature_check.study.figures import BetaSweep, Panel

SENTENCE = "Test accuracy at the chosen learning rate: level squares mean that β makes no difference where networks fit"
ROWS = {"test_accuracy": "test accuracy (%)", "train_accuracy": "training accuracy (%)"}
EQUAL = {"color": GRAY, "marker": "_", "markersize": 8, "linestyle": ":", "linewidth": 1.2, "zorder": 2.5}
"""Style of medians at the length that is the same in every cell."""


def draw(runs: pd.DataFrame, settings: BetaSweep, tasks: list[Panel]) -> tuple[Figure, pd.DataFrame]:
    """The figure, and the numbers it shows: one row per seed, per median, and per β whose ‖Z0‖ is out of reach."""
    shown = {panel: _accuracies(runs, panel, settings.confidence) for panel in tasks}
    rows = (partial(_draw_row, shown, settings, column) for column in ROWS)
    figure = panels.panel_figure(SENTENCE, tasks, *rows, height=0.85)
    panels.add_legend(figure, _entries(settings, shown))
    return figure, panels.gather(shown, *Accuracies._fields)


class Accuracies(NamedTuple):
    """What a column shows: seeds, medians of each row, medians at equal budget where it is another, β out of reach."""

    seeds: pd.DataFrame
    test: pd.DataFrame
    train: pd.DataFrame
    equal_test: pd.DataFrame
    equal_train: pd.DataFrame
    unreached: pd.DataFrame


def _accuracies(runs: pd.DataFrame, panel: Panel, confidence: float) -> Accuracies:
    seeds = panels.seeds_of(runs, panel, *ROWS, "length", "fitted")
    equal = equal_budget_runs(panels.runs_of(runs, panel)) if (seeds["length"] > 1).any() else seeds[:0]
    return Accuracies(
        seeds,
        *(medians(seeds, column, confidence).assign(series="median") for column in ROWS),
        *(medians(equal, column, confidence).assign(series="equal budget") for column in ROWS),
        panels.unreached_of(runs, panel),
    )


def _draw_row(shown: dict[Panel, Accuracies], settings: BetaSweep, column: str, axis: Axes, panel: Panel) -> None:
    seeds, *both = shown[panel][:5]
    found, equal = (both[0], both[2]) if column == "test_accuracy" else (both[1], both[3])
    panels.against_beta(axis, panel, found, shown[panel].unreached, ROWS[column])
    for fitted, part in seeds.groupby("fitted"):
        panels.draw_seeds(axis, part, column, settings.color if fitted else GRAY, scale=100)
    fits = seeds.groupby("beta")["fitted"].all()
    axis.plot(found["beta"], 100 * found[column], color=settings.color, linewidth=1, zorder=3)
    for fitted, cells in found.groupby(found["beta"].map(fits)):
        panels.draw_medians(axis, cells, column, settings.color if fitted else GRAY, scale=100, joined=False)
    axis.plot(equal["beta"], 100 * equal[column], **EQUAL)
    for beta, length in seeds.groupby("beta")["length"].first().items():
        if length > 1 and column == "test_accuracy":
            axis.annotate(
                f"{length:g}×", (beta, 0.02), xycoords=("data", "axes fraction"), ha="center", fontsize="small"
            )
    panels.within_percent(axis)


def _entries(settings: BetaSweep, shown: dict[Panel, Accuracies]) -> list[Line2D]:
    seeds, found = panels.gather(shown, "seeds"), panels.gather(shown, "test")
    unfit = seeds[~seeds["fitted"].astype(bool)].groupby(["task", "beta"]).ngroups
    entries = [
        panels.seed_entry(settings.color),
        panels.median_entry(settings.color, settings.confidence),
        entry(
            color=GRAY,
            marker="s",
            linestyle="",
            label=f"a seed did not fit the training data ({unfit} of {len(found)})",
        ),
    ]
    if not panels.gather(shown, "equal_test").empty:
        entries.append(entry(label="median at the epochs of the task; k×: squares have k times as many", **EQUAL))
    return entries + panels.shared_entries(settings.color, found, panels.gather(shown, "unreached"))
