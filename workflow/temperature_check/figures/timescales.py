"""Time scales of runs, τ_z and τ_nl, against ‖Z0‖, β and η̃, beside those of theory at the start."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from temperature_check.evaluation.early_learning import FEWEST_STEPS
from temperature_check.evaluation.statistics import slopes_interval
from temperature_check.figures import experiments as parts
from temperature_check.figures.panels import add_legend
from temperature_check.figures.style import GRAY

if TYPE_CHECKING:
    from temperature_check.study import Panel, TimeScalesFigure

VARIABLES = {"z0": "initial logit norm ‖Z0‖", "beta": "inverse temperature β", "effective_learning_rate": "η̃"}
SYMBOLS = {"z0": "‖Z0‖", "beta": "β", "effective_learning_rate": "η̃"}
FEW_STEPS = {"marker": "o", "markerfacecolor": "white"}
DECADES = 2


class Scale(NamedTuple):
    """A row of the figure: a time of runs, its prediction, and the exponents of ‖Z0‖, β and η̃ that theory gives it."""

    name: str
    symbol: str
    phase: str
    column: str
    few_steps: str
    predicted: str
    exponents: dict[str, int]


SCALES = (
    Scale(
        "τ_z",
        parts.TAU_Z,
        "onset",
        "learning_time",
        "learning_few_steps",
        "predicted_learning_time",
        {"z0": 1, "beta": 0, "effective_learning_rate": -1},
    ),
    Scale(
        "τ_nl",
        parts.TAU_NL,
        "departure",
        "kernel_time",
        "kernel_few_steps",
        "predicted_nonlinear_time",
        {"z0": 0, "beta": 1, "effective_learning_rate": -1},
    ),
)


def draw(events: pd.DataFrame, settings: TimeScalesFigure, panels: list[Panel]) -> tuple[Figure, pd.DataFrame]:
    """The figure, and the numbers it shows: a row a run, and a row a fitted exponent.

    Each column divides the time by the powers of the other two variables that theory gives.
    """
    rows, tables = [], []
    shown = events["phase"].isin([scale.phase for scale in SCALES])
    colors = parts.beta_colors(events.loc[shown, "beta"], settings.palette)
    for panel in panels:
        for scale in SCALES:
            own = events[(events["task"] == panel.task) & (events["phase"] == scale.phase)]
            fits = _fits(own, scale, settings.confidence)
            titles = _titles(own, fits, panel, scale, settings.confidence)
            rows.append([partial(_draw_panel, own, titles[name], colors, scale, name) for name in VARIABLES])
            tables += [own.assign(series="run", scale=scale.name), fits]
    figure = parts.grid_figure(rows)
    add_legend(figure, [*parts.beta_entries(colors, marker="o", linestyle=""), *_entries()])
    return figure, pd.concat(tables, ignore_index=True)


def _fits(own: pd.DataFrame, scale: Scale, confidence: float) -> pd.DataFrame:
    """Exponents of the variables by one fit to the logarithms, averaged over seeds, in cells without censored runs.

    A cell that a few of its seeds reached would bias the fit, for those are its fast ones. NaN where a variable has one
    value.
    """
    cells = np.log10(own[[*VARIABLES, scale.column]]).groupby(list(VARIABLES), as_index=False).mean()
    logs = cells[np.isfinite(cells[scale.column])]
    varied = [name for name in VARIABLES if logs[name].nunique() > 1]
    slopes = slopes_interval(logs[varied].to_numpy(), logs[scale.column].to_numpy(), confidence)
    fitted = dict.fromkeys(VARIABLES, (np.nan,) * 3) | dict(zip(varied, slopes))
    rows = [dict(zip(("slope", "low", "high"), slope)) | {"variable": name} for name, slope in fitted.items()]
    counts = {"n": len(logs), "cells": len(cells), "scale": scale.name, "series": "fit"}
    counts |= {"censored": int((~np.isfinite(own[scale.column])).sum()), "few_steps": int(own[scale.few_steps].sum())}
    return pd.DataFrame(rows).assign(task=own["task"].iloc[0] if len(own) else None, **counts)


def _titles(own: pd.DataFrame, fits: pd.DataFrame, panel: Panel, scale: Scale, confidence: float) -> dict[str, str]:
    """The titles of a row's panels, by variable; that of the first says what the row shows."""
    slopes = {
        fit.variable: parts.slope_text((fit.slope, fit.low, fit.high), confidence, f"{scale.exponents[fit.variable]:g}")
        for fit in fits.itertuples()
    }
    return slopes | {"z0": parts.heading(panel, own, _counts(fits.iloc[0], scale), slopes["z0"])}


def _counts(fit: pd.Series, scale: Scale) -> str:
    runs = f"{fit['censored']} runs censored, {fit['few_steps']} under {FEWEST_STEPS} steps"
    return f"{scale.symbol}: fit of {fit['n']} of {fit['cells']} cells; {runs}"


def _draw_panel(own: pd.DataFrame, title: str, colors: dict, scale: Scale, variable: str, axis: Axes) -> None:
    others = {name: exponent for name, exponent in scale.exponents.items() if name != variable and exponent}
    factor = np.prod([own[name] ** -exponent for name, exponent in others.items()], axis=0)
    reached, few = np.isfinite(own[scale.column]), own[scale.few_steps]
    times = factor * own[scale.column].where(reached, own["last_step"])
    for runs, style in ((reached & ~few, {"marker": "o"}), (few, FEW_STEPS), (~reached, parts.CENSORED)):
        _draw_runs(axis, own[variable][runs], times[runs], own["beta"][runs], colors, **style)
    predicted = (factor * own[scale.predicted]).groupby(own[variable]).median()
    axis.plot(predicted, color=GRAY, linestyle=":", marker="_", markersize=10)
    axis.set(xscale="log", yscale="log", xlabel=VARIABLES[variable], ylabel=_label(scale, others))
    axis.set_title(title, fontsize="small")
    _span_decades(axis)


def _draw_runs(axis: Axes, x: pd.Series, y: pd.Series, betas: pd.Series, colors: dict, **style) -> None:
    for beta, color in colors.items():
        axis.plot(x[betas == beta], y[betas == beta], color=color, markersize=4, linestyle="", alpha=0.7, **style)


def _span_decades(axis: Axes) -> None:
    """Let the vertical axis span DECADES at least: a slope of 0 is to look like one, whatever the spread of seeds."""
    low, high = np.log10(axis.get_ylim())
    missing = max(DECADES - (high - low), 0) / 2
    axis.set_ylim(10 ** (low - missing), 10 ** (high + missing))


def _label(scale: Scale, others: dict[str, int]) -> str:
    factors = "".join(f"{SYMBOLS[name]} " for name, exponent in others.items() if exponent < 0)
    divisors = "".join(f" / {SYMBOLS[name]}" for name, exponent in others.items() if exponent > 0)
    return f"{factors}{scale.symbol}{divisors}" + ("" if "effective_learning_rate" in others else " (steps)")


def _entries() -> list[Line2D]:
    return [
        Line2D([], [], color=GRAY, linestyle="", label="not reached: at the last step", **parts.CENSORED),
        Line2D([], [], color=GRAY, linestyle="", label=f"in fewer than {FEWEST_STEPS} steps", **FEW_STEPS),
        Line2D([], [], color=GRAY, linestyle=":", marker="_", label="theory at the start, median"),
    ]
