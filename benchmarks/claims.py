"""What the rules of docs/claims.md say of simulated studies whose truth is known.

    python benchmarks/claims.py [--claims C1 C3 ...] [--studies 10000] [--others 1000] [--folder FOLDER]

Each study is a table as the stages make it, drawn anew, and the claim's own `judge` gives its verdict. Worlds:

claimed: the effect that the claim predicts, of the size in `Simulation.claimed`. opposite: one that contradicts it.
margin: an effect exactly at the end of the region, so that *reproduced* is wrong; a second one if a claim has two
kinds of effects. Failures: 3% of report runs end at chance, 5% of cells have a tuning seed that did not fit, 5% of the
runs with the largest β are censored, 1% of searches end at a bound, and 3% of curves are missing.

Spreads between seeds are those of the tasks of `config/decide.yaml` and `config/config.yaml` in their finished runs of
November 2026. In each study they are normal, skewed to either side or heavy-tailed, with the median where the truth is.
Seeds are paired: β of one seed share a part of their spread. Accuracies come in steps of one test example.

`--studies` is their number at the margin with the seeds of `decide`, and `--others` that in every other world. Verdicts
are appended to CSV files in the folder, one line per study, so that a run can be resumed.
"""

from __future__ import annotations

import argparse
import tempfile
import zlib
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple
from unittest.mock import patch

import numpy as np
import pandas as pd
from scipy import stats

from temperature_check.claims import effect
from temperature_check.claims.catalogue import CLAIMS
from temperature_check.claims.measures import NONE, TaskData
from temperature_check.claims.verdict import LEVEL, VERDICTS, Verdict, over_tasks
from temperature_check.runs.rates import TIE_DECIMALS


class Seeds(NamedTuple):
    """Numbers of seeds: of report runs, tuning runs and experiments, of a residual network's report runs, and of runs
    that switch β or are smoothed."""

    report: int
    tuning: int
    early: int
    residual: int
    mechanism: int


SEEDS = {
    "decide": Seeds(30, 12, 8, 12, 20),
    "default": Seeds(25, 10, 7, 10, 12),
    "5 seeds": Seeds(*[5] * 5),
    "3 seeds": Seeds(*[3] * 5),
}
FAILED_RUNS, UNFIT_CELLS, CENSORED_RUNS, ENDED_AT_BOUND, MISSING_CURVES = 0.03, 0.05, 0.05, 0.01, 0.03
CHANCE = 0.1

# Points of accuracy of the MLP on digits: `digits_mlp` and the default study's `mlp`.
TEST_DIGITS, VALIDATION_DIGITS = 997, 500
LEVEL_OF_ACCURACY, SHARED, TUNING_SHARED = 95.0, 0.9, 1.2
OWN = 0.8
"""Spread of the difference of a β from β = 1, 0.45 to 1.0 in both studies."""
TUNING_OWN = 1.0
NORM_SPREADS = {0.3: 0.46, 1.0: 0.35, 10.0: 1.09, 100.0: 0.2}
"""Spread of the difference between two ‖Z0‖ ≤ 1: `digits_norms`."""
BETA_SPREADS = {0.3: 0.57, 1.0: 0.0, 10.0: 1.0, 100.0: 0.9}
LARGE_NORM_SPREAD = 1.95
"""Spread of the difference between ‖Z0‖ = 100 and 0.1: `digits_large_norms`."""
BUDGET_GAP, BUDGET_SPREAD = 4.0, 1.25
"""Gap at equal budget and spread of the effect, in points: `wrn`."""
SWITCH_GAP, GAP_SPREAD, SWITCH_SPREAD = 3.1, 1.1, 0.57
"""Gap between β = 1 and 100, its spread, and that of switched runs beside the middle: `mechanism` of `digits_mlp`."""
SURE = {1.0: (0.967, 0.807, 0.628), 100.0: (0.902, 0.768, 0.592)}
"""Mean confidence of both with a label smoothing of 0, 0.1 and 0.3."""

# Learning rates: how much accuracy, in points, half a decade below and above the best ηβ costs.
BELOW, ABOVE = 0.65, 5.5
RATES = np.array([factor * 10.0**power for power in range(-5, 2) for factor in (1, 3)])
BETAS = (0.001, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0)
UP_TO_ONE = (0.001, 0.01, 0.03, 0.1, 0.3, 1.0)
LATE = (0.001, 0.003, 0.01, 0.03, 0.1)

