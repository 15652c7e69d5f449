"""The effects that the paper is about: fits, comparisons and other statistics across cells or curves.

Figures draw these numbers. Slopes and exponents are of logarithms to base 10, by least squares, and have Student-t
intervals. They follow the NaN rules of `intervals.least_squares`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import pandas as pd

from temperature_check.evaluation.intervals import difference_interval, least_squares, median_interval
from temperature_check.evaluation.rates import counted_accuracy, scores_by_seed
from temperature_check.runs.rates import TIE_DECIMALS
from temperature_check.theory.events import first_time

SLOPE = ("slope", "low", "high")
"""The columns of a slope and its interval."""
LIMITS = ("linear_limit", "nonlinear_limit")
"""The columns of the limit of linear stability, and of the rate at which one step takes τ_nl."""
FEWEST_TUNING_SEEDS = 10
"""Fewest tuning seeds from which the uncertainty of a choice is estimated."""
RESAMPLES = 2000
FEWEST_BETAS = 3
"""Fewest values of β over which a slope of the largest stable rate is fitted."""
STABILITY_REGIMES = {"β ≤ 0.1": lambda beta: beta <= 0.1, "β ≥ 1": lambda beta: beta >= 1}
"""The values of β over which these slopes are fitted apart. Between them two limits meet."""
DEPARTURES = ("departure", "kernel_change")
"""The columns that measure how far a run is from its linearized network."""
SYMBOLS = {"z0": "‖Z0‖", "beta": "β", "effective_learning_rate": "η̃"}
VARIABLES = tuple(SYMBOLS)
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


NONLINEAR = {"z0": 0, "beta": 1, "effective_learning_rate": -1}
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
        NONLINEAR,
    ),
    TimeScale(
        "τ_nl by departure",
        "departure",
        "departure_time",
        "departure_few_steps",
        "predicted_nonlinear_time",
        NONLINEAR,
    ),
)


def choose_beta(tuned: pd.DataFrame) -> tuple[float, float]:
    """The β with the highest mean validation accuracy of tuning runs at the chosen rates, and that accuracy.

    tuned: of one task and ‖Z0‖, as `cells.at_chosen_rate` gives them. Failed runs count at chance, 1/classes. Ties go
    to the β nearest 1 on a logarithmic scale, then to the smaller.
    """
    averages = counted_accuracy(tuned).groupby(tuned["beta"]).mean().round(TIE_DECIMALS)
    highest = averages[averages == averages.max()]
    beta = min(highest.index, key=_distance_from_one)
    return float(beta), float(highest.iloc[0])


def resampled_choice(tuned: pd.DataFrame, beta: float, confidence: float) -> dict[str, float]:
    """How sure the choice of a β is: what tuning seeds would choose if they were drawn again.

    tuned: all tuning runs of one task and ‖Z0‖, as `cells.tuning_runs` gives them, at every rate. beta: the choice.
    In each resample the seeds are drawn with replacement, the same for all β. The best rate of each β is then chosen
    anew, and after that the best β. If each seed has validation examples of its own, they are resampled with it.
    Returns the number of `tuning_seeds`, the share `agreement` of resamples that choose `beta`, and the `beta_low` and
    `beta_high` of the central interval of their choices; NaN from fewer than FEWEST_TUNING_SEEDS seeds.
    """
    chosen, seeds = drawn_choices(tuned), tuned["seed"].nunique()
    if chosen is None:
        return {"tuning_seeds": seeds} | dict.fromkeys(("agreement", "beta_low", "beta_high"), np.nan)
    low, high = np.quantile(chosen, [(1 - confidence) / 2, (1 + confidence) / 2], method="inverted_cdf")
    return {"tuning_seeds": seeds, "agreement": np.mean(chosen == beta), "beta_low": low, "beta_high": high}


def drawn_choices(tuned: pd.DataFrame) -> np.ndarray | None:
    """The β that each of RESAMPLES resamples chooses, as `resampled_choice` says; None from too few tuning seeds."""
    scores = scores_by_seed(tuned, ["beta", "scaled_learning_rate"]).dropna(axis="columns")
    seeds = len(scores)
    if seeds < FEWEST_TUNING_SEEDS:
        return None
    drawn = np.random.default_rng(0).integers(seeds, size=(RESAMPLES, seeds))
    means = scores.to_numpy()[drawn].mean(axis=1).round(TIE_DECIMALS)
    betas = sorted(scores.columns.unique("beta"), key=_distance_from_one)
    best = np.stack([means[:, scores.columns.get_level_values("beta") == value].max(axis=1) for value in betas])
    return np.array(betas)[best.argmax(axis=0)]


def tuning_gain(report: pd.DataFrame, beta: float, confidence: float) -> dict[str, float]:
    """The gain in test accuracy of a tuned β over β = 1, paired by seed.

    report: report runs of one task and ‖Z0‖.
    Returns the median `difference` of tuned minus one, `low` and `high` of its interval, the number `n` of seeds that
    have both runs, and how many of these have a `failed` one. The difference is NaN without pairs. It is also NaN, and
    n is 0, if the tuned β is 1, because nothing is compared then.
    """
    pairs = paired_with_one(report, beta)
    gain = difference_interval(pairs["test_accuracy"], pairs["test_accuracy_one"], confidence)
    failed = (pairs[["status", "status_one"]] == "failed").any(axis=1).sum()
    return dict(zip(("difference", "low", "high"), gain)) | {"n": len(pairs), "failed": int(failed)}


def paired_with_one(report: pd.DataFrame, beta: float) -> pd.DataFrame:
    """The report runs at β, each beside that at β = 1 of its seed, whose columns end in `_one`; none if β is 1."""
    tuned, one = report[report["beta"] == beta], report[(report["beta"] == 1) & (beta != 1)]
    return tuned.merge(one, on="seed", suffixes=("", "_one"))


def _distance_from_one(beta: float) -> tuple[float, float]:
    return round(abs(np.log(beta)), TIE_DECIMALS), beta


def time_exponents(events: pd.DataFrame, scale: TimeScale, confidence: float) -> pd.DataFrame:
    """The exponents of a time scale, one row for each of the VARIABLES.

    events: of one task and of the phase of the scale, with one row per run. For each seed,
    log time = constant + Σ exponent · log variable is fitted to its runs. A slope is the median over seeds, with the
    distribution-free interval of the median. A β with a censored run is left out as a whole, because its fast runs
    alone would count. Runs whose event came after few steps are left out because they do not follow gradient flow, and
    runs with rounded updates because float32 loses part of them.
    Columns: `variable`, SLOPE, the number `n` of seeds, the numbers of all `runs` and of those `fitted`, how many are
    `censored`, else have `rounded` updates, else have the event after `few_steps`, and the smallest and largest β in
    the fit, `lowest` and `highest`. A slope is NaN if its variable has one value.
    """
    reached, few, rounded, used = _fitted(events, scale)
    left_out = {"censored": ~reached, "rounded": reached & rounded, "few_steps": few & ~rounded}
    found = seed_exponents(events, scale)
    slopes = {name: median_interval(values, confidence) for name, values in found.items()}
    rows = [dict(zip(SLOPE, slopes.get(name, (np.nan,) * 3))) | {"variable": name} for name in VARIABLES]
    counts = {"n": len(next(iter(found.values()), ())), "runs": len(events), "fitted": int(used.sum())}
    counts |= {name: int(runs.sum()) for name, runs in left_out.items()}
    betas = events.loc[used, "beta"]
    return pd.DataFrame(rows).assign(**counts, lowest=betas.min(), highest=betas.max())


def seed_exponents(events: pd.DataFrame, scale: TimeScale) -> dict[str, np.ndarray]:
    """The exponents of which `time_exponents` gives medians: by variable with several values, one for each seed."""
    used = events[_fitted(events, scale)[-1]]
    varied = [name for name in VARIABLES if used[name].nunique() > 1]
    found = [_exponents(runs, varied, scale) for _, runs in used.groupby("seed")] if varied else []
    known = np.array([slopes for slopes in found if np.isfinite(slopes).all()])
    return dict(zip(varied, known.T)) if len(known) else {}


def fitted_events(events: pd.DataFrame, scale: TimeScale) -> pd.DataFrame:
    """The runs to which `time_exponents` fits."""
    return events[_fitted(events, scale)[-1]]


def _fitted(events: pd.DataFrame, scale: TimeScale) -> tuple[pd.Series, ...]:
    """Which runs reached the event, in few steps, with rounded updates; and which of all runs are in the fit."""
    reached = np.isfinite(events[scale.column])
    whole = reached.groupby(events["beta"]).transform("all") if len(events) else reached
    few, rounded = (events[name].astype(bool) for name in (scale.few_steps, "updates_rounded"))
    return reached, few, rounded, whole & ~few & ~rounded


def _exponents(runs: pd.DataFrame, varied: list[str], scale: TimeScale) -> list[float]:
    logs = np.log10(runs[[*varied, scale.column]].astype(float))
    fit = least_squares(logs[varied].to_numpy(), logs[scale.column].to_numpy(), 0.5)
    return [slope for slope, *_ in fit.slopes]


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


def largest_rate_slopes(rates: pd.DataFrame, confidence: float) -> pd.DataFrame:
    """Slope in log β of log η of the largest stable rate, one row for each of STABILITY_REGIMES.

    rates: of one task, as `largest_rates` gives them. A line is fitted for each seed, over the β of the regime whose
    searches all ended inside their bounds. A slope is the median over seeds, with its distribution-free interval.
    Columns: `regime`, SLOPE, the number `n` of seeds, and `betas`, the number of β in the fits, at least three.
    """
    slopes, rows = seed_slopes(rates), []
    for regime, used in _of_regimes(rates).items():
        interval = dict(zip(SLOPE, median_interval(slopes[regime], confidence)))
        rows.append({"regime": regime} | interval | {"n": len(slopes[regime]), "betas": used["beta"].nunique()})
    return pd.DataFrame(rows)


def seed_slopes(rates: pd.DataFrame) -> dict[str, np.ndarray]:
    """The slopes of which `largest_rate_slopes` gives medians: by regime, one for each seed."""
    slopes = {}
    for regime, used in _of_regimes(rates).items():
        lines = used.groupby("seed") if used["beta"].nunique() >= FEWEST_BETAS else ()
        slopes[regime] = np.array([_slope(own["beta"], own["largest"]) for _, own in lines])
    return slopes


def _of_regimes(rates: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """The searches of each regime, at the β whose searches all ended inside their bounds."""
    found = rates["found"]
    bracketed = (found.groupby(rates["beta"]).transform("all") if len(rates) else found).astype(bool)
    return {regime: rates[bracketed & holds(rates["beta"])] for regime, holds in STABILITY_REGIMES.items()}


def _slope(x: pd.Series, y: pd.Series) -> float:
    return float(np.polyfit(np.log10(x), np.log10(y), 1)[0])


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


def time_to_share(curve: pd.DataFrame, time: str, share: float) -> float:
    """The time, a column of a run's curve, at which its loss is a share of the first; infinite if it never is."""
    return first_time(curve[time], -curve["loss"], -curve["loss"].iloc[0] * share)


