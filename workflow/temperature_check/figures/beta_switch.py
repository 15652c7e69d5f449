"""Where an effect of β comes from: accuracy against the step of a switch of β, and against confidence."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from temperature_check.evaluation import mechanism
from temperature_check.evaluation.intervals import median_interval
from temperature_check.figures.panels import add_legend
from temperature_check.figures.style import GRAY, entry, new_figure, set_title

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    from temperature_check.study.figures import BetaSwitch, Panel

SENTENCE = (
    "Where the effect of β comes from: how much of a gap between two β is left after a switch, and at equal confidence"
)
ARMS = {
    "switched": {"marker": "s", "linestyle": "-", "label": "β switched, Z unchanged"},
    "rate": {"marker": "v", "linestyle": ":", "label": "η alone switched"},
    "effective_rate": {"marker": "^", "linestyle": ":", "label": "ηβ² alone switched"},
    "jump": {"marker": "D", "linestyle": ":", "label": "β switched, Z jumps"},
}
KEPT = {"first": "-", "second": "--"}
SHIFT = {"switched": 1.0, "rate": 0.9, "effective_rate": 1.1, "jump": 1.2}
"""Factors of the step that set arms apart."""
BOTTOM = 0.03
"""Height of a median below the axis, as a share of it."""
ROOM = 0.6
"""Room below and above the medians of both β, as a multiple of the gap between them."""


class Direction(NamedTuple):
    """A switch from one β to another: `mechanism.arms` and `mechanism.kept_shares`."""

    first: float
    second: float
    arms: pd.DataFrame
    shares: pd.DataFrame


class Row(NamedTuple):
    """A pair of β of a task, both directions, and `mechanism.at_equal_confidence`."""

    panel: Panel
    pair: tuple[float, float]
    table: pd.DataFrame
    settings: BetaSwitch
    directions: list[Direction]
    equal: pd.DataFrame | None


def draw(table: pd.DataFrame, settings: BetaSwitch, tasks: list[Panel]) -> tuple[Figure, pd.DataFrame]:
    """The figure, a row for each pair of β of each task, and the numbers it shows.

    These are one row per arm and step, per step with the share that is left, and per smoothing of labels.
    """
    rows = [_row(panel, pair, table[table["task"] == panel.task], settings) for panel in tasks for pair in panel.pairs]
    figure = new_figure(SENTENCE, len(rows), 3, height=1.05)
    axes = figure.subplots(len(rows), 3, squeeze=False)
    for row, (*switches, equal) in zip(rows, axes):
        for axis, direction in zip(switches, row.directions):
            _draw_switch(axis, row, direction)
        _draw_confidence(equal, row)
    every = [direction for row in rows for direction in row.directions]
    add_legend(figure, _entries(settings, {arm for direction in every for arm in _different(direction.arms)}))
    return figure, pd.concat([numbers for row in rows for numbers in _numbers(row)], ignore_index=True)


def _row(panel: Panel, pair: tuple[float, float], table: pd.DataFrame, settings: BetaSwitch) -> Row:
    directions = [
        Direction(*way, mechanism.arms(table, *way), mechanism.kept_shares(table, *way, settings.confidence))
        for way in (pair, pair[::-1])
    ]
    return Row(panel, pair, table, settings, directions, mechanism.at_equal_confidence(table, pair))


def _medians(arms: pd.DataFrame, arm: str, confidence: float) -> pd.DataFrame:
    found = {step: median_interval(own[arm].to_numpy(), confidence) for step, own in arms.groupby("switch_step")}
    return pd.DataFrame.from_dict(found, orient="index", columns=["median", "low", "high"])


def _draw_switch(axis: Axes, row: Row, direction: Direction) -> None:
    first, second, arms, shares = direction
    set_title(axis, f"{row.panel.title}: from β = {first:g} to {second:g}", _about(row, arms), _left(shares))
    axis.set(xscale="symlog", xlabel="steps before the switch", ylabel="test accuracy (%)")
    if arms.empty:
        return
    for arm, line in KEPT.items():
        median, low, high = median_interval(arms[arm].groupby("seed").first().to_numpy(), row.settings.confidence)
        axis.axhline(median, color=GRAY, linestyle=line, linewidth=1)
        axis.axhspan(low, high, color=GRAY, alpha=0.1, linewidth=0)
    _zoom(axis, arms)
    for arm, style in _different(arms).items():
        _draw_arm(axis, _medians(arms, arm, row.settings.confidence), arm, style, row.settings)
    axis.set_xlim(left=-0.2)


def _different(arms: pd.DataFrame) -> dict[str, dict]:
    """The arms that are not the same runs as those that keep the first β; none without runs."""
    if arms.empty:
        return {}
    return {arm: style for arm, style in ARMS.items() if not arms[arm].equals(arms["first"].rename(arm))}


def _zoom(axis: Axes, arms: pd.DataFrame) -> None:
    """Limit the axis to the accuracies of both β, because controls may learn nothing."""
    ends = sorted((arms["first"].median(), arms["second"].median()))
    room = max(ROOM * (ends[1] - ends[0]), 0.5)
    axis.set_ylim(ends[0] - 2 * room, ends[1] + room)


def _draw_arm(axis: Axes, medians: pd.DataFrame, arm: str, style: dict, settings: BetaSwitch) -> None:
    color = settings.color if arm == "switched" else settings.control_color
    errors = [medians["median"] - medians["low"], medians["high"] - medians["median"]]
    steps, look = SHIFT[arm] * medians.index.to_numpy(), {**style, "color": color, "markersize": 4, "capsize": 2}
    axis.errorbar(steps, medians["median"], yerr=errors, linewidth=1, **look | {"label": None})
    below = medians["median"].to_numpy() < axis.get_ylim()[0]
    place = {"transform": axis.get_xaxis_transform(), "linestyle": "", "zorder": 6}
    axis.plot(steps[below], np.full(below.sum(), BOTTOM), color=color, marker=style["marker"], markersize=5, **place)


def _left(shares: pd.DataFrame) -> str:
    """The share of the gap that is left after the last switch that there is, or why there is none."""
    if shares.empty:
        return ""
    last = shares.iloc[-1]
    if last.gap_low * last.gap_high <= 0:
        return "no gap is shown"
    if np.isnan(last.share):
        return f"{last.failed:.0f} of {last.n:.0f} runs failed after a switch at step {last.name}"
    left = f"{last.share:.0%} ({last.low:.0%} to {last.high:.0%})".replace("-", "−")
    return f"{left} of the gap left after a switch at step {last.name}"


def _about(row: Row, arms: pd.DataFrame) -> str:
    if arms.empty:
        return "no runs"
    dataset, examples = row.table[["dataset", "train_examples"]].iloc[0]
    steps = row.table.loc[row.table["phase"] == "switch", "steps"].max()
    seeds = arms.index.get_level_values("seed").nunique()
    return f"{dataset}, {examples:,.0f} training examples\n{steps:,.0f} steps, n = {seeds} seeds"


def _draw_confidence(axis: Axes, row: Row) -> None:
    cells, colors = mechanism.smoothed_cells(row.table), (row.settings.color, row.settings.control_color)
    set_title(axis, f"{row.panel.title}: smoothed labels", *_about_confidence(row))
    axis.set(xlabel="mean confidence on validation data", ylabel="mean test accuracy (%)")
    for beta, color in zip(row.pair, colors):
        own = cells[cells["beta"] == beta].sort_values("label_smoothing")
        look = {"color": color, "marker": "o", "markersize": 4, "label": f"β = {beta:g}"}
        axis.plot(own["validation_confidence"], own["points"], **look)
        for cell in own.itertuples():
            axis.annotate(f" {cell.label_smoothing:g}", (cell.validation_confidence, cell.points), fontsize="x-small")
    if row.equal is not None:
        axis.axvspan(row.equal.attrs["low"], row.equal.attrs["high"], color=GRAY, alpha=0.1, linewidth=0)
    if len(cells):
        axis.legend(frameon=False, fontsize="small")


def _about_confidence(row: Row) -> list[str]:
    if row.table[row.table["phase"] == "smoothing"].empty:
        return ["no runs"]
    if row.equal is None:
        return ["no confidence in common"]
    gap, alike = ("{:z.1f} ({:z.1f} to {:z.1f})".format(*values) for values in _gaps(row))
    first, second = row.pair
    lines = [f"β = {second:g} minus {first:g}, n = {len(row.equal)} seeds:", f"{gap} points as trained,"]
    return [line.replace("-", "−") for line in (*lines, f"{alike} at equal confidence")]


def _gaps(row: Row) -> list[tuple[float, float, float]]:
    """The median gap without smoothing, and that at equal confidence, with their intervals."""
    return [median_interval(row.equal[name].to_numpy(), row.settings.confidence) for name in ("gap", "equal")]


def _numbers(row: Row) -> list[pd.DataFrame]:
    found = [numbers for way in row.directions if len(way.arms) for numbers in _numbers_of(row, way)]
    found.append(mechanism.smoothed_cells(row.table).assign(task=row.panel.task, series="smoothed"))
    if row.equal is not None:
        table = pd.DataFrame(_gaps(row), columns=["median", "low", "high"]).assign(n=len(row.equal))
        about = {"task": row.panel.task, "first": row.pair[0], "second": row.pair[1]}
        found.append(table.assign(series=["gap", "gap at equal confidence"], **about))
    return found


def _numbers_of(row: Row, direction: Direction) -> list[pd.DataFrame]:
    first, second, arms, shares = direction
    about = {"task": row.panel.task, "first": first, "second": second}
    sure = mechanism.arms(row.table, first, second, "test_confidence")
    found = []
    for arm in mechanism.ARMS:
        medians = _medians(arms, arm, row.settings.confidence).rename_axis("switch_step").reset_index()
        of_arm = medians["switch_step"].map(sure[arm].groupby("switch_step").mean())
        found.append(medians.assign(**about, series=arm, test_confidence=of_arm))
    return [*found, shares.reset_index().assign(**about, series="share left")]


def _entries(settings: BetaSwitch, drawn: set[str]) -> list[Line2D]:
    colors = {arm: settings.color if arm == "switched" else settings.control_color for arm in ARMS}
    arms = [
        entry(style["label"], color=colors[arm], **{k: style[k] for k in ("marker", "linestyle")})
        for arm, style in ARMS.items()
        if arm in drawn
    ]
    return [
        *arms,
        entry("first β kept", color=GRAY, linestyle=KEPT["first"]),
        entry("second β kept", color=GRAY, linestyle=KEPT["second"]),
        entry(f"bars: {settings.confidence:.0%} intervals", color=GRAY, linestyle=""),
        entry("mark on the lower edge: below it", color=GRAY, linestyle=""),
        entry("shaded on the right: confidences of both", color=GRAY, linestyle=""),
    ]
