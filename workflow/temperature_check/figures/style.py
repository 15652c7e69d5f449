"""How all figures look."""

from __future__ import annotations

import contextlib
import textwrap
from collections.abc import Iterator

import matplotlib
import seaborn
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke

from temperature_check.base.drawing import FONT

PANEL_INCHES = (3.6, 3.2)
"""Usual width and height of a panel with its labels and title."""
RESOLUTION = 200
"""Dots per inch of pictures that are made of pixels."""
GRAY = "0.45"
"""Color of what is shown for comparison."""
LETTERS_PER_INCH = {"panel": 14.5, "figure": 11}
"""Letters of a title that are about an inch wide."""
LINE_INCHES = 0.19
"""Height of a line of the legend, and of the sentence above all panels."""
FRONT = {"zorder": 10, "path_effects": (withStroke(linewidth=2.5, foreground="white"),)}
"""Style of marks that nothing hides: they are above all others, and a white rim sets them off from those below."""
FAILED = {"color": "crimson", "marker": "x", **FRONT}
"""Style of failed runs."""
CENSORED = {"marker": "^", "markerfacecolor": "white", **FRONT}
"""Style of runs in which an event was not reached."""


@contextlib.contextmanager
def paper_style() -> Iterator[None]:
    """A context in which every figure has the same style, whatever the settings of the process are."""
    ours = {
        "savefig.dpi": RESOLUTION,
        "savefig.bbox": "tight",
        "pdf.fonttype": 42,
        "axes.grid": True,
        "grid.alpha": 0.3,
    }
    # The theme asks for Arial first, which some machines have and others do not.
    fonts = {"font.family": [FONT], "font.sans-serif": [FONT]}
    theme = seaborn.axes_style("ticks") | seaborn.plotting_context("paper")
    # The backend belongs to pyplot, which figures do not use.
    defaults = {name: value for name, value in matplotlib.rcParamsDefault.items() if name != "backend"}
    with matplotlib.rc_context(defaults | theme | fonts | ours):
        yield


def new_figure(sentence: str, rows: int, columns: int, width: float = 1, height: float = 1) -> Figure:
    """A figure for rows and columns of panels, and above them a sentence that says how to read it.

    width, height: of a panel, in usual ones.
    """
    inches = (PANEL_INCHES[0] * width * columns, PANEL_INCHES[1] * height * rows)
    figure = Figure(figsize=inches, layout="constrained")
    _add_heading(figure, textwrap.fill(sentence, int(LETTERS_PER_INCH["figure"] * inches[0])))
    return figure


def add_mark(figure: Figure, mark: str) -> None:
    """Write a warning across the top of a figure, above its sentence."""
    _add_heading(figure, mark, figure.get_suptitle(), color="crimson")


def _add_heading(figure: Figure, text: str, below: str = "", **style) -> None:
    figure.set_figheight(figure.get_figheight() + LINE_INCHES * len(text.splitlines()))
    figure.suptitle("\n".join(filter(None, (text, below))), fontsize="medium", fontweight="bold", **style)


def set_title(axis: Axes, title: str, *lines: str) -> None:
    """Write the title of a task as it is typed, and lines of our own below it. A long title takes several lines."""
    width = axis.figure.get_figwidth() / axis.get_subplotspec().get_gridspec().ncols
    wrapped = textwrap.wrap(title, int(LETTERS_PER_INCH["panel"] * width)) if title.strip() else [title]
    axis.set_title("\n".join([*map(as_typed, wrapped), *lines]), fontsize="small")


def as_typed(text: str) -> str:
    """Text that Matplotlib shows as it is, also beside formulas: a dollar sign begins none."""
    return text.replace("$", r"\$")


def entry(label: str, **style) -> Line2D:
    """An entry of a legend."""
    return Line2D([], [], label=label, **style)