# Decades, of slopes of a seed: experiments of `digits_mlp`.
TIME_SPREAD = 0.115
ONSET_SPREADS = {"z0": 0.17, "beta": 0.017}
DEPARTURE_SPREADS = {"kernel": 0.07, "departure": 0.115, "z0": 0.06}
RANGE_SPREAD = 0.8
"""Spread of the natural logarithm of a seed's range of times."""
KERNEL_SPREAD = 0.15
STEPS = (0, 1, 2, 3, 4, 5, 6, 8, 10, 13, 16, 20, 25, 32, 40, 51, 64, 81, 102, 160, 256, 406, 600)
LATTICE = 1 / 32
"""Width of a bracket of the largest stable rate, in decades."""
STABLE_SPREADS = {2: 0.065, 3: 0.12, 4: 0.14}
"""Decades of the largest stable rate at one β, by number of weight layers: `shallow`, `mlp` and `deep`."""
TANH_BETAS, TANH_SPREADS, TANH_OWN = (0.003, 0.01, 0.03, 0.1), (0.22, 0.15, 0.085, 0.053), 0.03
"""β whose searches with tanh ended inside their bounds, their spreads, and what 150 and 600 steps do not share."""

SKEW = 0.4
SHAPES = (
    lambda z: z,
    lambda z: np.expm1(SKEW * z),
    lambda z: -np.expm1(-SKEW * z),
    np.sinh,
)
"""Shapes of spreads, as rising functions of normal numbers that keep a median of 0."""


@cache
def _deviation(shape: int) -> float:
    return float(np.std(SHAPES[shape](stats.norm.ppf((np.arange(100_000) + 0.5) / 100_000))))


class Study:
    """One simulated study: its random numbers, seeds and shape of spreads, and whether runs fail."""

    def __init__(self, random: np.random.Generator, seeds: Seeds, failures: bool = False) -> None:
        self.random, self.seeds, self.failures = random, seeds, failures
        self.shape = int(random.integers(len(SHAPES)))

    def spread(self, seeds: int, *size: int, shared: float = 0.5) -> np.ndarray:
        """Spreads of median 0 and deviation 1, of shape [seeds, *size]. shared: correlation within a seed."""
        common = self.random.normal(size=(seeds,) + (1,) * len(size))
        own = self.random.normal(size=(seeds, *size))
        mixed = np.sqrt(shared) * common + np.sqrt(1 - shared) * own if size else common
        return SHAPES[self.shape](mixed) / _deviation(self.shape)

    def hit(self, share: float, size: tuple[int, ...]) -> np.ndarray:
        """What of an array of this size fails."""
        return self.random.random(size) < share * self.failures


class Simulation(NamedTuple):
    """How studies for a claim are simulated.

    make: the task, or the tasks by name, of a study in a world; its other arguments are the values of the world.
    worlds: their values. claimed, opposite: these two in words.
    """

    make: Callable[..., TaskData | dict[str, TaskData]]
    worlds: dict[str, dict]
    claimed: str
    opposite: str


def task(degree: int | None = 3, **tables: pd.DataFrame) -> TaskData:
    """A task with a margin of half a point, and the tables that a claim reads."""
    return TaskData(
        0.5, degree, False, **(dict.fromkeys(("runs", "curves", "events", "rates", "mechanism"), NONE) | tables)
    )


def crossed(**levels: Sequence) -> pd.DataFrame:
    """A row for each combination of levels, the last of which vary fastest."""
    return pd.MultiIndex.from_product(levels.values(), names=levels).to_frame(index=False)


def in_steps(points: np.ndarray, examples: int) -> np.ndarray:
    """Accuracies of a number of examples."""
    return np.clip(np.round(points / 100 * examples), 0, examples) / examples


@cache
def _runs(cells: tuple, tuning: int, rates: int, report: int) -> pd.DataFrame:
    """What runs of all studies with these cells and numbers share."""
    tuned = crossed(seed=range(tuning), cell=range(len(cells)), rate=range(rates)).assign(phase="tune")
    table = pd.concat([tuned, crossed(seed=range(100, 100 + report), cell=range(len(cells))).assign(phase="report")])
    beta, z0 = np.array(cells)[table["cell"]].T
    table = table[["seed", "phase"]].assign(beta=beta, z0=z0, length=1.0, classes=10, rate_edge="", task="mlp")
    return table.astype({"phase": "category", "task": "category"}).reset_index(drop=True)


def _status(failed: np.ndarray) -> pd.Categorical:
    return pd.Categorical.from_codes(np.asarray(failed, dtype=int), ["ok", "failed"])


def runs_of(study: Study, cells: tuple, rates: np.ndarray, tuned: np.ndarray, report: np.ndarray, **columns):
    """The table of runs of a task.

    cells: (β, ‖Z0‖). rates: the ηβ of each that all tuning seeds have, of shape [cells, rates]. tuned, report: points,
    of shapes [seeds, cells, rates] and [seeds, cells]. columns: more of the report runs, of shape [seeds, cells].
    """
    tuned = in_steps(tuned, VALIDATION_DIGITS)
    (seeds, number, tried), n = tuned.shape, len(report)
    chosen = rates[np.arange(number), tuned.mean(axis=0).round(TIE_DECIMALS).argmax(axis=1)]
    fitted = np.ones(tuned.shape, dtype=bool)
    fitted[0, study.hit(UNFIT_CELLS, (number,))] = False
    failed = study.hit(FAILED_RUNS, report.shape)
    tested = np.where(failed, CHANCE, in_steps(report, TEST_DIGITS))
    joined = {
        "scaled_learning_rate": (np.tile(rates.ravel(), seeds), np.tile(chosen, n)),
        "validation_accuracy": (tuned, np.full(report.shape, np.nan)),
        "test_accuracy": (np.full(tuned.shape, np.nan), tested),
        "fitted": (fitted, ~failed),
    } | {name: (np.full(tuned.shape, np.nan), values) for name, values in columns.items()}
    values = {name: np.concatenate([part.ravel() for part in parts]) for name, parts in joined.items()}
    status = _status(np.concatenate([np.zeros(tuned.size, dtype=bool), failed.ravel()]))
    return _runs(cells, seeds, tried, n).assign(**values, status=status)


