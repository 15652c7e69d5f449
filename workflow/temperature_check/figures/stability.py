"""Failures by kind, how far above the chosen rate runs fail, and the spread between seeds that learned, against β."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.patches import Patch

from temperature_check.evaluation.cells import failed_shares, margins, medians, spreads
from temperature_check.evaluation.failures import FAILURES
from temperature_check.figures import panels
from temperature_check.figures.style import CENSORED, entry

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from temperature_check.study.figures import Panel, Stability

SENTENCE = (
    "How runs fail at the chosen rate, how much larger a rate must be to fail, and how far seeds that learned differ"
)
COLORS = dict(zip(FAILURES, ("crimson", "0.25", "#e9c46a", "#6a4c93"), strict=True))
"""Color of each kind of failure."""
WIDTH = 10**0.2
"""Factor of β that a bar is wide."""


def draw(runs: pd.DataFrame, settings: Stability, tasks: list[Panel]) -> tuple[Figure, pd.DataFrame]:
    """The figure, and the numbers it shows: one row per share, margin and spread of a cell, and per β out of reach."""
    shown = {panel: _statistics(runs, panel, settings.confidence) for panel in tasks}
    rows = (_draw_shares, _draw_margins, _draw_spreads)
    figure = panels.panel_figure(SENTENCE, tasks, *(partial(row, shown, settings.color) for row in rows), height=0.75)
    entries = _entries(settings, panels.gather(shown, "margins"), panels.gather(shown, "shares"))
    panels.add_legend(figure, entries + panels.reach_entries(panels.gather(shown, "unreached")))
    return figure, panels.gather(shown, *Statistics._fields)


class Statistics(NamedTuple):
    """What a panel shows: failures of report runs, margins of tuning seeds, spreads of accuracy, β out of reach."""

    shares: pd.DataFrame
    margins: pd.DataFrame
    spreads: pd.DataFrame
    unreached: pd.DataFrame


def _statistics(runs: pd.DataFrame, panel: Panel, confidence: float) -> Statistics:
    seeds = panels.seeds_of(runs, panel, "test_accuracy", "failure")
    own = margins(panels.runs_of(runs, panel))
    highest = own.groupby("beta")["highest"].max()
    found = medians(own, "margin", confidence)
    return Statistics(
        failed_shares(seeds, confidence).assign(series="failed"),
        found.assign(series="margin", highest=found["beta"].map(highest)),
        spreads(seeds, "test_accuracy", confidence).assign(series="spread"),
        panels.unreached_of(runs, panel),
    )


def _draw_shares(shown: dict[Panel, Statistics], color: str, axis: Axes, panel: Panel) -> None:
    """A bar per β with a part for each kind of failure, and the interval of their sum."""
    shares = shown[panel].shares
    panels.against_beta(axis, panel, shares, shown[panel].unreached, "failed report runs (%)")
    edge = np.sqrt(WIDTH)
    left, width, bottom = shares["beta"] / edge, shares["beta"] * (edge - 1 / edge), np.zeros(len(shares))
    for kind in FAILURES:
        height = 100 * shares[kind].to_numpy(float) / shares["n"].to_numpy()
        axis.bar(left, height, width, bottom, align="edge", color=COLORS[kind])
        bottom = bottom + height
    errors = 100 * np.array([shares["failed_share"] - shares["low"], shares["high"] - shares["failed_share"]])
    axis.errorbar(shares["beta"], bottom, errors, color="0.5", linestyle="", capsize=3, linewidth=1)
    axis.set_ylim(0, 102, auto=None)


def _draw_margins(shown: dict[Panel, Statistics], color: str, axis: Axes, panel: Panel) -> None:
    found = shown[panel].margins
    panels.against_beta(axis, panel, found, shown[panel].unreached, "smallest failing rate\nover chosen rate")
    known, censored = found[np.isfinite(found["margin"])], found[np.isinf(found["margin"])]
    panels.draw_medians(axis, known.assign(high=known["high"].clip(upper=known["highest"])), "margin", color)
    axis.plot(censored["beta"], censored["highest"], color=color, linestyle="", **CENSORED)
    axis.axhline(1, color="0.7", linewidth=1)
    panels.plain_logarithmic(axis)


def _draw_spreads(shown: dict[Panel, Statistics], color: str, axis: Axes, panel: Panel) -> None:
    spreads = shown[panel].spreads
    panels.against_beta(
        axis, panel, spreads, shown[panel].unreached, "test accuracy, difference\nof two seeds (points)"
    )
    panels.draw_medians(axis, spreads, "test_accuracy", color, scale=100)
    if not spreads["test_accuracy"].notna().any():
        panels.write_note(axis, "no spread: fewer than two report seeds learned")
    axis.set_ylim(0, axis.get_ylim()[1], auto=None)


def _entries(settings: Stability, margins: pd.DataFrame, shares: pd.DataFrame) -> list:
    totals = {kind: int(shares[kind].sum()) for kind in FAILURES}
    runs = int(shares["n"].sum())
    never = f"most seeds failed at no rate up to this one ({np.isinf(margins['margin']).sum()} of {len(margins)} β)"
    return [
        *(Patch(color=COLORS[kind], label=f"{kind} ({totals[kind]} of {runs} runs)") for kind in FAILURES),
        panels.median_entry(
            settings.color, settings.confidence, "median over tuning seeds, over pairs of report seeds"
        ),
        entry(color=settings.color, linestyle="", label=never, **CENSORED),
        panels.one_entry(),
        panels.edge_entry(settings.color, shares),
    ]
