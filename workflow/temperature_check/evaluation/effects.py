"""The effects that the paper is about: fits, comparisons and other statistics across cells or curves.

Figures draw these numbers. Slopes and exponents are of logarithms to base 10, by least squares, and have Student-t
intervals. They follow the NaN rules of `intervals.least_squares`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import pandas as pd

from temperature_check.evaluation.intervals import difference_interval, least_squares, mean_interval
from temperature_check.runs.rates import TIE_DECIMALS
from temperature_check.theory.events import first_time

SLOPE = ("slope", "low", "high")
"""The columns of a slope and its interval."""
LIMITS = ("linear_limit", "nonlinear_limit")
"""The columns of the limit of linear stability, and of the rate at which one step takes τ_nl."""
DEPARTURES = ("departure", "kernel_change")
"""The columns that measure how far a run is from its linearized network."""
VARIABLES = ("z0", "beta", "effective_learning_rate")
"""What time scales are power laws of: ‖Z0‖, β and η̃ = ηβ²."""


class TimeScale(NamedTuple):
    """A time scale of runs, and the exponents of the VARIABLES that theory gives it.

    phase: of the runs that measure it. column, few_steps, predicted: names of columns of the table of events.
    """

    name: str
    phase: str
    column: str
    few_steps: str
    predicted: str
    exponents: dict[str, int]


TIME_SCALES = (
    TimeScale(
        "τ_z",
        "onset",
        "learning_time",
        "learning_few_steps",
        "predicted_learning_time",
        {"z0": 1, "beta": 0, "effective_learning_rate": -1},
    ),
    TimeScale(
        "τ_nl",
        "departure",
        "kernel_time",
        "kernel_few_steps",
        "predicted_nonlinear_time",
        {"z0": 0, "beta": 1, "effective_learning_rate": -1},
    ),
)


def chosen_rate_slope(chosen: pd.DataFrame, confidence: float) -> dict[str, float]:
    """Slope of log η in log β over the cells whose chosen rate is at no edge of its grid.

    chosen: of one task and ‖Z0‖, as `cells.chosen_rates` gives them.
    Returns SLOPE, the `intercept` at β = 1 as log10 η, and the number `n` of cells in the fit.
    """
    inner = chosen[chosen["rate_edge"] == ""]
    fit = least_squares(np.log10(inner["beta"]), np.log10(inner["learning_rate"]), confidence)
    return dict(zip(SLOPE, fit.slopes[0])) | {"intercept": fit.intercept, "n": len(inner)}


def choose_beta(tuned: pd.DataFrame) -> tuple[float, float]:
    """The β with the highest mean validation accuracy of tuning runs at the chosen rates, and that accuracy.

    tuned: of one task and ‖Z0‖, as `cells.at_chosen_rate` gives them. Failed runs count at chance, 1/classes. Ties go
    to the β nearest 1 on a logarithmic scale, then to the smaller.
    """
    counted = tuned["validation_accuracy"].where(tuned["status"] == "ok", 1 / tuned["classes"])
    averages = counted.groupby(tuned["beta"]).mean().round(TIE_DECIMALS)
    highest = averages[averages == averages.max()]
    beta = min(highest.index, key=lambda beta: (round(abs(np.log(beta)), TIE_DECIMALS), beta))
    return float(beta), float(highest.iloc[0])


def tuning_gain(report: pd.DataFrame, beta: float, confidence: float) -> dict[str, float]:
    """The gain in test accuracy of a tuned β over β = 1, paired by seed.

    report: report runs of one task and ‖Z0‖.
    Returns the mean `difference` of tuned minus one, `low` and `high` of its interval, the number `n` of seeds that
    have both runs, and how many of these have a `failed` one. The difference is NaN without pairs.
    """
    values = report.rename(columns={"test_accuracy": "accuracy"})[["seed", "beta", "accuracy", "status"]]
    tuned, one = values[values["beta"] == beta], values[values["beta"] == 1]
    pairs = tuned.merge(one, on="seed", suffixes=("_tuned", "_one"))
    gain = difference_interval(pairs["accuracy_tuned"], pairs["accuracy_one"], confidence)
    failed = (pairs[["status_tuned", "status_one"]] == "failed").any(axis=1).sum()
    return dict(zip(("difference", "low", "high"), gain)) | {"n": len(pairs), "failed": int(failed)}


def time_exponents(events: pd.DataFrame, scale: TimeScale, confidence: float) -> pd.DataFrame:
    """The exponents of a time scale, one row for each of the VARIABLES.

    events: of one task and of the phase of the scale, with one row per run. The fit is
    log time = constant + Σ exponent · log variable, over cells: points (‖Z0‖, β, η̃), whose log times are averaged over
    seeds. A cell with a censored run, whose time is infinite, is left out, because only its fast seeds would count.
    Columns: `variable`, SLOPE, the number `n` of cells in the fit, the number of all `cells`, and how many runs are
    `censored` or have the event after `few_steps`. A slope is NaN if its variable has one value.
    """
    cells = np.log10(events[[*VARIABLES, scale.column]]).groupby([*VARIABLES], as_index=False).mean()
    logs = cells[np.isfinite(cells[scale.column])]
    varied = [name for name in VARIABLES if logs[name].nunique() > 1]
    fit = least_squares(logs[varied].to_numpy(), logs[scale.column].to_numpy(), confidence)
    slopes = dict.fromkeys(VARIABLES, (np.nan,) * 3) | dict(zip(varied, fit.slopes))
    rows = [dict(zip(SLOPE, slope)) | {"variable": name} for name, slope in slopes.items()]
    censored, few_steps = (~np.isfinite(events[scale.column])).sum(), events[scale.few_steps].sum()
    counts = {"n": len(logs), "cells": len(cells), "censored": int(censored), "few_steps": int(few_steps)}
    return pd.DataFrame(rows).assign(**counts)


def largest_rates(brackets: pd.DataFrame) -> pd.DataFrame:
    """The brackets of searches in η instead of ηβ, one row per search, with the `largest` stable rate.

    If the search ended inside its bounds, `found` is true, and `largest` is the geometric middle of the last interval.
    Otherwise `largest` is the bound at which the search ended, NaN if there was no run. LIMITS are in η as well.
    """
    names = ("largest_stable", "smallest_unstable", *LIMITS)
    table = brackets.assign(**{name: brackets[name] / brackets["beta"] for name in names})
    middle = np.sqrt(table["largest_stable"] * table["smallest_unstable"])
    found = np.isfinite(middle)
    bound = table["largest_stable"].fillna(table["smallest_unstable"])
    return table.assign(found=found, largest=middle.where(found, bound))


def largest_rate_slope(rates: pd.DataFrame, confidence: float) -> dict[str, float]:
    """Slope in log β of the mean log η over seeds, over the β whose searches all ended inside their bounds.

    rates: of one task, as `largest_rates` gives them. Returns SLOPE and the number `n` of β in the fit.
    """
    logs = np.log10(rates[["beta", "largest"]]).assign(found=rates["found"])
    averages = logs.groupby("beta").agg({"largest": "mean", "found": "all"})
    inner = averages[averages["found"]]
    fit = least_squares(inner.index.to_numpy(), inner["largest"].to_numpy(), confidence)
    return dict(zip(SLOPE, fit.slopes[0])) | {"n": len(inner)}


def crossing(rates: pd.DataFrame) -> float:
    """The β at which both LIMITS, medians over seeds, are equal, linear between logarithms; NaN if they do not cross.

    Below this β the nonlinear limit is the smaller one, and above it the linear limit is.
    """
    limits = np.log10(rates.groupby("beta")[[*LIMITS]].median())
    difference = (limits["linear_limit"] - limits["nonlinear_limit"]).sort_index(ascending=False)
    if not difference.min() < 0 < difference.max():
        return np.nan
    return float(10 ** np.interp(0, difference, np.log10(difference.index)))


def with_times(curves: pd.DataFrame) -> pd.DataFrame:
    """Curves with `time`, t = steps · η, and `scaled_time`, η̃t = steps · ηβ²."""
    scaled = curves["step"] * curves["effective_learning_rate"]
    return curves.assign(scaled_time=scaled, time=scaled / curves["beta"] ** 2)


def half_time(curve: pd.DataFrame, time: str) -> float:
    """The time, a column of a run's curve, at which its loss is half the first; infinite if it never is."""
    return first_time(curve[time], -curve["loss"], -curve["loss"].iloc[0] / 2)