def rates_near(best: np.ndarray) -> np.ndarray:
    """The three rates of the grid that are nearest to each best ηβ, rising, of shape [cells, 3]."""
    distance = np.abs(np.log10(RATES) - np.log10(best)[:, None])
    return RATES[np.sort(np.argsort(distance, axis=1)[:, :3], axis=1)]


def cost_of(rates: np.ndarray, best: np.ndarray) -> np.ndarray:
    """Points that a rate loses against the best one."""
    off = np.log10(rates / best[:, None]) / 0.5
    return np.where(off < 0, BELOW, ABOVE) * off**2


def tuned_points(study: Study, gains: np.ndarray, costs: np.ndarray) -> np.ndarray:
    """Validation accuracy of tuning runs in points, of shape [seeds, cells, rates]."""
    seeds = study.seeds.tuning
    own = TUNING_OWN * study.spread(seeds, *costs.shape)
    return LEVEL_OF_ACCURACY - 1 + TUNING_SHARED * study.spread(seeds)[:, None, None] + gains[:, None] - costs + own


def sweep(study: Study, betas: Sequence[float], gains: dict[float, float], best=0.1, grid=True, alike=False, **columns):
    """Runs over β. gains: points beside the other β. columns: more of the report runs, of shape [seeds, β].

    best: the best ηβ, or one per β. grid: whether tuning has a grid of rates, or the best alone. alike: whether β = 1
    has a spread of its own too, so that the accuracies of all β have one distribution.
    """
    cells = tuple((beta, 4e-4) for beta in betas)
    gain = np.array([gains.get(beta, 0.0) for beta in betas])
    best = np.broadcast_to(best, len(betas)).astype(float)
    rates = rates_near(best) if grid else best[:, None]
    own = OWN * (alike | (np.array(betas) != 1)) * study.spread(study.seeds.report, len(betas))
    report = LEVEL_OF_ACCURACY + SHARED * study.spread(study.seeds.report)[:, None] + gain + own
    return runs_of(study, cells, rates, tuned_points(study, gain, cost_of(rates, best)), report, **columns)


def equal_times(study: Study, apart: float) -> TaskData:
    """C1. apart: the median range over β of the time, in decades."""
    betas, seeds = (1.0, 3.0, 10.0, 100.0), study.seeds.early
    apart = apart * np.exp(RANGE_SPREAD * study.spread(seeds)) * study.random.choice([-1, 1], seeds)
    decades = -0.85 + 0.15 * study.spread(seeds)[:, None] + apart[:, None] * [0.5, 0, 0.6, 1]
    departures = np.array([0.05, 0.027, 0.013, 0.003]) * np.exp(0.25 * study.spread(seeds, 4))
    steps = np.array(STEPS, dtype=float)
    loss = 2.6 * (1 - 0.1 * 0.01 * steps / 10 ** decades[:, :, None])
    table = crossed(seed=range(seeds), beta=betas, step=steps)
    table = table.assign(loss=loss.ravel(), departure=np.repeat(departures.ravel(), len(steps)))
    whole = np.repeat(~study.hit(MISSING_CURVES, decades.shape).ravel(), len(steps))
    phase = pd.Categorical.from_codes(np.zeros(len(table), dtype=int), ["curves_exact"])
    return task(curves=table.assign(phase=phase, effective_learning_rate=0.01)[whole])


def events_of(study: Study, phase: str, design: pd.DataFrame, times: dict[str, np.ndarray]) -> TaskData:
    """Runs with times, of which some of those with the largest β are censored."""
    censored = (design["beta"] == design["beta"].max()) & study.hit(CENSORED_RUNS, (len(design),))
    columns = {name: np.where(censored, np.inf, values) for name, values in times.items()}
    flags = dict.fromkeys(("learning_few_steps", "kernel_few_steps", "departure_few_steps", "updates_rounded"), False)
    labels = {"phase": pd.Categorical.from_codes(np.zeros(len(design), dtype=int), [phase])}
    return task(events=design.assign(**labels, **columns, **flags))


