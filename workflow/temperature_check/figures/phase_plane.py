"""Test accuracy and time to learn over the plane of inverse temperature β and initial logit norm ‖Z0‖."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.colors import Normalize
from matplotlib.patches import Patch

from temperature_check.evaluation.cells import CHOSEN_CELL, OUTCOMES, outcomes
from temperature_check.figures import panels
from temperature_check.figures.planes import INFINITE, NO_VALUE, draw_plane, logarithmic, plane_edge_entry, plane_width
from temperature_check.figures.style import entry, new_figure, set_title

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from temperature_check.study.figures import Panel, PhasePlane

COLUMNS = ("test_accuracy", "time_to_learn", "steps", "fitted")
NUMBERS = (*CHOSEN_CELL, *OUTCOMES, "series")
SENTENCE = "Accuracy and time to learn over β and ‖Z0‖: if each column has one color, ‖Z0‖ makes no difference"
NONE = """\
No task of this study has several initial
logit norms ‖Z0‖. Give grid.z0 of a task
two values or more to see them here."""
CELL_INCHES = 0.7
"""Width of a cell, in which an interval fits."""


def draw(runs: pd.DataFrame, settings: PhasePlane, tasks: list[Panel]) -> tuple[Figure, pd.DataFrame]:
    """The figure, and the numbers it shows: one row per cell, including cells whose ‖Z0‖ is out of reach."""
    if not tasks:
        return _empty(), pd.DataFrame(columns=[*NUMBERS])
    shown = {panel: _cells(runs, panel, settings.confidence) for panel in tasks}
    width = plane_width(shown.values(), CELL_INCHES)
    planes = (partial(_draw_accuracy, shown, settings.color), partial(_draw_time, shown, settings.color))
    figure = new_figure(SENTENCE, len(tasks), len(planes), width=width)
    panels.fill(figure.subplots(len(tasks), len(planes), squeeze=False).T, planes, tasks)
    panels.add_legend(figure, _entries(settings, panels.gather(shown, "reached"), panels.gather(shown, "unreached")))
    return figure, panels.gather(shown, *Cells._fields)


class Cells(NamedTuple):
    """What a panel shows: cells with a network of their ‖Z0‖, and cells without."""

    reached: pd.DataFrame
    unreached: pd.DataFrame


def _cells(runs: pd.DataFrame, panel: Panel, confidence: float) -> Cells:
    reached = outcomes(panels.seeds_of(runs, panel, *COLUMNS), confidence)
    return Cells(reached.assign(series="cell"), panels.unreached_of(runs, panel))


def _draw_accuracy(shown: dict[Panel, Cells], color: str, axis: Axes, panel: Panel) -> None:
    cells, unreached = shown[panel]
    several = cells["n"].nunique() > 1
    texts = [_accuracy(cell) + f"\nn = {cell.n}" * several for cell in cells.itertuples()]
    percents = cells.assign(percent=100 * cells["test_accuracy"].where(cells["fitted"]), text=texts)
    draw_plane(axis, percents, unreached, "percent", color, _scale(percents), "test accuracy (%), median")
    _set_title(axis, panel, cells)


def _accuracy(cell) -> str:
    interval = f"\n{100 * cell.low:.1f}–{100 * cell.high:.1f}" if np.isfinite(cell.low) else ""
    return f"{100 * cell.test_accuracy:.1f}{interval}{_share(cell.failed, cell.n, 'failed')}"


def _draw_time(shown: dict[Panel, Cells], color: str, axis: Axes, panel: Panel) -> None:
    cells, unreached = shown[panel]
    texts = [f"{_time(cell)}{_share(cell.censored, cell.n, 'never')}" for cell in cells.itertuples()]
    norm, label = logarithmic(cells["time_to_learn"]), "time to learn (steps), median"
    draw_plane(axis, cells.assign(text=texts), unreached, "time_to_learn", color, norm, label)
    _set_title(axis, panel, cells)


def _set_title(axis: Axes, panel: Panel, cells: pd.DataFrame) -> None:
    set_title(axis, panel.title, panels.conditions(cells))


def _entries(settings: PhasePlane, cells: pd.DataFrame, unreached: pd.DataFrame) -> list:
    label = f"a seed did not fit the training data ({(~cells['fitted'].astype(bool)).sum()} of {len(cells)} cells)"
    unfit = Patch(**NO_VALUE, label=label)
    never = Patch(**INFINITE, label="half of the seeds or more never learned")
    interval = entry(f"low–high: {settings.confidence:.0%} interval of the median", linestyle="")
    return [plane_edge_entry(cells), unfit, never, interval, *panels.reach_entries(unreached)]


def _scale(cells: pd.DataFrame) -> Normalize:
    """A scale of color over cells that fit, without failed runs, if there are any. Others may be below it."""
    fit = cells.dropna(subset="percent")
    whole = fit[fit["failed"] == 0]
    percents = (fit if whole.empty else whole)["percent"]
    return Normalize(percents.min(), percents.max()) if len(percents) else Normalize(0, 100)


def _time(cell) -> str:
    return f"{cell.time_to_learn:g}" if np.isfinite(cell.time_to_learn) else f"> {cell.steps:g}"


def _share(count: int, total: int, what: str) -> str:
    return f"\n{count}/{total} {what}" if count else ""


def _empty() -> Figure:
    figure = new_figure("", 1, 1)
    axis = figure.subplots()
    axis.text(0.5, 0.5, NONE, ha="center", va="center")
    axis.set_axis_off()
    return figure
