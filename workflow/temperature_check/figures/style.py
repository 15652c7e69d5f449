"""How all figures look."""

from __future__ import annotations

from contextlib import AbstractContextManager

import matplotlib
import seaborn

PANEL_INCHES = (3.6, 3.2)
"""Usual width and height of a panel with its labels and title."""
RESOLUTION = 200
"""Dots per inch of pictures that are made of pixels."""
GRAY = "0.45"
"""Color of what is shown for comparison."""

matplotlib.use("Agg")


def paper_style() -> AbstractContextManager:
    """A context in which every figure has the same style."""
    theme = seaborn.axes_style("ticks") | seaborn.plotting_context("paper")
    own = {"savefig.dpi": RESOLUTION, "savefig.bbox": "tight", "pdf.fonttype": 42, "axes.grid": True, "grid.alpha": 0.3}
    return matplotlib.rc_context(theme | own)