def onsets(study: Study, z0: float, beta: float = 0.0) -> TaskData:
    """C2. z0, beta: the exponents of τ_z at equal η̃."""
    seeds = study.seeds.early
    design = crossed(seed=range(seeds), beta=(1.0, 3.0, 10.0, 100.0), z0=(0.1, 0.3, 1.0, 3.0), rate=(3e-3, 0.01))
    design = design[(design["beta"] > 1) | (design["z0"] < 3)]
    design = design.assign(effective_learning_rate=design["rate"] * design["z0"])
    slopes = {name: value + ONSET_SPREADS[name] * study.spread(seeds) for name, value in (("z0", z0), ("beta", beta))}
    return events_of(study, "onset", design, {"learning_time": _times(study, design, slopes, -0.4)})


def _times(study: Study, design: pd.DataFrame, slopes: dict[str, np.ndarray], constant: float) -> np.ndarray:
    seed = design["seed"].to_numpy()
    logs = constant + TIME_SPREAD * study.spread(study.seeds.early)[seed]
    logs = logs + sum(own[seed] * np.log10(design[name].to_numpy()) for name, own in slopes.items())
    return 10**logs / design["effective_learning_rate"].to_numpy()


def departures(study: Study, kernel: float = 1.0, departure: float = 1.0, z0: float = 0.0) -> TaskData:
    """C3. kernel, departure: exponents of τ_nl in β at equal η̃. z0: that in ‖Z0‖ by departure."""
    seeds = study.seeds.early
    design = crossed(seed=range(seeds), beta=(1.0, 3.0, 10.0, 100.0), z0=(0.1, 3.0), rate=(5e-3, 2e-2))
    design = design[(design["beta"] > 1) | (design["z0"] < 3)]
    design = design.assign(effective_learning_rate=design["rate"] * design["beta"])
    drawn = {name: DEPARTURE_SPREADS[name] * study.spread(seeds) for name in DEPARTURE_SPREADS}
    slopes = {"beta": departure + drawn["departure"], "z0": z0 + drawn["z0"]}
    times = {
        "kernel_time": _times(study, design, {"beta": kernel + drawn["kernel"]}, -0.2),
        "departure_time": _times(study, design, slopes, -0.2),
    }
    return events_of(study, "departure", design, times)


def best_rates(study: Study, power: float) -> TaskData:
    """C4. power: that of the best ηβ in β."""
    best = 0.1 * 10 ** study.random.uniform(-0.25, 0.25) * np.array(UP_TO_ONE) ** power
    return task(runs=sweep(study, UP_TO_ONE, {}, best))


def searches(study: Study, power: float, betas: Sequence[float], own: np.ndarray, steps: float = 150.0):
    """Searches for the largest stable rate. power: that of η in β. own: decades of [seeds, β]."""
    logs, offset = (power + 1) * np.log10(betas) + own, study.random.random()
    stable = 10 ** ((np.floor(logs / LATTICE + offset) - offset) * LATTICE)
    unstable = np.where(study.hit(ENDED_AT_BOUND, stable.shape), np.nan, stable * 10**LATTICE)
    table = crossed(seed=range(len(own)), beta=betas).assign(steps=steps, linear_limit=1.0, nonlinear_limit=1.0)
    return table.assign(largest_stable=stable.ravel(), smallest_unstable=unstable.ravel())


def late_searches(study: Study, power: float, layers: int) -> pd.DataFrame:
    """Searches at small β of a network of ReLU with a number of weight layers."""
    own = STABLE_SPREADS[layers] * study.spread(study.seeds.early, len(LATE), shared=0.2)
    return searches(study, power, LATE, own)


def largest_rate(study: Study, power: float) -> TaskData:
    """C5."""
    return task(rates=late_searches(study, power, 3))


def first_learning(study: Study, power: float, grid: bool = False) -> TaskData:
    """C6. power: that of the best ηβ in β. grid: whether tuning chooses it from a grid."""
    betas, seeds = (1.0, 3.0, 10.0, 30.0), study.seeds.early
    best = 3e-3 * 10 ** study.random.uniform(-0.25, 0.25) * np.array(betas) ** power
    design = crossed(seed=range(seeds), beta=betas, z0=(0.1, 0.3), rate=(3e-3, 0.01))
    design = design.assign(effective_learning_rate=design["rate"] * design["z0"])
    slopes = {"z0": np.ones(seeds), "beta": ONSET_SPREADS["beta"] * study.spread(seeds)}
    events = events_of(study, "onset", design, {"learning_time": _times(study, design, slopes, -0.4)}).events
    return task(events=events, runs=sweep(study, betas, {}, best, grid).assign(z0=10.0))


def large_norms(study: Study, loss: float) -> TaskData:
    """C7. loss: points at ‖Z0‖ = 100."""
    cells, seeds = ((100.0, 0.1), (100.0, 100.0)), study.seeds.report
    report = LEVEL_OF_ACCURACY - 3 + SHARED * study.spread(seeds)[:, None] + np.zeros(2)
    report[:, 1] += LARGE_NORM_SPREAD * study.spread(seeds) - loss
    return task(runs=runs_of(study, cells, *_tuned(study, cells), report))


