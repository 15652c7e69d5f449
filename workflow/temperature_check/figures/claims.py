"""Verdicts on the claims: claim by task as a matrix, and below it the effects that decide."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.patches import Rectangle

from temperature_check.claims.effect import CONFIDENCE
from temperature_check.claims.verdict import INCONCLUSIVE, NOT_ASSESSABLE, NOT_REPRODUCED, OVERALL, REPRODUCED
from temperature_check.claims.words import count_text, estimate_text, p_text, predicted_text
from temperature_check.figures.style import GRAY, PANEL_INCHES, as_typed, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from temperature_check.study.figures import ClaimsFigure, Panel

SENTENCE = (
    "Verdicts on the claims, and the effects that decide: an interval inside of the shaded region"
    " is what the claim predicts"
)
OVER_TASKS = "over tasks"


class Look(NamedTuple):
    """How a verdict looks: a sign, its color on white, and the color of a cell with the ink on it."""

    sign: str
    color: str
    cell: str
    ink: str


LOOKS = {
    REPRODUCED: Look("✓", "#0072b2", "#0072b2", "white"),
    NOT_REPRODUCED: Look("✗", "#c04a00", "#d55e00", "white"),
    INCONCLUSIVE: Look("?", "0.25", "#f0e442", "black"),
    NOT_ASSESSABLE: Look("–", GRAY, "white", GRAY),
}
"""Colors of Okabe and Ito, which the colorblind tell apart."""
REGION = "#cfd8dc"
WIDTH = 12.8
"""Inches. Everything is placed in inches, because rows of text have a height and no scale."""
LABEL, CELL = 5.0, 0.44
"""Width of the claims beside the matrix, and of its cells."""
LINE, GAP = 0.17, 0.12
"""Height of a line of text, and distance between claims."""
LETTER = 0.058
"""Width of a letter, to which titles above the matrix are slanted."""
VERDICT, TASK, EFFECT, AXIS, FOUND, PREDICTED, COUNT = 0.0, 1.15, 3.3, 6.7, 8.95, 10.55, 11.95
"""Left ends of the columns of the list."""
AXIS_WIDTH, EFFECT_LETTERS, TASK_LETTERS, LINE_LETTERS = 2.1, 62, 38, 200
MARGIN = 1 / 3
"""Share of its half of an axis that a region with two ends has at least."""
TEXT = {"fontsize": 7.5, "va": "center"}


def draw(judged: pd.DataFrame, settings: ClaimsFigure, tasks: list[Panel]) -> tuple[Figure, pd.DataFrame]:
    """The figure, and the rows of the table of claims that it shows."""
    titles = {panel.task: panel.title for panel in tasks}
    shown = judged[[_is_shown(task, titles) for task in judged["task"]]]
    lines = [*_matrix(shown, titles), *_list(shown, titles)]
    width, height = _width(titles), sum(line.height for line in lines)
    figure = new_figure(SENTENCE, 1, 1, width / PANEL_INCHES[0], height / PANEL_INCHES[1])
    axis = figure.subplots()
    axis.set(xlim=(0, width), ylim=(height, 0))
    axis.axis("off")
    top = 0.0
    for line in lines:
        line.draw(axis, top + line.height / 2)
        top += line.height
    return figure, shown


class Line(NamedTuple):
    """A line of the figure: its height in inches, and what draws it at a height."""

    height: float
    draw: Callable[[Axes, float], object]


def _is_shown(task: str, titles: dict[str, str]) -> bool:
    return task == OVERALL or all(name in titles for name in task.split(", "))


def _slant(titles: dict[str, str]) -> float:
    """Width and height of the longest title above the matrix."""
    return LETTER * max(map(len, [*titles.values(), OVER_TASKS])) / math.sqrt(2)


def _width(titles: dict[str, str]) -> float:
    return max(WIDTH, LABEL + CELL * (len(titles) + 1.5) + _slant(titles))


def _matrix(shown: pd.DataFrame, titles: dict[str, str]) -> Iterator[Line]:
    columns = [*titles, OVER_TASKS]
    yield Line(0.3 + _slant(titles), partial(_draw_heads, [*titles.values(), OVER_TASKS]))
    for place, (_, own) in enumerate(shown.groupby("claim", sort=False)):
        verdicts = own.drop_duplicates("task").set_index("task")["verdict"]
        of_column = {name if name in titles else OVER_TASKS: verdict for name, verdict in verdicts.items()}
        found = [of_column.get(name) for name in columns]
        yield Line(CELL / 2, partial(_draw_row, own.iloc[0], found, place % 2))
    yield Line(2 * LINE + GAP, _draw_key)


def _draw_heads(names: list[str], axis: Axes, y: float) -> None:
    bottom = 2 * y - 0.06
    for place, name in enumerate(names):
        x = LABEL + (place + 0.5) * CELL
        axis.text(x, bottom, as_typed(name), rotation=45, rotation_mode="anchor", fontsize=7.5)


def _draw_row(claim: pd.Series, found: list[str | None], striped: int, axis: Axes, y: float) -> None:
    half = CELL / 4
    if striped:
        axis.add_patch(Rectangle((0, y - half), LABEL, 2 * half, facecolor="0.96"))
    axis.text(0.05, y, claim["claim"], fontweight="bold", **TEXT)
    axis.text(0.5, y, _statement(claim), **TEXT)
    for place, verdict in enumerate(found):
        if verdict is not None:
            _draw_cell(axis, LABEL + place * CELL, y - half, LOOKS[verdict])


def _draw_cell(axis: Axes, x: float, y: float, look: Look) -> None:
    axis.add_patch(Rectangle((x, y), CELL, CELL / 2, facecolor=look.cell, edgecolor="0.8", linewidth=0.6))
    axis.text(x + CELL / 2, y + CELL / 4, look.sign, color=look.ink, ha="center", fontweight="bold", **TEXT)


def _draw_key(axis: Axes, y: float) -> None:
    words = {
        **{verdict: verdict for verdict in LOOKS},
        NOT_ASSESSABLE: "not assessable: runs are lacking",
    }
    for place, (verdict, word) in enumerate(words.items()):
        x = LABEL + place * 1.55
        _draw_cell(axis, x, y - CELL / 4, LOOKS[verdict])
        axis.text(x + CELL + 0.07, y, word, **TEXT)


def _statement(claim: pd.Series) -> str:
    return as_typed(claim["statement"] if claim["source"] else f"{claim['statement']} (ours)")


def _list(shown: pd.DataFrame, titles: dict[str, str]) -> Iterator[Line]:
    yield Line(1.5 * LINE, _draw_columns)
    for _, own in shown.groupby("claim", sort=False):
        yield Line(LINE + GAP, partial(_draw_claim, own.iloc[0]))
        known = own[own["lacks"] == ""]
        for task, rows in known.groupby("task", sort=False):
            yield from _of_task(_title(task, titles), rows.to_dict("records"))
        if len(known) < len(own):
            yield from _lacking(own[own["lacks"] != ""], "elsewhere" if len(known) else "in any task")


def _title(task: str, titles: dict[str, str]) -> str:
    return " and ".join(titles.get(name, name) for name in task.split(", "))


def _draw_columns(axis: Axes, y: float) -> None:
    style = {"fontstyle": "italic", "color": "0.3", **TEXT}
    for x, text in {
        VERDICT: "verdict",
        TASK: "task",
        EFFECT: "effect",
        AXIS: "each row has an axis of its own",
        FOUND: f"found ({CONFIDENCE:.0%} interval)",
        PREDICTED: "predicted",
        COUNT: "n",
    }.items():
        axis.text(x, y, text, **style)


def _draw_claim(claim: pd.Series, axis: Axes, y: float) -> None:
    axis.plot([0, WIDTH], [y - LINE / 2 - GAP / 4] * 2, color="0.8", linewidth=0.6)
    axis.text(0, y + GAP / 4, f"{claim['claim']}  {_statement(claim)}", fontweight="bold", **TEXT)


def _of_task(title: str, rows: list[dict]) -> Iterator[Line]:
    """The verdict of a claim in a task, and its effects, one below the other."""
    wrapped = textwrap.wrap(title, TASK_LETTERS)
    for place, row in enumerate(rows):
        effect = _effect_text(row) if isinstance(row["name"], str) else []
        lines = max(len(effect), 1 if place else len(wrapped), 1)
        yield Line((lines + 0.1) * LINE, partial(_draw_effect, "" if place else "\n".join(wrapped), effect, row))


def _effect_text(row: dict) -> list[str]:
    doubt = [f"decides nothing: {row['doubt']}"] if row["doubt"] else []
    return [line for text in (row["name"], *doubt) for line in textwrap.wrap(text, EFFECT_LETTERS)]


def _draw_effect(title: str, effect: list[str], row: dict, axis: Axes, y: float) -> None:
    look = LOOKS[row["verdict"]]
    if title:
        axis.text(VERDICT, y, f"{look.sign} {row['verdict']}", color=look.color, fontweight="bold", **TEXT)
        axis.text(TASK, y, as_typed(title), linespacing=1, **TEXT)
    if not effect:
        axis.text(EFFECT, y, f"from the verdicts of the tasks, {p_text(row)}", **TEXT)
        return
    axis.text(EFFECT, y, as_typed("\n".join(effect)), linespacing=1, **TEXT)
    _draw_interval(axis, y, row, look.color)
    for x, text in {
        FOUND: estimate_text(row),
        PREDICTED: predicted_text(row),
        COUNT: count_text(row),
    }.items():
        axis.text(x, y, text, **TEXT)


def _lacking(rows: pd.DataFrame, where: str) -> Iterator[Line]:
    wants = "; ".join(dict.fromkeys(rows["lacks"]))
    for line in textwrap.wrap(f"– not assessable {where}, for want of {wants}", LINE_LETTERS):
        yield Line(1.1 * LINE, lambda axis, y, line=line: axis.text(VERDICT, y, as_typed(line), color=GRAY, **TEXT))


class Places(NamedTuple):
    """Places on an axis from -1 to 1: the ends of the predicted region, the estimate and its interval."""

    region_low: float
    region_high: float
    value: float
    low: float
    high: float


def places(row: dict) -> Places:
    """Where a row's axis has its region and its interval. Infinite ends are at its ends, and unknown ones are NaN.

    The center is that of the region, or its only end. The axis is linear, or logarithmic if the region spans a decade.
    """
    region = np.array([row["region_low"], row["region_high"]])
    shown = np.array([*region, row["value"], row["low"], row["high"]], dtype=float)
    if region[0] > 0 and 10 * region[0] <= region[1] < np.inf:
        shown = np.log10(np.maximum(shown, np.finfo(float).tiny))
    ends = shown[:2][np.isfinite(shown[:2])]
    from_center = shown - ends.mean()
    finite = np.abs(from_center[np.isfinite(from_center)])
    reach = max(np.ptp(ends) / 2 / MARGIN, 1.15 * finite.max(initial=0)) or 1
    return Places(*np.clip(from_center / reach, -1, 1))


def _draw_interval(axis: Axes, y: float, row: dict, color: str) -> None:
    found = places(row)
    _draw_region(axis, y, found, row["predicts_outside"])
    if np.isfinite([found.low, found.high]).all():
        axis.plot(_x([found.low, found.high]), [y, y], color=color, linewidth=1.6, solid_capstyle="butt")
    for end, value, marker in ((found.low, row["low"], "<"), (found.high, row["high"], ">")):
        if np.isinf(value):
            axis.plot(_x(end), y, marker=marker, color=color, markersize=4)
    face = "white" if row["doubt"] else color
    axis.plot(_x(found.value), y, "o", color=color, markerfacecolor=face, markersize=4.5, zorder=3)


def _draw_region(axis: Axes, y: float, found: Places, outside: bool) -> None:
    ends = [(-1, found.region_low), (found.region_high, 1)] if outside else [(found.region_low, found.region_high)]
    for low, high in ends:
        width = AXIS_WIDTH / 2 * (high - low)
        axis.add_patch(Rectangle((_x(low), y - 0.4 * LINE), width, 0.8 * LINE, facecolor=REGION))
        for end, arrow in ((low, "‹"), (high, "›")):
            if abs(end) == 1:
                axis.text(_x(0.96 * end), y, arrow, color=GRAY, ha="center", **TEXT)
    axis.plot(_x([-1, 1]), [y, y], color="0.8", linewidth=0.5, zorder=0.5)


def _x(place: float | list[float]):
    return AXIS + AXIS_WIDTH / 2 * (1 + np.asarray(place))
