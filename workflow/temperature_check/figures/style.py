"""How all figures look."""

from __future__ import annotations

from contextlib import AbstractContextManager

import matplotlib
import seaborn

PANEL_INCHES = (3.6, 3.2)
RESOLUTION = 200
GRAY = "0.45"

matplotlib.use("Agg")


def paper_style() -> AbstractContextManager:
    """A context in which figures are drawn in the style of all others."""
    theme = seaborn.axes_style("ticks") | seaborn.plotting_context("paper")
    own = {"savefig.dpi": RESOLUTION, "savefig.bbox": "tight", "pdf.fonttype": 42, "axes.grid": True, "grid.alpha": 0.3}
    return matplotlib.rc_context(theme | own)