def _tuned(study: Study, cells: tuple) -> tuple[np.ndarray, np.ndarray]:
    """One rate for all cells and its tuning runs, of whose accuracy nothing is asked."""
    rates = np.full((len(cells), 1), 0.1)
    return rates, tuned_points(study, np.zeros(len(cells)), np.zeros(rates.shape))


def norms(study: Study, betas: dict[float, float], large: dict[float, float]) -> TaskData:
    """C8. betas: points of a β beside β = 1. large: points at ‖Z0‖ = 1 beside the smallest, by β."""
    seeds, known = study.seeds.report, list(BETA_SPREADS)
    cells = tuple((beta, z0) for beta in known for z0 in (4e-4, 1.0))
    of_beta = study.spread(seeds, 4) * list(BETA_SPREADS.values()) + [betas.get(beta, 0.0) for beta in known]
    of_norm = study.spread(seeds, 4, shared=0.0) * list(NORM_SPREADS.values()) + [large.get(b, 0.0) for b in known]
    first = LEVEL_OF_ACCURACY + SHARED * study.spread(seeds)[:, None] + of_beta
    report = np.stack([first, first + of_norm], axis=2).reshape(seeds, -1)
    return task(runs=runs_of(study, cells, *_tuned(study, cells), report))


def beta_sweep(study: Study, gains: dict[float, float]) -> TaskData:
    """C9, C9b, C10a, C10b. gains: points of a β beside the others."""
    return task(runs=sweep(study, BETAS, gains))


def peaks(study: Study, gain: float, failing: float, failing_at_one: float = 0.0) -> TaskData:
    """C11. gain: points of each β < 1 beside 1. failing: share of tuning seeds that fail above the chosen rate."""
    betas = (0.01, 0.1, 0.3, 1.0)
    runs = sweep(study, betas, dict.fromkeys(betas[:-1], gain), alike=True)
    share = np.where(runs["beta"] < 1, failing, failing_at_one)
    above = (runs["phase"] == "tune") & (runs["scaled_learning_rate"] > 0.2)
    fails = above & (study.random.random(len(runs)) < share)
    status = _status(fails | (runs["status"] == "failed"))
    return task(runs=runs.assign(status=status, fitted=runs["fitted"] & ~fails))


def nonlinearity(study: Study, kernel: float, accuracy: float) -> TaskData:
    """C13. kernel: the slope of the kernel's change in β. accuracy: points per decade of that change."""
    betas = (0.001, 0.01, 0.1, 1.0)
    change = 1 + kernel * np.log10(betas) + KERNEL_SPREAD * study.spread(study.seeds.report, len(betas), shared=0.6)
    own = OWN * study.spread(study.seeds.report, len(betas))
    points = in_steps(LEVEL_OF_ACCURACY - 3 + accuracy * (change - 2) + own, TEST_DIGITS)
    runs = sweep(study, betas, {}, kernel_change=10**change, measured=points)
    known = (runs["phase"] == "report") & (runs["status"] == "ok")
    return task(runs=runs.assign(test_accuracy=runs["test_accuracy"].mask(known, runs["measured"])))


def depths(study: Study, powers: Sequence[float]) -> dict[str, TaskData]:
    """N1a. powers: of networks with two, three and four weight layers."""
    names = ("shallow", "mlp", "deep")
    return {
        name: task(degree, rates=late_searches(study, power, degree))
        for name, degree, power in zip(names, (2, 3, 4), powers)
    }


def tanh(study: Study, power: float = -2.0, in_steps: float = -1.0) -> dict[str, TaskData]:
    """N1b. power: that of η in β. in_steps: that in the number of steps."""
    own = study.spread(study.seeds.early, len(TANH_BETAS), shared=0.2) * TANH_SPREADS
    more = own[:, 1:] + TANH_OWN * study.spread(len(own), len(TANH_BETAS) - 1) + in_steps * np.log10(4)
    longer = searches(study, power, TANH_BETAS[1:], more, 600.0)
    return {"tanh": task(rates=searches(study, power, TANH_BETAS, own)), "tanh_longer": task(rates=longer)}


def budget(study: Study, closed: float) -> TaskData:
    """N2. closed: the share of the gap to β = 1 that longer training closes."""
    seeds = study.seeds.residual
    short, one = (level + 1.0 * study.spread(seeds) for level in (LEVEL_OF_ACCURACY - BUDGET_GAP, LEVEL_OF_ACCURACY))
    long = (short + one) / 2 + (closed - 0.5) * BUDGET_GAP + BUDGET_SPREAD * study.spread(seeds)
    table = crossed(seed=range(seeds), beta=(0.1, 1.0), length=(1.0, 4.0))
    points = in_steps(np.stack([short, long, one, one], axis=1), 1000)
    failed = study.hit(FAILED_RUNS, points.shape)
    shared = {"task": "wrn", "phase": "report", "z0": 4e-4, "fitted": True, "rate_edge": ""}
    accuracy = np.where(failed, CHANCE, points).ravel()
    return task(runs=table.assign(**shared, status=_status(failed.ravel()), test_accuracy=accuracy))


