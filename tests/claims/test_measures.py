"""Each claim in worlds in which it is true, false, open, or cannot be assessed."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest

from temperature_check.claims import measures
from temperature_check.claims.catalogue import CLAIMS
from temperature_check.claims.measures import NONE, TaskData
from temperature_check.claims.verdict import INCONCLUSIVE, NOT_ASSESSABLE, NOT_REPRODUCED, REPRODUCED

BETAS = (0.001, 0.01, 0.1, 0.3, 1.0, 10.0, 100.0)
SMALL = (0.001, 0.003, 0.01, 0.03, 0.1)
REPORT, TUNING, EARLY = range(100, 130), range(12), range(200, 208)


def sweep(
    accuracy, betas=BETAS, norms=(4e-4,), kernel=lambda beta: 1 / beta, rate=lambda beta: 0.1, noise=0.002, start=0
):
    """Runs of a task at three rates. accuracy: the share by β and ‖Z0‖, to which each seed adds its own noise."""
    random, rows = np.random.default_rng(start), []
    for beta, z0 in itertools.product(betas, norms):
        shared = {"task": "mlp", "beta": beta, "z0": z0, "length": 1.0, "status": "ok", "fitted": True, "rate_edge": ""}
        shared |= {"classes": 10, "kernel_change": kernel(beta)}
        for seed, factor in itertools.product(TUNING, (0.1, 1.0, 10.0)):
            score = accuracy(beta, z0) - 0.05 * (factor != 1) + noise * random.normal()
            rows.append(shared | {"phase": "tune", "seed": seed, "rate": factor * rate(beta), "score": score})
        for seed in REPORT:
            score = accuracy(beta, z0) + noise * random.normal()
            rows.append(shared | {"phase": "report", "seed": seed, "rate": rate(beta), "score": score})
    table = pd.DataFrame(rows).rename(columns={"rate": "scaled_learning_rate"})
    scores = dict.fromkeys(("validation_accuracy", "test_accuracy"), table["score"])
    return table.assign(**scores, learning_rate=table["scaled_learning_rate"] / table["beta"])


def task(runs=NONE, curves=NONE, events=NONE, rates=NONE, degree=3, batch_norm=False) -> TaskData:
    return TaskData(0.5, degree, batch_norm, runs, curves, events, rates)


def peaked(best: float, width: float = 0.01):
    """Accuracy that falls with the distance from the best β."""
    return lambda beta, z0: 0.9 - width * abs(np.log10(beta / best))


def flat(beta: float, z0: float) -> float:
    return 0.9


def poor_at(norm: float, loss: float):
    return lambda beta, z0: 0.9 - loss * (z0 >= norm)


@pytest.mark.parametrize(("loss", "verdict"), [(0.05, REPRODUCED), (0.005, NOT_REPRODUCED), (0.02, INCONCLUSIVE)])
def test_large_norms_are_poor_if_they_lose_two_points(loss, verdict):
    runs = sweep(poor_at(30, loss), betas=(100.0,), norms=(0.1, 30.0, 100.0))
    assert measures.large_norm(task(runs)).verdict == verdict


@pytest.mark.parametrize(
    ("accuracy", "verdict"),
    [
        (lambda beta, z0: 0.9 - 0.05 * (beta == 100), REPRODUCED),
        (lambda beta, z0: 0.9 - 0.05 * (beta == 100) - 0.02 * (z0 == 1), NOT_REPRODUCED),
        (flat, NOT_REPRODUCED),
        (lambda beta, z0: 0.9 - 0.01 * (beta == 100), INCONCLUSIVE),
    ],
)
def test_norms_matter_little_and_beta_much(accuracy, verdict):
    runs = sweep(accuracy, betas=(1.0, 10.0, 100.0), norms=(4e-4, 1.0))
    assert measures.norm_and_beta(task(runs)).verdict == verdict


def test_a_rate_at_an_edge_or_a_seed_that_did_not_fit_makes_it_open():
    runs = sweep(lambda beta, z0: 0.9 - 0.05 * (beta == 100), betas=(1.0, 100.0), norms=(4e-4, 1.0))
    edged = runs.assign(rate_edge=runs["rate_edge"].mask(runs["beta"] == 100, "lowest"))
    assert measures.norm_and_beta(task(edged)).verdict == INCONCLUSIVE
    unfit = runs.assign(fitted=(runs["beta"] != 100) | (runs["seed"] != 3))
    assert measures.norm_and_beta(task(unfit)).verdict == INCONCLUSIVE


@pytest.mark.parametrize(
    ("best", "verdict"), [(0.01, REPRODUCED), (100.0, REPRODUCED), (1.0, NOT_REPRODUCED), (0.3, NOT_REPRODUCED)]
)
def test_the_best_beta_is_far_from_one(best, verdict):
    assert measures.best_beta(task(sweep(peaked(best)))).verdict == verdict


@pytest.mark.parametrize(("best", "verdict"), [(0.01, REPRODUCED), (1.0, NOT_REPRODUCED), (0.3, NOT_REPRODUCED)])
def test_the_best_beta_is_far_from_one_on_report_seeds(best, verdict):
    assert measures.best_beta_on_report_seeds(task(sweep(peaked(best)))).verdict == verdict


def test_without_an_effect_no_far_beta_is_the_best_on_report_seeds():
    found = [measures.best_beta_on_report_seeds(task(sweep(flat, noise=0.01, start=start))) for start in range(100)]
    assert sum(one.verdict == REPRODUCED for one in found) <= 6


@pytest.mark.parametrize(("best", "verdict"), [(1.0, REPRODUCED), (100.0, NOT_REPRODUCED)])
def test_the_range_is_enough_unless_a_beta_outside_is_better(best, verdict):
    assert measures.range_is_enough(task(sweep(peaked(best)))).verdict == verdict


@pytest.mark.parametrize(
    ("accuracy", "verdict"),
    [
        (peaked(0.01), REPRODUCED),
        (peaked(1.0), NOT_REPRODUCED),
        (lambda beta, z0: 0.9 + 0.003 * (beta == 0.1), REPRODUCED),
    ],
)
def test_tuning_improves_if_the_chosen_beta_is_better_than_one(accuracy, verdict):
    assert measures.tuning_improves(task(sweep(accuracy))).verdict == verdict


def test_a_seed_that_did_not_fit_counts_with_plain_initialization_too():
    runs = sweep(peaked(0.01), norms=(np.nan,))
    assert measures.tuning_improves(task(runs)).verdict == REPRODUCED
    unfit = runs.assign(fitted=(runs["beta"] != 0.01) | (runs["seed"] != 3))
    assert measures.tuning_improves(task(unfit)).verdict == INCONCLUSIVE


@pytest.mark.parametrize(
    ("accuracy", "kernel", "verdict"),
    [
        (lambda beta, z0: 0.9 - 0.01 * np.log10(beta), lambda beta: 1 / beta, REPRODUCED),
        (lambda beta, z0: 0.9 + 0.01 * np.log10(beta), lambda beta: 1 / beta, NOT_REPRODUCED),
        (lambda beta, z0: 0.9 - 0.01 * np.log10(beta), lambda beta: beta, NOT_REPRODUCED),
        (flat, lambda beta: 1 / beta, INCONCLUSIVE),
    ],
)
def test_nonlinearity_goes_with_accuracy(accuracy, kernel, verdict):
    assert measures.nonlinearity(task(sweep(accuracy, kernel=kernel))).verdict == verdict


@pytest.mark.parametrize(
    ("power", "verdict"), [(0.0, REPRODUCED), (1.0, NOT_REPRODUCED), (-0.5, NOT_REPRODUCED), (1 / 6, INCONCLUSIVE)]
)
def test_the_best_rate_is_constant_times_one_over_beta(power, verdict):
    betas = (*SMALL, 0.3, 1.0)
    assert measures.best_rate(task(sweep(flat, betas, rate=lambda beta: 0.1 * beta**power))).verdict == verdict


def budgeted(settled: float, equal: float) -> pd.DataFrame:
    """A sweep whose smallest β takes more epochs, with accuracy 0.9 at β = 1."""
    runs = sweep(lambda beta, z0: 0.9 if beta == 1 else equal, betas=(0.01, 1.0))
    longer = runs[runs["beta"] < 1].assign(length=4.0)
    return pd.concat([runs, longer.assign(test_accuracy=longer["test_accuracy"] + settled - equal)])


@pytest.mark.parametrize(
    ("settled", "equal", "verdict"), [(0.89, 0.5, REPRODUCED), (0.6, 0.5, NOT_REPRODUCED), (0.7, 0.5, INCONCLUSIVE)]
)
def test_budget_explains_a_gap_if_it_closes_more_than_half(settled, equal, verdict):
    assert measures.budget(task(budgeted(settled, equal))).verdict == verdict


def largest(power: float, betas=SMALL, steps: float = 150.0, spread: float = 0.02) -> pd.DataFrame:
    """Searches whose largest stable η is a power law of β."""
    random = np.random.default_rng(0)
    rows = [
        {"beta": beta, "seed": seed, "steps": steps, "rate": beta ** (power + 1) * 10 ** (spread * random.normal())}
        for beta in betas
        for seed in EARLY
    ]
    table = pd.DataFrame(rows).assign(task="mlp", z0=4e-4, linear_limit=1.0, nonlinear_limit=1.0)
    return table.assign(largest_stable=0.99 * table["rate"], smallest_unstable=1.01 * table["rate"])


@pytest.mark.parametrize(
    ("power", "verdict"), [(-1.0, REPRODUCED), (-2 / 3, NOT_REPRODUCED), (-2.0, NOT_REPRODUCED), (-5 / 6, INCONCLUSIVE)]
)
def test_the_largest_rate_is_one_over_beta(power, verdict):
    assert measures.largest_rate(task(rates=largest(power))).verdict == verdict
    assert measures.largest_rate(task(rates=largest(power), degree=2)).verdict == INCONCLUSIVE


@pytest.mark.parametrize(
    ("powers", "verdict"),
    [((-1.0, -2 / 3, -1 / 2), REPRODUCED), ((-1.0, -1.0, -1.0), NOT_REPRODUCED), ((-1.0, -0.6, -0.7), INCONCLUSIVE)],
)
def test_the_slope_of_the_largest_rate_depends_on_the_depth(powers, verdict):
    tasks = {f"L{degree}": task(rates=largest(power), degree=degree) for degree, power in zip((2, 3, 4), powers)}
    assert measures.depths(tasks).verdict == verdict


@pytest.mark.parametrize(("share", "verdict"), [(0.25, REPRODUCED), (1.0, NOT_REPRODUCED)])
def test_the_largest_rate_of_tanh_depends_on_the_number_of_steps(share, verdict):
    longer = largest(-2.0, steps=600.0)
    scaled = longer.assign(**{name: share * longer[name] for name in ("largest_stable", "smallest_unstable")})
    tasks = {"tanh": task(rates=largest(-2.0)), "tanh_longer": task(rates=scaled)}
    assert measures.late_limit_of_tanh(tasks).verdict == verdict


def timed(phase: str, column: str, exponents: tuple[float, float], censored: float = 0.0) -> pd.DataFrame:
    """Runs whose time is a power law of ‖Z0‖ and β over η̃. Those above the β `censored`, if given, never reach it."""
    random, rows = np.random.default_rng(0), []
    for beta, z0, rate, seed in itertools.product((1.0, 3.0, 10.0, 30.0), (0.1, 0.3, 1.0), (0.01, 0.03), EARLY):
        effective = rate * (z0 if phase == "onset" else beta)
        time = 100 * z0 ** exponents[0] * beta ** exponents[1] / effective * 10 ** (0.02 * random.normal())
        shared = {"task": "mlp", "phase": phase, "beta": beta, "z0": z0, "seed": seed, "updates_rounded": False}
        never = censored and beta > censored
        rows.append(shared | {"effective_learning_rate": effective, column: np.inf if never else time})
    names = ("learning", "kernel", "departure")
    table = pd.DataFrame(rows).assign(**dict.fromkeys((f"{name}_few_steps" for name in names), False))
    return table.assign(**{f"{name}_time": table[column] for name in names}, status="ok")


@pytest.mark.parametrize(
    ("exponents", "verdict"),
    [((1.0, 0.0), REPRODUCED), ((0.0, 0.0), NOT_REPRODUCED), ((1.0, 1.0), NOT_REPRODUCED), ((1.25, 0.0), INCONCLUSIVE)],
)
def test_learning_starts_after_the_norm_over_the_rate(exponents, verdict):
    events = timed("onset", "learning_time", exponents)
    assert measures.onset(task(events=events)).verdict == verdict


@pytest.mark.parametrize(
    ("exponents", "verdict"),
    [((0.0, 1.0), REPRODUCED), ((0.0, 0.0), NOT_REPRODUCED), ((1.0, 1.0), NOT_REPRODUCED)],
)
def test_the_linear_regime_ends_after_beta_over_the_rate(exponents, verdict):
    events = timed("departure", "kernel_time", exponents)
    assert measures.end_of_linear_regime(task(events=events)).verdict == verdict


def test_two_beta_without_censored_runs_decide_nothing():
    events = timed("departure", "kernel_time", (0.0, 1.0), censored=3.0)
    assert measures.end_of_linear_regime(task(events=events)).verdict == INCONCLUSIVE


def learning(delay: dict[float, float], departure: float = 0.01) -> pd.DataFrame:
    """Curves whose loss is 0.9 of the first at η̃t = 1 times the delay of their β."""
    rows = [
        {"beta": beta, "seed": seed, "step": step, "loss": 1 - 0.1 * step / 10 / factor, "departure": departure}
        for beta, factor in delay.items()
        for seed in EARLY
        for step in np.arange(0.0, 40.0)
    ]
    table = pd.DataFrame(rows).assign(task="mlp", phase="curves_exact", effective_learning_rate=0.1)
    return table.assign(z0=3.0)


@pytest.mark.parametrize(
    ("delay", "departure", "verdict"),
    [
        ({1.0: 1, 10.0: 1, 100.0: 1}, 0.01, REPRODUCED),
        ({1.0: 1, 10.0: 1, 100.0: 2}, 0.01, NOT_REPRODUCED),
        ({1.0: 1, 10.0: 1, 100.0: 1}, 0.2, INCONCLUSIVE),
        ({1.0: 1, 10.0: 1}, 0.01, INCONCLUSIVE),
    ],
)
def test_dynamics_are_the_same_where_networks_are_linear(delay, departure, verdict):
    assert measures.same_dynamics(task(curves=learning(delay, departure))).verdict == verdict


def risky(peak: float, failing: float, peak_of_one: float = 0.9) -> pd.DataFrame:
    """β = 0.1 and 1. peak: accuracy of the best ten seeds at 0.1. failing: share of tuning runs that fail there."""
    runs = sweep(lambda beta, z0: peak_of_one if beta == 1 else 0.85, betas=(0.1, 1.0))
    small = runs["beta"] == 0.1
    best = small & (runs["phase"] == "report") & (runs["seed"] < 110)
    high = small & (runs["phase"] == "tune") & (runs["scaled_learning_rate"] > 0.5)
    fails = high & (runs["seed"] < failing * len(TUNING))
    return runs.assign(
        test_accuracy=runs["test_accuracy"].mask(best, peak), status=runs["status"].mask(fails, "failed")
    )


@pytest.mark.parametrize(
    ("peak", "failing", "verdict"),
    [(0.95, 1.0, REPRODUCED), (0.95, 0.0, INCONCLUSIVE), (0.85, 1.0, NOT_REPRODUCED)],
)
def test_a_peak_at_small_beta_and_its_cost(peak, failing, verdict):
    assert measures.peak(task(risky(peak, failing))).verdict == verdict
    assert measures.peak(task(risky(peak, failing), batch_norm=True)).verdict == NOT_ASSESSABLE


def failing(shares: dict[float, float], accuracy=flat, betas=(0.1, 1.0)) -> pd.DataFrame:
    """Runs whose tuning seeds fail above the chosen rate. shares: how many of them, by β."""
    runs = sweep(accuracy, betas=betas, start=1)
    above = (runs["phase"] == "tune") & (runs["scaled_learning_rate"] > 0.5)
    fails = above & (runs["seed"] < len(TUNING) * runs["beta"].map(shares).fillna(0))
    return runs.assign(status=runs["status"].mask(fails, "failed"))


def higher(*peaked: float):
    return lambda beta, z0: 0.95 if beta in peaked else 0.9


@pytest.mark.parametrize(
    ("runs", "verdict"),
    [
        (failing({0.1: 1.0}, higher(0.1)), REPRODUCED),
        (failing({0.1: 1.0}), INCONCLUSIVE),
        (failing({0.1: 1.0, 1.0: 1.0}, higher(0.1)), INCONCLUSIVE),
        (failing({0.1: 0.25}, higher(0.1)), INCONCLUSIVE),
        (failing({0.01: 1.0}, higher(0.1), (0.01, 0.1, 1.0)), INCONCLUSIVE),
        (failing({0.1: 1.0}, higher(0.1), (0.01, 0.1, 1.0)), REPRODUCED),
    ],
    ids=["both", "no peak", "failures at 1 too", "few failures", "failures at another β", "one β of two"],
)
def test_peak_and_cost_must_be_at_one_beta(runs, verdict):
    assert measures.peak(task(runs)).verdict == verdict


def test_rates_that_not_all_tuning_seeds_saw_tell_no_cost():
    runs = failing({0.1: 1.0}, higher(0.1))
    eliminated = (runs["phase"] == "tune") & (runs["scaled_learning_rate"] > 0.5) & (runs["seed"] > 1)
    assert measures.peak(task(runs[~eliminated])).verdict == NOT_ASSESSABLE


@pytest.mark.parametrize(
    ("exponent", "power", "verdict"),
    [(0.0, 0.0, REPRODUCED), (0.0, -1.0, NOT_REPRODUCED), (1.0, 0.0, NOT_REPRODUCED), (0.25, 0.0, INCONCLUSIVE)],
)
def test_learning_at_the_best_rate_starts_after_one_over_beta(exponent, power, verdict):
    events = timed("onset", "learning_time", (1.0, exponent))
    runs = sweep(flat, (1.0, 3.0, 10.0, 30.0), (10.0,), rate=lambda beta: 0.1 * beta**power)
    assert measures.first_learning(task(runs, events=events)).verdict == verdict


@pytest.mark.parametrize(("rate", "betas"), [(100.0, 0), (3.0, 2), (0.1, 4)])
def test_learning_within_ten_steps_tells_nothing(rate, betas):
    events = timed("onset", "learning_time", (1.0, 0.0))
    verdict = measures.first_learning(
        task(sweep(flat, (1.0, 3.0, 10.0, 30.0), (1.0,), rate=lambda beta: rate), events=events)
    )
    assert (verdict.verdict == NOT_ASSESSABLE) == (betas < 3)


@pytest.mark.parametrize("claim", [claim for claim in CLAIMS if not claim.named])
def test_a_task_without_experiments_at_one_beta_says_what_it_lacks(claim):
    verdict = claim.judge(task(sweep(flat, betas=(1.0,))))
    assert verdict.verdict == NOT_ASSESSABLE
    assert verdict.lacks
