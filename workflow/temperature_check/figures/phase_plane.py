"""Test accuracy and time to learn over the plane of inverse temperature β and initial logit norm ‖Z0‖."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from temperature_check.figures import panels as parts
from temperature_check.figures.planes import PALE, draw_plane, logarithmic, plane_edge_entry, plane_width
from temperature_check.figures.style import PANEL_INCHES

if TYPE_CHECKING:
    from temperature_check.study import Panel, PhasePlane

COLUMNS = ("test_accuracy", "time_to_learn", "steps")
NUMBERS = [*parts.CELL, "test_accuracy", "time_to_learn", "n", "failed", "censored", "steps", "series"]
NONE = "no task of this study has\nseveral initial logit norms ‖Z0‖"
CELL_INCHES = 0.6


def draw(runs: pd.DataFrame, settings: PhasePlane, panels: list[Panel]) -> tuple[Figure, pd.DataFrame]:
    """The figure, and the numbers it shows: a row a cell, and a row a cell whose ‖Z0‖ is out of reach."""
    if not panels:
        return _empty(), pd.DataFrame(columns=NUMBERS)
    shown = {panel: _cells(runs, panel) for panel in panels}
    width = plane_width(shown.values(), CELL_INCHES)
    planes = (partial(_draw_accuracy, shown, settings.color), partial(_draw_time, shown, settings.color))
    figure = parts.panel_figure(panels, *planes, width=width, transposed=True)
    parts.add_legend(figure, _entries(parts.gather(shown, "reached"), parts.gather(shown, "unreached")))
    return figure, parts.gather(shown, *Cells._fields)


class Cells(NamedTuple):
    """The cells of a panel: those with a network of their ‖Z0‖, and the others."""

    reached: pd.DataFrame
    unreached: pd.DataFrame


def _cells(runs: pd.DataFrame, panel: Panel) -> Cells:
    return Cells(cells_of(parts.seeds_of(runs, panel, *COLUMNS)), parts.unreached_of(runs, panel))


def _draw_accuracy(shown: dict[Panel, Cells], color: str, axis: Axes, panel: Panel) -> None:
    cells, unreached = shown[panel]
    percents = cells.assign(percent=100 * cells["test_accuracy"])
    texts = [f"{cell.percent:.1f}{_share(cell.failed, cell.n, 'failed')}" for cell in percents.itertuples()]
    norm, label = _scale(percents), "test accuracy (%), mean"
    draw_plane(axis, percents.assign(text=texts), unreached, "percent", color, norm, label)
    _set_title(axis, panel, cells)


def _draw_time(shown: dict[Panel, Cells], color: str, axis: Axes, panel: Panel) -> None:
    cells, unreached = shown[panel]
    texts = [f"{_time(cell)}{_share(cell.censored, cell.n, 'never')}" for cell in cells.itertuples()]
    norm, label = logarithmic(cells["time_to_learn"]), "time to learn (steps), median"
    draw_plane(axis, cells.assign(text=texts), unreached, "time_to_learn", color, norm, label)
    _set_title(axis, panel, cells)


def _set_title(axis: Axes, panel: Panel, cells: pd.DataFrame) -> None:
    axis.set_title(f"{panel.title}\n{parts.conditions(cells)}", fontsize="small")


def _entries(cells: pd.DataFrame, unreached: pd.DataFrame) -> list:
    never = Patch(facecolor=PALE, label="half of the seeds or more never learned")
    return [plane_edge_entry(cells), never, *parts.reach_entries(unreached)]


def cells_of(seeds: pd.DataFrame) -> pd.DataFrame:
    """By cell, mean test accuracy, median time to learn, and the numbers of seeds, of failed and of censored ones."""
    groups = seeds.assign(
        n=1, failed=seeds["status"] == "failed", censored=np.isinf(seeds["time_to_learn"]), series="cell"
    ).groupby(parts.CELL, dropna=False, as_index=False)
    statistics = {"test_accuracy": "mean", "time_to_learn": "median", "series": "first"}
    cells = groups.agg(statistics | dict.fromkeys(("n", "failed", "censored"), "sum"))
    return cells.assign(steps=seeds["steps"].max())[NUMBERS]


def _scale(cells: pd.DataFrame) -> Normalize:
    """A scale of color over cells without failed runs, if there are any; others may lie below it."""
    whole = cells[cells["failed"] == 0]
    percents = (cells if whole.empty else whole)["percent"]
    return Normalize(percents.min(), percents.max())


def _time(cell) -> str:
    return f"{cell.time_to_learn:g}" if np.isfinite(cell.time_to_learn) else f"> {cell.steps:g}"


def _share(count: int, total: int, what: str) -> str:
    return f"\n{count}/{total} {what}" if count else ""


def _empty() -> Figure:
    figure, axis = plt.subplots(figsize=PANEL_INCHES, layout="constrained")
    axis.text(0.5, 0.5, NONE, ha="center", va="center")
    axis.set_axis_off()
    return figure