def smoothed(study: Study, left: float) -> TaskData:
    """C12. left: the share of the gap between β = 1 and 100 that is left at equal confidence.

    The curve of β = 1 is flat, and that of 100 has its mean over the confidences of both where the share says.
    """
    (first, second), seeds = SURE.values(), study.seeds.mechanism
    shared = np.linspace(max(first[-1], second[-1]), min(first[0], second[0]), 1001)
    plain = np.interp(shared, second[::-1], [0, 0, 1]).mean()
    gaps = SWITCH_GAP * np.array([1, *[(left - plain) / (1 - plain)] * 2]) + GAP_SPREAD * study.spread(seeds)[:, None]
    level = LEVEL_OF_ACCURACY + SHARED * study.spread(seeds)[:, None]
    points = level - np.concatenate([np.zeros((seeds, 3)), gaps], axis=1)
    accuracy = np.where(study.hit(FAILED_RUNS, points.shape), CHANCE, in_steps(points, TEST_DIGITS))
    table = crossed(seed=range(seeds), beta=SURE, label_smoothing=(0.0, 0.1, 0.3)).assign(phase="smoothing")
    sure = np.tile([*first, *second], seeds)
    table = table.assign(points=100 * accuracy.ravel(), validation_confidence=sure, first=np.nan, second=np.nan)
    return task(runs=sweep(study, [*SURE], {}), mechanism=table)


def switched(study: Study, kept: float) -> TaskData:
    """N3. kept: the share of the gap between β = 1 and 100 that a switch at 30% leaves."""
    seeds = study.seeds.mechanism
    first = LEVEL_OF_ACCURACY + SHARED * study.spread(seeds)
    second = first - SWITCH_GAP + GAP_SPREAD * study.spread(seeds)
    last = (first + second) / 2 + (kept - 0.5) * SWITCH_GAP + SWITCH_SPREAD * study.spread(seeds)
    points = in_steps(np.stack([first, second, last], axis=1), TEST_DIGITS)
    failed = study.hit(FAILED_RUNS, points.shape)
    table = crossed(seed=range(seeds), arm=("first", "second", "switched")).assign(phase="switch", first=1.0)
    table = table.assign(second=100.0, switch_step=120, steps=400, failed=failed.ravel().astype(float))
    table = table.assign(points=100 * np.where(failed, CHANCE, points).ravel())
    return task(runs=sweep(study, (1.0, 100.0), {}), mechanism=table)


OUTSIDE = (0.001, 30.0, 100.0)
WORSE_OUTSIDE = dict.fromkeys(OUTSIDE, -1.0)
FAR_OR_ONE = {beta: 0.0 if beta in (0.01, 1.0) else -3.0 for beta in BETAS}
STRONG = {0.3: 0.0, 10.0: -1.2, 100.0: -3.2}


def slope(make: Callable, name: str, claimed: float, opposite: float, margin: float, **more) -> Simulation:
    """A simulation with one slope."""
    values = {"claimed": claimed, "opposite": opposite, "margin": margin}
    worlds = {world: {name: value} for world, value in values.items()}
    return Simulation(make, worlds | more, *(f"slope {value:.3g}".replace("-", "−") for value in (claimed, opposite)))