def half_time_spread(curves: pd.DataFrame, time: str) -> dict[str, float]:
    """How far apart in time the curves of different β are.

    curves: of one task and phase, with the column `time`.
    Returns the `spread`, the standard deviation over β of log10 of the time to half the first loss, in decades,
    averaged over seeds; and how many of the `n` runs `reached` half. The spread is NaN if not all did, because it would
    be the spread of fewer β, and without runs.
    """
    runs = curves.groupby(["beta", "seed"])
    halves = pd.DataFrame([(seed, half_time(curve, time)) for (_, seed), curve in runs], columns=["seed", "time"])
    reached = halves[np.isfinite(halves["time"].astype(float))]
    known = len(reached) == len(halves) > 0
    spread = np.log10(reached["time"]).groupby(reached["seed"]).std().mean() if known else np.nan
    return {"spread": spread, "reached": len(reached), "n": len(halves)}


def half_time_spreads(curves: pd.DataFrame, kinds: Iterable[tuple[str, str, str]]) -> pd.DataFrame:
    """`half_time_spread` of several kinds (task, phase, column of time), one row per kind."""
    rows = []
    for task, phase, time in kinds:
        own = curves[(curves["task"] == task) & (curves["phase"] == phase)]
        rows.append({"task": task, "phase": phase, "time_axis": time} | half_time_spread(own, time))
    return pd.DataFrame(rows)


