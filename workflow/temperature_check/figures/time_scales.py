"""Time scales of runs, τ_z and τ_nl, against ‖Z0‖, β and η̃, beside those of theory at the start."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from temperature_check.evaluation.effects import SLOPE, TIME_SCALES, VARIABLES, TimeScale, time_exponents
from temperature_check.evaluation.levels import FEWEST_STEPS
from temperature_check.figures.curves import (
    TAU_NL,
    TAU_Z,
    beta_entries,
    beta_styles,
    grid_figure,
    set_heading,
    slope_text,
)
from temperature_check.figures.panels import add_legend
from temperature_check.figures.style import CENSORED, GRAY, entry

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    from temperature_check.study.figures import Panel, TimeScalesFigure

LABELS = {"z0": "initial logit norm ‖Z0‖", "beta": "inverse temperature β", "effective_learning_rate": "η̃"}
SYMBOLS = {"z0": "‖Z0‖", "beta": "β", "effective_learning_rate": "η̃", "τ_z": TAU_Z, "τ_nl": TAU_NL}
SYMBOLS["τ_nl by departure"] = f"{TAU_NL} by departure"
FEW_STEPS_STYLE = {"markerfacecolor": "white"}
ROUNDED_STYLE = {"fillstyle": "bottom", "markerfacecoloralt": "white"}
SENTENCE = "Start of learning τ_z and end of the linear regime τ_nl: compare the fitted slopes with those of theory"
DECADES = 2
"""The least that a vertical axis spans, so that a slope of 0 looks like one whatever the spread of seeds is."""


def draw(events: pd.DataFrame, settings: TimeScalesFigure, tasks: list[Panel]) -> tuple[Figure, pd.DataFrame]:
    """The figure, and the numbers it shows: one row per run, and one per fitted exponent.

    A row is a time scale that runs of a task measure. Each column divides the time by the powers of the other two
    variables that theory gives.
    """
    rows, tables = [], []
    shown = events["phase"].isin([scale.phase for scale in TIME_SCALES])
    styles = beta_styles(events.loc[shown, "beta"], settings.palette)
    for panel in tasks:
        for scale in TIME_SCALES:
            own = events[(events["task"] == panel.task) & (events["phase"] == scale.phase)]
            own = own[own[scale.column].notna()]
            if own.empty:
                continue
            fits = time_exponents(own, scale, settings.confidence)
            titles = _titles(fits, scale, settings.confidence)
            rows.append([partial(_draw_panel, own, titles[name], panel, styles, scale, name) for name in VARIABLES])
            exponents = fits.assign(task=panel.task, scale=scale.name, series="fit")
            tables += [own.assign(series="run", scale=scale.name), exponents]
    figure = grid_figure(SENTENCE, rows, shared=False)
    add_legend(figure, [*beta_entries(styles, linestyle=""), *_entries()])
    return figure, pd.concat(tables, ignore_index=True)


def _titles(fits: pd.DataFrame, scale: TimeScale, confidence: float) -> dict[str, tuple[str, ...]]:
    """The lines of the titles of a row's panels, by variable. The first ones say what is fitted."""
    slopes = {
        fit["variable"]: slope_text([fit[name] for name in SLOPE], confidence, f"{scale.exponents[fit['variable']]:g}")
        for fit in fits.to_dict("records")
    }
    first = {"z0": (*_counts(fits.iloc[0], scale), slopes["z0"])}
    return {name: (slope,) for name, slope in slopes.items()} | first


def _counts(fit: pd.Series, scale: TimeScale) -> tuple[str, str]:
    left_out = f"{fit['censored']} censored, {fit['rounded']} rounded, {fit['few_steps']} under {FEWEST_STEPS} steps"
    betas = f"β from {fit['lowest']:g} to {fit['highest']:g}" if fit["fitted"] else "no β"
    return (
        f"{SYMBOLS[scale.name]}: {fit['fitted']} of {fit['runs']} runs in the fits ({left_out})",
        f"{betas}, n = {fit['n']} slopes, one per seed",
    )


def _draw_panel(
    own: pd.DataFrame, title: tuple, panel: Panel, styles: dict, scale: TimeScale, variable: str, axis: Axes
) -> None:
    others = {name: exponent for name, exponent in scale.exponents.items() if name != variable and exponent}
    factor = np.prod([own[name] ** -exponent for name, exponent in others.items()], axis=0)
    times = factor * own[scale.column].where(np.isfinite(own[scale.column]), own["last_step"])
    for runs, style in _looks(own, scale):
        _draw_runs(axis, own[variable][runs], times[runs], own["beta"][runs], styles, **style)
    predicted = (factor * own[scale.predicted]).groupby(own[variable]).median()
    axis.plot(predicted, color=GRAY, linestyle=":", marker="_", markersize=10)
    axis.set(xscale="log", yscale="log", xlabel=LABELS[variable], ylabel=_label(scale, others))
    set_heading(axis, panel, own, *title)
    _span_decades(axis)


def _looks(own: pd.DataFrame, scale: TimeScale) -> list[tuple[pd.Series, dict]]:
    """Which runs are drawn in which style."""
    reached, few, rounded = np.isfinite(own[scale.column]), own[scale.few_steps], own["updates_rounded"]
    return [
        (reached & ~few & ~rounded, {}),
        (few & ~rounded, FEW_STEPS_STYLE),
        (rounded & reached, ROUNDED_STYLE),
        (~reached, CENSORED),
    ]


def _draw_runs(axis: Axes, x: pd.Series, y: pd.Series, betas: pd.Series, styles: dict, **style) -> None:
    for beta, own in styles.items():
        look = {"markersize": 4, "linestyle": "", "alpha": 0.7} | own | style
        axis.plot(x[betas == beta], y[betas == beta], **look)


def _span_decades(axis: Axes) -> None:
    """Let the vertical axis span DECADES at least."""
    low, high = np.log10(axis.get_ylim())
    missing = max(DECADES - (high - low), 0) / 2
    axis.set_ylim(10 ** (low - missing), 10 ** (high + missing))


def _label(scale: TimeScale, others: dict[str, int]) -> str:
    factors = "".join(f"{SYMBOLS[name]} " for name, exponent in others.items() if exponent < 0)
    divisors = "".join(f" / {SYMBOLS[name]}" for name, exponent in others.items() if exponent > 0)
    return f"{factors}{SYMBOLS[scale.name]}{divisors}" + ("" if "effective_learning_rate" in others else " (steps)")


def _entries() -> list[Line2D]:
    few_steps = f"open: in fewer than {FEWEST_STEPS} steps"
    rounded = "half open: float32 loses part of the updates"
    return [
        entry(color=GRAY, linestyle="", label="not reached: at the last step", **CENSORED),
        entry(color=GRAY, linestyle="", marker="o", label=few_steps, **FEW_STEPS_STYLE),
        entry(color=GRAY, linestyle="", marker="o", label=rounded, **ROUNDED_STYLE),
        entry(color=GRAY, linestyle=":", marker="_", label="theory at the start, median"),
    ]