SIMULATIONS = {
    "C1": Simulation(
        equal_times,
        {"claimed": {"apart": 0.005}, "opposite": {"apart": 0.08}, "margin": {"apart": 0.02}},
        "0.005 decades apart",
        "0.08 decades apart",
    ),
    "C2": slope(onsets, "z0", 1.0, 0.0, 1.25, **{"margin 2": {"z0": 1.0, "beta": 0.25}}),
    "C3": Simulation(
        departures,
        {
            "claimed": {},
            "opposite": {"kernel": 0.0, "departure": 0.0},
            "margin": {"departure": 1.25},
            "margin 2": {"z0": 0.25},
        },
        "slopes 1, 1 and 0",
        "slopes 0 in β",
    ),
    "C4": slope(best_rates, "power", 0.0, 1.0, 1 / 6),
    "C5": slope(largest_rate, "power", -1.0, -2 / 3, -5 / 6),
    "C6": Simulation(
        first_learning,
        {
            "claimed": {"power": 0.0},
            "opposite": {"power": -1.0},
            "margin": {"power": 0.25},
        },
        "slope −1",
        "slope 0",
    ),
    "C6, rates of tuning": Simulation(
        first_learning,
        {
            "claimed": {"power": 0.0, "grid": True},
            "opposite": {"power": -1.0, "grid": True},
            "margin": {"power": 0.25, "grid": True},
        },
        "slope −1",
        "slope 0",
    ),
    "C7": Simulation(
        large_norms,
        {"claimed": {"loss": 4.0}, "opposite": {"loss": 0.0}, "margin": {"loss": 2.0}},
        "4 points lost",
        "none lost",
    ),
    "C8": Simulation(
        norms,
        {
            "claimed": {"betas": STRONG, "large": {}},
            "opposite": {"betas": STRONG, "large": {10.0: -2.0}},
            "margin": {"betas": STRONG, "large": {10.0: 0.5}},
            "margin 2": {"betas": {0.3: 1.0, 10.0: 1.0, 100.0: -1.0}, "large": {}},
        },
        "‖Z0‖ 0, β = 100 −3.2 points",
        "2 points from ‖Z0‖",
    ),
    "C9": Simulation(
        beta_sweep,
        {"claimed": {"gains": {0.01: 1.0}}, "opposite": {"gains": {1.0: 1.0}}, "margin": {"gains": {}}},
        "a far β is 1 point better",
        "β = 1 is 1 point better",
    ),
    "C9b": Simulation(
        beta_sweep,
        {
            "claimed": {"gains": {0.01: 1.0}},
            "opposite": {"gains": {1.0: 1.0}},
            "margin": {"gains": FAR_OR_ONE},
            "margin 2": {"gains": {}},
        },
        "a far β is 1 point better",
        "β = 1 is 1 point better",
    ),
    "C10a": Simulation(
        beta_sweep,
        {
            "claimed": {"gains": WORSE_OUTSIDE},
            "opposite": {"gains": WORSE_OUTSIDE | {100.0: 1.5}},
            "margin": {"gains": WORSE_OUTSIDE | {100.0: 0.5}},
        },
        "β outside are 1 point worse",
        "β = 100 is 1.5 points better",
    ),
    "C10b": Simulation(
        beta_sweep,
        {"claimed": {"gains": {0.1: 1.0}}, "opposite": {"gains": {1.0: 1.0}}, "margin": {"gains": {}}},
        "a gain of 1 point",
        "β = 1 is 1 point better",
    ),
    "C11": Simulation(
        peaks,
        {
            "claimed": {"gain": 2.0, "failing": 0.8},
            "opposite": {"gain": -2.0, "failing": 0.8},
            "margin": {"gain": 0.0, "failing": 1.0},
            "margin 2": {"gain": 4.0, "failing": 0.5, "failing_at_one": 0.5},
        },
        "2 points higher, 80% fail",
        "2 points lower",
    ),
    "C12": Simulation(
        smoothed,
        {"claimed": {"left": 1.0}, "opposite": {"left": 0.0}, "margin": {"left": 0.5}},
        "the whole gap is left",
        "none is left",
    ),
    "C13": Simulation(
        nonlinearity,
        {
            "claimed": {"kernel": -1.2, "accuracy": 0.6},
            "opposite": {"kernel": -1.2, "accuracy": -0.6},
            "margin": {"kernel": -1.2, "accuracy": 0.0},
            "margin 2": {"kernel": -0.25, "accuracy": 5.0},
        },
        "0.6 points a decade",
        "−0.6 points a decade",
    ),
    "N1a": Simulation(
        depths,
        {
            "claimed": {"powers": (-1.0, -2 / 3, -1 / 2)},
            "opposite": {"powers": (-1.0, -1.0, -1.0)},
            "margin": {"powers": (-1.0, -2 / 3, -0.3)},
            "margin 2": {"powers": (-0.85, -2 / 3, -0.6)},
        },
        "slopes −1, −2/3, −1/2",
        "slopes −1",
    ),
    "N1b": Simulation(
        tanh,
        {
            "claimed": {},
            "opposite": {"in_steps": 0.0},
            "margin": {"power": -1.75},
            "margin 2": {"in_steps": -0.75},
        },
        "slopes −2 and −1",
        "slope 0 in steps",
    ),
    "N2": Simulation(
        budget,
        {"claimed": {"closed": 0.93}, "opposite": {"closed": 0.0}, "margin": {"closed": 0.5}},
        "93% of the gap closed",
        "none closed",
    ),
    "N3": Simulation(
        switched,
        {"claimed": {"kept": 0.95}, "opposite": {"kept": 0.0}, "margin": {"kept": 0.5}},
        "95% of the gap is left",
        "none is left",
    ),
}
JUDGES = {name: claim for name in SIMULATIONS for claim in CLAIMS if claim.identifier == name.split(",")[0]}
MAIN = ("claimed", "opposite", "margin")
WORLDS = (*MAIN, "margin 2", "claimed, failures", "margin, failures")


def judged(claim: str, world: str, seeds: str, number: int) -> Verdict:
    """The verdict of a claim on one study. A world whose name ends in `, failures` is that before, with failures."""
    random = np.random.default_rng([zlib.crc32(f"{claim}/{world}/{seeds}".encode()), number])
    values = SIMULATIONS[claim].worlds[world.removesuffix(", failures")]
    study = Study(random, SEEDS[seeds], world.endswith(", failures"))
    return JUDGES[claim].judge(SIMULATIONS[claim].make(study, **values))