def departure_curves(curves: pd.DataFrame, task: str) -> pd.DataFrame:
    """The curves of a task's departure at its smallest ‖Z0‖ and its largest ηβ.

    More columns: `scaled_time` η̃t, and `noise_floor`, what float32 rounds away of Z0 relative to ‖Z - Z0‖, NaN at the
    start.
    """
    own = curves[(curves["task"] == task) & (curves["phase"] == "departure")]
    own = own[(own["z0"] == own["z0"].min()) & (own["scaled_learning_rate"] == own["scaled_learning_rate"].max())]
    noise = own["noise"] / own["moved"].where(own["moved"] > 0)
    return own.assign(scaled_time=own["step"] * own["effective_learning_rate"], noise_floor=noise)


def departure_moments(curves: pd.DataFrame) -> pd.DataFrame:
    """DEPARTURES and loss of each run at two moments, linear between recorded steps, one row per run and moment.

    moment: `half`, when the loss is half the first, or `end`, the last step. Where the loss is never half, the step of
    that moment is infinite and its values are NaN.
    """
    rows = []
    for (task, beta, seed), curve in curves.groupby(["task", "beta", "seed"]):
        run = {"task": task, "beta": beta, "seed": seed}
        moments = {"half": half_time(curve, "step"), "end": curve["step"].iloc[-1]}
        rows += [run | {"moment": name, "step": step} | _at(curve, step) for name, step in moments.items()]
    return pd.DataFrame(rows)


def means_by_beta(values: pd.DataFrame, column: str, confidence: float) -> pd.DataFrame:
    """Mean of a column over seeds and its Student-t interval, by β. Columns: `mean`, `low` and `high`; NaN is left out.

    The interval is NaN if there is one seed.
    """
    groups = values.dropna(subset=column).groupby("beta")[column]
    intervals = {beta: mean_interval(group.to_numpy(), confidence) for beta, group in groups}
    return pd.DataFrame.from_dict(intervals, orient="index", columns=["mean", "low", "high"], dtype=float)


def _at(curve: pd.DataFrame, step: float) -> dict[str, float]:
    names = (*DEPARTURES, "loss")
    reached = np.isfinite(step)
    return {name: np.interp(step, curve["step"], curve[name]) if reached else np.nan for name in names}