def linear_curves(curves: pd.DataFrame, time: str, share: float, largest: float) -> pd.DataFrame:
    """The curves at the β whose departure is below `largest` until the loss is a share of the first, in every run."""
    linear = {}
    for (beta, seed), curve in curves.groupby(["beta", "seed"]):
        until = curve[curve[time] <= time_to_share(curve, time, share)]
        linear[beta, seed] = bool((until["departure"].dropna() < largest).all())
    whole = pd.Series(linear).groupby(level=0).all()
    return curves[curves["beta"].map(whole)]


def time_ranges(curves: pd.DataFrame, time: str, share: float) -> np.ndarray:
    """For each seed, the range over β of log10 of the time at which the loss is a share of the first."""
    return np.ptp(np.log10(_times(curves, time, share).to_numpy()), axis=1)


def _times(curves: pd.DataFrame, time: str, share: float) -> pd.DataFrame:
    """The `time_to_share` of each run, by seed and β."""
    times = {run: time_to_share(curve, time, share) for run, curve in curves.groupby(["seed", "beta"])}
    runs = pd.MultiIndex.from_tuples([*times], names=["seed", "beta"])
    return pd.Series([*times.values()], runs, dtype=float).unstack()


def half_time_spread(curves: pd.DataFrame, time: str, confidence: float) -> dict:
    """How far apart in time the curves of several β are.

    curves: of one task and phase, with the column `time`. A run without a curve did not reach its ‖Z0‖. The `betas` are
    those at which all seeds reached it.
    A seed has a range: the largest minus the smallest, over `betas`, of log10 of the time to half the first loss, in
    decades. Returns the `spread`, the median range over seeds, with `low` and `high` of its distribution-free interval,
    and how many of the `n` runs, one for each seed and β, `reached` half. The spread is NaN unless all did, because it
    would be the range over fewer β, and with one β alone.
    """
    table = _times(curves, time, 0.5).dropna(axis="columns")
    times = np.log10(table.to_numpy(dtype=float))
    reached = int(np.isfinite(times).sum())
    ranges = np.ptp(times, axis=1) if reached == times.size and len(table.columns) > 1 else []
    spread = dict(zip(("spread", "low", "high"), median_interval(ranges, confidence)))
    return spread | {"betas": [*table.columns], "reached": reached, "n": times.size}