def plan(claim: str, studies: int, others: int) -> dict[tuple[str, str], int]:
    """How many studies there are of each world with the seeds of each study."""
    worlds = list(SIMULATIONS[claim].worlds)
    main = {(world, "decide"): studies if world.startswith("margin") else others for world in worlds}
    failing = {(f"{world}, failures", "decide"): others for world in ("claimed", "margin")}
    fewer = {(world, seeds): others for seeds in SEEDS if seeds != "decide" for world in MAIN}
    return main | failing | fewer


def _no_interval(values: np.ndarray, confidence: float) -> tuple[float, float, float]:
    """In place of intervals, which are shown, decide nothing, and take half the time."""
    return np.nan, np.nan, np.nan


def simulate(claim: str, world: str, seeds: str, studies: int, folder: Path, chunk: int = 100) -> pd.DataFrame:
    """The p-values of verdicts, one row per study, kept in a CSV of the folder, which is gone on with if it exists."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{claim}, {world}, {seeds}.csv"
    done = len(pd.read_csv(path)) if path.exists() else 0
    for start in range(done, studies, chunk):
        with patch.object(effect, "median_interval", _no_interval):
            verdicts = [judged(claim, world, seeds, number) for number in range(start, min(start + chunk, studies))]
        rows = [(one.supported, one.contradicted, one.lacks) for one in verdicts]
        table = pd.DataFrame(rows, columns=["supported", "contradicted", "lacks"])
        table.to_csv(path, mode="a", header=not path.exists(), index=False)
    return pd.read_csv(path, keep_default_na=False).head(studies)


def shares(table: pd.DataFrame) -> dict[str, float]:
    """The share of each of VERDICTS, in percent."""
    found = [Verdict(one.supported, one.contradicted, (), one.lacks).verdict for one in table.itertuples()]
    return {verdict: 100 * found.count(verdict) / len(found) for verdict in VERDICTS}


def cell(table: pd.DataFrame | None) -> str:
    """Shares of reproduced, not reproduced and, if there are any, not assessable."""
    if table is None:
        return "–"
    found = shares(table)
    values = [f"{found[verdict]:.1f}" for verdict in VERDICTS if verdict != "inconclusive"]
    return " / ".join(values if found["not assessable"] else values[:2])


def over_six(claim: str, known: dict[tuple[str, str], pd.DataFrame], draws: int = 10_000) -> str:
    """The percentage of wrong *reproduced* over six tasks where the rule over tasks is most likely to be wrong.

    `all`: one task is at the margin. `some`: all. `most`: three, so that the claim is true in no more than half.
    """
    scope, random = JUDGES[claim].scope, np.random.default_rng(0)
    if scope == "each":
        return "–"
    wrong = {"all": 1, "some": 6, "most": 3}[scope]
    drawn = [
        known[world, "decide"][["supported", "contradicted"]]
        .sample(draws, replace=True, random_state=random)
        .to_numpy()
        for world in ["margin"] * wrong + ["claimed"] * (6 - wrong)
    ]
    verdicts = [over_tasks([Verdict(*levels) for levels in tasks], scope) for tasks in zip(*drawn)]
    return f"{100 * np.mean([one.supported <= LEVEL for one in verdicts]):.1f} ({scope})"


def write(claims: Sequence[str], studies: int, others: int, folder: Path) -> None:
    """Print the tables of docs/claims.md: with the seeds of decide, and with other seeds."""
    known = {
        claim: {name: simulate(claim, *name, number, folder) for name, number in plan(claim, studies, others).items()}
        for claim in claims
    }
    print_row("claim", "claimed effect", "opposite effect", *WORLDS, "wrong over six tasks", "studies at the margin")
    print_row(*["---"] * (len(WORLDS) + 5))
    for claim, own in known.items():
        cells = [cell(own.get((world, "decide"))) for world in WORLDS]
        size = str(len(own["margin", "decide"]))
        print_row(claim, SIMULATIONS[claim].claimed, SIMULATIONS[claim].opposite, *cells, over_six(claim, own), size)
    fewer = [(world, seeds) for seeds in SEEDS if seeds != "decide" for world in MAIN]
    print()
    print_row("claim", *(f"{world}, {seeds}" for world, seeds in fewer))
    print_row(*["---"] * (len(fewer) + 1))
    for claim, own in known.items():
        print_row(claim, *(cell(own[name]) for name in fewer))


def print_row(*cells: str) -> None:
    """A row of a table in Markdown."""
    print(f"| {' | '.join(cells)} |", flush=True)


def main() -> None:
    """Parse, simulate, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--claims", nargs="+", choices=SIMULATIONS, default=[*SIMULATIONS], metavar="CLAIM")
    parser.add_argument("--studies", type=int, default=10_000, help="at the margin, with the seeds of decide")
    parser.add_argument("--others", type=int, default=1000, help="in every other world")
    parser.add_argument("--folder", type=Path, help="for verdicts; by default a temporary one")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        write(arguments.claims, arguments.studies, arguments.others, arguments.folder or Path(temporary))


if __name__ == "__main__":
    main()
