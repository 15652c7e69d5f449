"""How each claim is judged in one task. docs/claims.md has the rules.

Each function gives the verdict of a claim in a task, or over the tasks that the study names for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from math import comb

import numpy as np
import pandas as pd
from scipy import stats

from temperature_check.claims.effect import Effect, Region, around, of_distribution, of_seeds
from temperature_check.claims.verdict import (
    Verdict,
    all_inside,
    any_outside,
    not_assessable,
    of_effects,
)
from temperature_check.evaluation import cells, effects
from temperature_check.evaluation.cells import at_chosen_rate, tuning_runs
from temperature_check.evaluation.rate_slopes import slope_distribution

ANY = np.inf
SLOPE, EXPONENT, DEPTH = 1 / 4, 1 / 6, 1 / 5
"""Practical sizes of slopes: in general, where −1 is to be told from −2/3, and of N1."""
FEWEST_BETAS = 3
LINEAR, LEARNED, SAME = 0.1, 0.9, 0.02
"""C1: largest departure, share of the first loss, and largest range of times in decades."""
RANGE = (0.01, 10)
"""The β that the paper advises to tune over."""
NEAR_ONE = (0.3, 3)
CHOSEN = ", which tuning chooses,"
LARGE_NORM, SMALL_NORM, POOR = 30, 0.1, 2
FEWEST_STEPS = 10
NONE = pd.DataFrame(columns=["task", "phase", "beta", "z0", "seed", "first", "second"])
"""The table of experiments of a study that has none."""


@dataclass(frozen=True)
class TaskData:
    """What claims read of a task: its tables, which may be empty.

    margin: practical size of a difference of accuracy, in points. degree: of the network, `NetworkSettings.degree`.
    """

    margin: float
    degree: int | None
    batch_norm: bool
    runs: pd.DataFrame
    curves: pd.DataFrame
    events: pd.DataFrame
    rates: pd.DataFrame
    mechanism: pd.DataFrame = field(default_factory=NONE.copy)

    @property
    def first_norm(self) -> pd.DataFrame:
        """The runs at the smallest ‖Z0‖."""
        return self.runs[self.runs["z0"].isna() | (self.runs["z0"] == self.runs["z0"].min())]

    @cached_property
    def chosen(self) -> pd.DataFrame:
        """The tuning runs at the chosen rates, with a ‖Z0‖ of -1 with plain initialization."""
        return at_chosen_rate(tuning_runs(self.runs)).fillna({"z0": -1})

    @cached_property
    def by_beta(self) -> pd.DataFrame:
        """Points of the report runs at the smallest ‖Z0‖, by seed and β."""
        return report_runs(self.first_norm).pivot_table(index="seed", columns="beta", values="points")


def tasks_of(
    facts: Mapping[str, tuple], runs: pd.DataFrame, curves=NONE, events=NONE, rates=NONE, mechanism=NONE
) -> dict[str, TaskData]:
    """What claims read of each task. facts: by task, the `margin`, `degree` and `batch_norm`."""
    tables = (runs, curves, events, rates, mechanism)
    return {
        name: TaskData(*known, *(table[table["task"] == name] for table in tables)) for name, known in facts.items()
    }


def report_runs(runs: pd.DataFrame) -> pd.DataFrame:
    """The `cells.report_runs`, with test accuracy in `points`."""
    return _in_points(cells.report_runs(runs))


def _in_points(runs: pd.DataFrame) -> pd.DataFrame:
    return runs.assign(points=100 * runs["test_accuracy"])


def same_dynamics(task: TaskData) -> Verdict:
    """C1."""
    curves = task.curves[task.curves["phase"] == "curves_exact"]
    if curves.empty:
        return not_assessable("learning curves")
    linear = effects.linear_curves(effects.with_times(curves), "scaled_time", LEARNED, LINEAR)
    few = linear["beta"].nunique() < FEWEST_BETAS
    ranges = [] if few else effects.time_ranges(linear, "scaled_time", LEARNED)
    doubt = "fewer than three β are linear until then" if few else ""
    return of_effects([of_seeds("range over β of η̃t at 0.9 of the loss, in decades", ranges, (-ANY, SAME), doubt)])


def onset(task: TaskData) -> Verdict:
    """C2."""
    events = task.events[(task.events["phase"] == "onset") & (task.events["z0"] >= SMALL_NORM)]
    if events.empty:
        return not_assessable("runs of the onset at ‖Z0‖ ≥ 0.1")
    reached = events.groupby("z0")["beta"].transform("nunique") == events["beta"].nunique()
    return of_effects(_exponents(events[reached], effects.TIME_SCALES[0], ("z0", "beta")))


def end_of_linear_regime(task: TaskData) -> Verdict:
    """C3."""
    events = task.events[task.events["phase"] == "departure"]
    if events.empty:
        return not_assessable("runs of the departure")
    kernel, departure = effects.TIME_SCALES[1:]
    varied = ("beta", "z0") if events["z0"].nunique() > 1 else ("beta",)
    return of_effects([*_exponents(events, kernel, ("beta",)), *_exponents(events, departure, varied)])


def _exponents(events: pd.DataFrame, scale: effects.TimeScale, variables: tuple[str, ...]) -> list[Effect]:
    few = effects.fitted_events(events, scale)["beta"].nunique() < FEWEST_BETAS
    doubt = "fewer than three β without a censored run" if few else ""
    found = effects.seed_exponents(events, scale)
    return [
        of_seeds(
            f"slope of {scale.name} in {effects.SYMBOLS[name]}",
            found.get(name, []),
            around(scale.exponents[name], SLOPE),
            doubt,
        )
        for name in variables
    ]


def best_rate(task: TaskData) -> Verdict:
    """C4."""
    tuned = tuning_runs(task.first_norm)
    line = slope_distribution(tuned, "β ≤ 1")
    if line is None or line.n < 5:
        return not_assessable("rates of five β ≤ 1 that fit, from ten tuning seeds")
    interval = (line.quantile(0.025), line.quantile(0.975))
    small = tuned[tuned["beta"] <= 1]
    doubt = "a rate at an edge" if (small["rate_edge"] != "").any() else ""
    name, region = "slope of the chosen ηβ in β", around(0, EXPONENT)
    return of_effects([of_distribution(name, line.slope, line.below, interval, region, line.n, "β", doubt)])


def largest_rate(task: TaskData) -> Verdict:
    """C5."""
    slopes = _late_slopes(task)
    if not len(slopes):
        return not_assessable("largest stable rates at three β ≤ 0.1")
    doubt = "N1 predicts the same slope" if task.degree == 2 else ""
    return of_effects([of_seeds("slope of the largest stable η in β", slopes, around(-1, EXPONENT), doubt)])


def _late_slopes(task: TaskData) -> np.ndarray:
    return effects.seed_slopes(effects.largest_rates(task.rates))["β ≤ 0.1"] if len(task.rates) else np.array([])


def large_norm(task: TaskData) -> Verdict:
    """C7."""
    found = [_norms(own, task) for _, own in report_runs(task.runs).groupby("beta")]
    differences = [one for one in found if one is not None]
    if not differences:
        return not_assessable("runs at ‖Z0‖ ≥ 30 and at 0.1, at one β")
    return of_effects(differences)


def _norms(report: pd.DataFrame, task: TaskData) -> Effect | None:
    table = report.pivot_table(index="seed", columns="z0", values="points")
    if SMALL_NORM not in table:
        return None
    whole = [norm for norm in table if norm >= LARGE_NORM and table[norm].notna().all()]
    if not whole:
        return None
    beta = report["beta"].iloc[0]
    name = f"accuracy at ‖Z0‖ = {max(whole):g} minus that at 0.1, β = {beta:g}"
    return of_seeds(name, table[max(whole)] - table[SMALL_NORM], (-ANY, -POOR))


def norm_and_beta(task: TaskData) -> Verdict:
    """C8."""
    report = report_runs(task.runs)
    report = report[report["z0"] <= 1]
    shared = (report.groupby("beta")["scaled_learning_rate"].nunique() == 1).all()
    if not shared or report["z0"].nunique() < 2 or report["beta"].nunique() < 2:
        return not_assessable("one rate for several ‖Z0‖ ≤ 1 of each of several β")
    of_norm, of_beta = _norm_effects(report, task), _beta_effects(task)
    supported = max(all_inside(of_norm), any_outside(of_beta))
    contradicted = min(any_outside(of_norm), all_inside(of_beta))
    return Verdict(supported, contradicted, (*of_norm, *of_beta))


def _norm_effects(report: pd.DataFrame, task: TaskData) -> list[Effect]:
    found = []
    for beta, own in report.groupby("beta"):
        table = own.pivot_table(index="seed", columns="z0", values="points")
        large, small = max(table), min(table)
        if large == small:
            continue
        name = f"accuracy at ‖Z0‖ = {large:g} minus that at {small:g}, β = {beta:g}"
        doubt = _doubt(task, [(beta, large), (beta, small)])
        found.append(of_seeds(name, table[large] - table[small], around(0, task.margin), doubt))
    return found


def _beta_effects(task: TaskData) -> list[Effect]:
    region = around(0, 2 * task.margin)
    found = (_difference(task, beta, 1.0, region) for beta in task.by_beta if beta != 1)
    return [effect._replace(predicts_outside=True) for effect in found]


def _difference(task: TaskData, beta: float, other: float, region: Region, chosen: str = "") -> Effect:
    """Accuracy at a β minus that at another one, at the smallest ‖Z0‖."""
    name = f"accuracy at β = {beta:g}{chosen} minus that at {other:g}"
    return of_seeds(name, task.by_beta[beta] - task.by_beta[other], region, doubt_of(task, (beta, other)))


def _doubt(task: TaskData, points: list[tuple[float, float]]) -> str:
    """Why accuracies at (β, ‖Z0‖) decide nothing: a tuning seed that did not fit, or a rate at an edge.

    ‖Z0‖ is -1 with plain initialization.
    """
    chosen = task.chosen[[point in points for point in zip(task.chosen["beta"], task.chosen["z0"])]]
    reasons = {"a tuning seed did not fit": not chosen["fitted"].all(), "a rate at an edge": chosen["rate_edge"].any()}
    return "; ".join(reason for reason, holds in reasons.items() if holds)


def doubt_of(task: TaskData, betas: tuple[float, ...]) -> str:
    """Why accuracies at these β and the smallest ‖Z0‖ decide nothing; empty if they may."""
    return _doubt(task, [(beta, _norm(task)) for beta in betas])


def first_learning(task: TaskData) -> Verdict:
    """C6."""
    onset, report = task.events[task.events["phase"] == "onset"], report_runs(task.first_norm)
    rates = report.groupby("beta")["scaled_learning_rate"].first()
    if onset.empty:
        return not_assessable("runs of the onset")
    onset = onset[onset["beta"].isin(rates.index)]
    norm = onset[onset["z0"] == onset["z0"].min()]
    relative = norm["learning_time"] * norm["effective_learning_rate"] / norm["z0"]
    constants = relative.groupby([norm["seed"], norm["beta"]]).median().unstack()
    steps = constants * task.first_norm["z0"].min() / (constants.columns.map(rates) * constants.columns)
    slow = steps.loc[:, steps.median() >= FEWEST_STEPS]
    if slow.shape[1] < FEWEST_BETAS:
        return not_assessable("three β at which τ_z is ten steps or more at the chosen rate")
    return of_effects([of_seeds("slope of τ_z in β at the chosen rates", _slopes_by_seed(slow), around(-1, SLOPE))])


def _slopes_by_seed(table: pd.DataFrame) -> np.ndarray:
    """The slope of log10 of each row in log10 β, the columns."""
    return np.polyfit(np.log10([*table.columns]), np.log10(table.to_numpy(float)).T, 1)[0]


def best_beta(task: TaskData) -> Verdict:
    """C9."""
    tuned = tuning_runs(task.first_norm)
    drawn = effects.drawn_choices(tuned) if tuned["beta"].nunique() > 1 else None
    if drawn is None:
        return not_assessable("ten tuning seeds at several β")
    beta, low, high = float(effects.choose_beta(at_chosen_rate(tuned))[0]), *np.quantile(drawn, [0.025, 0.975])
    near = np.mean((drawn >= NEAR_ONE[0]) & (drawn <= NEAR_ONE[1]))
    least = 1 / len(drawn)
    supported, contradicted = max(near, least), max(1 - near, least)
    effect = Effect("chosen β", NEAR_ONE, beta, low, high, tuned["seed"].nunique(), "tuning seeds", 1.0, 1.0)
    return Verdict(supported, contradicted, (effect._replace(predicts_outside=True),))


def best_beta_on_report_seeds(task: TaskData) -> Verdict:
    """C9b."""
    betas, tuned = [*task.by_beta], at_chosen_rate(tuning_runs(task.first_norm))
    near = [beta for beta in betas if NEAR_ONE[0] <= beta <= NEAR_ONE[1]]
    far = [beta for beta in betas if beta not in near]
    if not near or not far:
        return not_assessable("β in [0.3, 3] and others")
    chosen, nearest = (effects.choose_beta(tuned[tuned["beta"].isin(group)])[0] for group in (far, near))
    better = [_difference(task, chosen, other, (0, ANY)) for other in near]
    as_good = [_difference(task, nearest, other, (-task.margin, ANY)) for other in far]
    return Verdict(all_inside(better), all_inside(as_good), tuple(better))


def _chosen_in_range(task: TaskData) -> float | None:
    tuned = at_chosen_rate(tuning_runs(task.first_norm))
    inside = tuned[tuned["beta"].between(*RANGE)]
    return float(effects.choose_beta(inside)[0]) if inside["beta"].nunique() > 1 else None


def range_is_enough(task: TaskData) -> Verdict:
    """C10a."""
    chosen, beyond = _chosen_in_range(task), [beta for beta in task.by_beta if not RANGE[0] <= beta <= RANGE[1]]
    if chosen is None or not beyond:
        return not_assessable("β inside and outside of [0.01, 10]")
    region = (-task.margin, ANY)
    return of_effects([_difference(task, chosen, beta, region, CHOSEN) for beta in beyond])


def tuning_improves(task: TaskData) -> Verdict:
    """C10b."""
    chosen = _chosen_in_range(task)
    if chosen == 1:
        effect = of_seeds("gain of the chosen β, which is 1", np.zeros(1), (0, ANY))
        return Verdict(1.0, 0.0, (effect,))
    if chosen is None or 1 not in task.by_beta:
        return not_assessable("β = 1 and others in [0.01, 10]")
    effect, small = (_difference(task, chosen, 1.0, region, CHOSEN) for region in ((0, ANY), (-ANY, task.margin)))
    return Verdict(all_inside([effect]), all_inside([small]), (effect,))


def peak(task: TaskData) -> Verdict:
    """C11."""
    report, tuned = report_runs(task.first_norm), tuning_runs(task.first_norm)
    small = [beta for beta in sorted(report["beta"].unique()) if beta < 1 and not doubt_of(task, (beta,))]
    costs = {beta: _cost(tuned, beta) for beta in small}
    if task.batch_norm or not small or 1 not in set(report["beta"]) or None in costs.values():
        return not_assessable("a network without batch norm, whose tuning seeds all saw a rate above the chosen one")
    accuracy = {beta: own["points"].to_numpy() for beta, own in report.groupby("beta")}
    peaks = {beta: exceedance(accuracy[beta], accuracy[1.0]) for beta in small}
    supported = min(1.0, len(small) * min(max(peaks[beta], costs[beta]) for beta in small))
    contradicted = max(exceedance(accuracy[1.0], accuracy[beta]) for beta in small)
    found = tuple(_best_difference(beta, accuracy, peaks[beta]) for beta in small)
    return Verdict(supported, contradicted, found)


def _norm(task: TaskData) -> float:
    return task.first_norm["z0"].fillna(-1).iloc[0]


def exceedance(first: np.ndarray, other: np.ndarray) -> float:
    """p-value of as many of `first` above the best of `other`, if both were drawn from one distribution.

    >>> round(exceedance([2, 3, 4], [1, 1, 1]), 3)
    0.05
    """
    above = int(np.sum(np.asarray(first) > np.max(other)))
    return comb(len(first) + len(other) - above, len(other)) / comb(len(first) + len(other), len(other))


def _best_difference(beta: float, accuracy: Mapping[float, np.ndarray], p: float) -> Effect:
    difference = float(accuracy[beta].max() - accuracy[1.0].max())
    name = f"best accuracy at β = {beta:g} minus that at 1"
    return Effect(name, (0, ANY), difference, np.nan, np.nan, len(accuracy[beta]), "seeds", p, 1.0)


def _cost(tuned: pd.DataFrame, beta: float) -> float | None:
    """p-value of more failed tuning runs at β than at 1, at the smallest rate above the chosen one that all saw."""
    failed = {}
    for value in (beta, 1.0):
        own = tuned[tuned["beta"] == value]
        above = own[own["scaled_learning_rate"] > own["chosen_rate"]]
        table = above.assign(failed=above["status"] == "failed").pivot_table(
            index="seed", columns="scaled_learning_rate", values="failed", aggfunc="max"
        )
        whole = [rate for rate in table if table[rate].notna().all() and len(table) == own["seed"].nunique()]
        if not whole:
            return None
        failed[value] = table[min(whole)].astype(bool)
    more, less = (failed[beta] & ~failed[1.0]).sum(), (~failed[beta] & failed[1.0]).sum()
    return float(stats.binomtest(int(more), int(more + less), alternative="greater").pvalue) if more + less else 1.0


def nonlinearity(task: TaskData) -> Verdict:
    """C13."""
    report = report_runs(task.first_norm)
    whole = report.groupby("beta")["fitted"].transform("all") & report["kernel_change"].notna()
    tables = [
        report[whole].pivot_table(index="seed", columns="beta", values=name) for name in ("kernel_change", "points")
    ]
    change, accuracy = (table.dropna() for table in tables)
    small = [beta for beta in change if beta <= 1]
    if change.shape[1] < FEWEST_BETAS or len(small) < FEWEST_BETAS:
        return not_assessable("the change of the kernel in report runs at three β ≤ 1 that fit")
    logs = np.log10(change)
    of_change = [np.polyfit(logs.loc[seed, small], accuracy.loc[seed, small], 1)[0] for seed in logs.index]
    return of_effects(
        [
            of_seeds("slope of the kernel's change in β", _slopes_by_seed(change), (-ANY, -SLOPE)),
            of_seeds("slope of accuracy in log10 of that change, β ≤ 1", of_change, (0, ANY)),
        ]
    )


def depths(tasks: Mapping[str, TaskData]) -> Verdict:
    """N1 for ReLU, over the tasks that the study names, which differ in depth."""
    slopes = {name: _late_slopes(task) for name, task in tasks.items() if task.degree}
    if len(slopes) < 2 or not all(map(len, slopes.values())):
        return not_assessable("largest stable rates at three β ≤ 0.1, of two depths of ReLU networks")
    found = [
        of_seeds(f"slope of the largest stable η in β, {name}", own, around(-2 / tasks[name].degree, DEPTH))
        for name, own in slopes.items()
    ]
    shallow, deep = (select(slopes, key=lambda name: tasks[name].degree) for select in (min, max))
    contrast = of_seeds(f"the slope of {deep} minus that of {shallow}", slopes[deep] - slopes[shallow], (SLOPE, ANY))
    return of_effects([*found, contrast])


def late_limit_of_tanh(tasks: Mapping[str, TaskData]) -> Verdict:
    """N1 for tanh, over two tasks that the study names, which differ in the number of steps."""
    tables = [effects.largest_rates(task.rates) for task in tasks.values() if len(task.rates)]
    if len(tables) != 2:
        return not_assessable("largest stable rates of tanh networks with two numbers of steps")
    fewer, more = sorted(tables, key=lambda table: table["steps"].max())
    both = fewer.merge(more, on=["beta", "seed"], suffixes=("", "_more"))
    both = both[(both["beta"] <= 0.1) & both["found"] & both["found_more"]]
    ratio = np.log10(both["largest_more"] / both["largest"]) / np.log10(both["steps_more"] / both["steps"])
    in_steps = ratio.groupby(both["seed"]).mean()
    return of_effects(
        [
            of_seeds("slope of the largest stable η in β", effects.seed_slopes(fewer)["β ≤ 0.1"], around(-2, SLOPE)),
            of_seeds("slope of the largest stable η in the number of steps", in_steps, around(-1, SLOPE)),
        ]
    )


def budget(task: TaskData) -> Verdict:
    """N2."""
    settled, equal = report_runs(task.first_norm), _in_points(cells.equal_budget_runs(task.first_norm))
    longer = settled[(settled["length"] > 1) & (settled["beta"] < 1)]
    if longer.empty or 1 not in set(settled["beta"]):
        return not_assessable("a β < 1 that takes more than the epochs of the task, and β = 1")
    beta = longer["beta"].min()
    tables = (settled[settled["beta"] == beta], equal[equal["beta"] == beta], settled[settled["beta"] == 1])
    long, short, one = (table.set_index("seed")["points"] for table in tables)
    name = f"settled accuracy at β = {beta:g} minus the mean of that at equal budget and that at 1"
    return of_effects([of_seeds(name, (long - (short + one) / 2).dropna(), (0, ANY))])