def half_time_spreads(curves: pd.DataFrame, kinds: Iterable[tuple[str, str, str]], confidence: float) -> pd.DataFrame:
    """`half_time_spread` of several kinds (task, phase, column of time), one row each."""
    rows = []
    for task, phase, time in kinds:
        spread = half_time_spread(curves[(curves["task"] == task) & (curves["phase"] == phase)], time, confidence)
        said = ", ".join(f"{beta:g}" for beta in spread["betas"])
        rows.append({"task": task, "phase": phase, "time_axis": time} | spread | {"betas": said})
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
        moments = {"half": time_to_share(curve, "step", 0.5), "end": curve["step"].iloc[-1]}
        rows += [run | {"moment": name, "step": step} | _at(curve, step) for name, step in moments.items()]
    return pd.DataFrame(rows)


def medians_by_beta(values: pd.DataFrame, column: str, confidence: float) -> pd.DataFrame:
    """Median of a column over seeds and its interval, by β. Columns: `median`, `low` and `high`; NaN is left out."""
    groups = values.dropna(subset=column).groupby("beta")[column]
    intervals = {beta: median_interval(group.to_numpy(), confidence) for beta, group in groups}
    return pd.DataFrame.from_dict(intervals, orient="index", columns=["median", "low", "high"], dtype=float)


def _at(curve: pd.DataFrame, step: float) -> dict[str, float]:
    names = (*DEPARTURES, "loss")
    reached = np.isfinite(step)
    return {name: np.interp(step, curve["step"], curve[name]) if reached else np.nan for name in names}
