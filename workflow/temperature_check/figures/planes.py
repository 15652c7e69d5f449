"""Heat maps over the plane of inverse temperature β and initial logit norm ‖Z0‖."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import seaborn
from matplotlib.colors import LogNorm, Normalize
from matplotlib.patches import Rectangle
from matplotlib.ticker import LogLocator
from seaborn.utils import relative_luminance

from temperature_check.figures.style import GRAY, PANEL_INCHES, entry

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.collections import QuadMesh
    from matplotlib.colors import Colormap
    from matplotlib.lines import Line2D

CORNER = 0.36
"""Distance of a mark from the center of its cell, in cells, so that it is in the corner and inside."""
COLUMNS_FOR_LABELS = 2
"""Width in cells of the labels and the color bar of a plane."""
DARK = "0.15"
"""Color of ink on light cells."""
INFINITE, NO_VALUE = {"facecolor": "0.85", "edgecolor": "white"}, {"facecolor": "white", "edgecolor": GRAY}
"""Styles of cells with an infinite value, and without one: with a frame, so that grays differ in print as well."""


def plane_width(planes: Iterable[tuple[pd.DataFrame, pd.DataFrame]], cell_inches: float) -> float:
    """Width of panels, in usual ones, in which cells are at least so wide in every plane. Unreached cells count."""
    columns = max((len(_values(*plane, "beta")) for plane in planes), default=0) + COLUMNS_FOR_LABELS
    return max(1, columns * cell_inches / PANEL_INCHES[0])


def _values(cells: pd.DataFrame, unreached: pd.DataFrame, name: str) -> list[float]:
    return sorted({*cells[name], *unreached[name]})


def draw_plane(
    axis: Axes, cells: pd.DataFrame, unreached: pd.DataFrame, column: str, color: str, norm: Normalize, label: str
) -> None:
    """Draw a cell for each (β, ‖Z0‖): a column as its color, its `text`, and an open square if its rate is at an edge.

    Cells with an infinite value are gray, cells without a value (NaN) are white with a gray frame, and cells out of
    reach are hatched. label: of the color bar.
    """
    if cells.empty:
        axis.text(0.5, 0.5, "no finished report runs", ha="center", va="center", transform=axis.transAxes)
        axis.set_axis_off()
        return
    betas, norms = (_values(cells, unreached, name) for name in ("beta", "z0"))
    values = cells.pivot(index="z0", columns="beta", values=column).reindex(index=norms, columns=betas)
    palette = seaborn.light_palette(color, as_cmap=True)
    finite = np.ma.masked_invalid(values.to_numpy(dtype=float))
    mesh = axis.pcolormesh(finite, cmap=palette, norm=norm, edgecolors="white", linewidth=1)
    _add_bar(axis, mesh, norm, label)
    for cell in unreached.itertuples():
        _fill(axis, betas.index(cell.beta), norms.index(cell.z0), facecolor="none", edgecolor="0.7", hatch="///")
    for cell in cells.itertuples():
        _write(axis, betas.index(cell.beta), norms.index(cell.z0), cell, getattr(cell, column), norm, palette)
    _label_plane(axis, betas, norms)


def _add_bar(axis: Axes, mesh: QuadMesh, norm: Normalize, label: str) -> None:
    ticks = {"ticks": LogLocator(subs=(1, 2, 5)), "format": "%g"} if isinstance(norm, LogNorm) else {}
    extend = "min" if mesh.get_array().min() < norm.vmin else "neither"
    axis.figure.colorbar(mesh, ax=axis, label=label, extend=extend, **ticks).minorticks_off()


def logarithmic(values: pd.Series) -> Normalize:
    """A logarithmic scale of color over the finite values above 0."""
    shown = values[np.isfinite(values) & (values > 0)]
    return LogNorm(shown.min(), shown.max()) if len(shown) else Normalize(0, 1)


def _write(axis: Axes, x: int, y: int, cell, value: float, norm: Normalize, palette: Colormap) -> None:
    if np.isfinite(value):
        background = palette(norm(value))
    else:
        style = NO_VALUE if np.isnan(value) else INFINITE
        background = style["facecolor"]
        _fill(axis, x, y, **style)
    ink = DARK if relative_luminance(background) > 0.4 else "white"
    axis.text(x + 0.5, y + 0.5, cell.text, color=ink, ha="center", va="center", fontsize="x-small")
    if cell.rate_edge:
        axis.plot(x + 0.5 + CORNER, y + 0.5 + CORNER, marker="s", markersize=4.5, color=DARK, markerfacecolor="white")


def _fill(axis: Axes, x: int, y: int, **style) -> None:
    axis.add_patch(Rectangle((x, y), 1, 1, linewidth=1, **style))


def _label_plane(axis: Axes, betas: list[float], norms: list[float]) -> None:
    axis.set_xticks(np.arange(len(betas)) + 0.5, [f"{beta:g}" for beta in betas], fontsize="small")
    axis.set_yticks(np.arange(len(norms)) + 0.5, [f"{norm:g}" for norm in norms])
    axis.set(
        xlim=(0, len(betas)), ylim=(0, len(norms)), xlabel="inverse temperature β", ylabel="initial logit norm ‖Z0‖"
    )
    axis.grid(False)
    axis.tick_params(length=0)


def plane_edge_entry(cells: pd.DataFrame) -> Line2D:
    """The legend's entry of cells whose rate is at an edge of its grid."""
    label = f"learning rate at an edge of its grid ({(cells['rate_edge'] != '').sum()} of {len(cells)} cells)"
    return entry(label, color=DARK, marker="s", markersize=4.5, markerfacecolor="white", linestyle="")
