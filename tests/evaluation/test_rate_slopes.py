"""Slopes of the best rate: what is called constant, and how often, in worlds whose slope is known."""

from __future__ import annotations

import functools
import itertools

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from temperature_check.evaluation.rate_slopes import rate_plateaus, rate_slopes

BETAS = np.logspace(-3, 0, 7)
RATES = np.logspace(-5, 1, 13)
SEEDS = 10
WORLDS = 100


def world(
    random: np.random.Generator, slope: float | None, noise: float = 0.006, scatter: float = 0.25
) -> pd.DataFrame:
    """Tuning runs whose validation accuracy falls by a point within a decade of the best ηβ.

    The best ηβ is 0.01 at β = 1, follows a power law of β, and lies off it by `scatter` decades. If slope is None the
    rate makes no difference, so that the best one is drawn at random.
    """
    optimum = 0.0 if slope is None else -2 + slope * np.log10(BETAS) + scatter * random.normal(size=len(BETAS))
    distance = np.log10(RATES)[None] - np.broadcast_to(optimum, len(BETAS))[:, None]
    loss = np.zeros_like(distance) if slope is None else np.minimum(0.01 * distance**2, 0.8)
    scores = 0.9 - loss[..., None] + noise * random.standard_t(4, size=(*loss.shape, SEEDS))
    grid = itertools.product(BETAS, RATES, range(SEEDS))
    table = pd.DataFrame(grid, columns=["beta", "scaled_learning_rate", "seed"])
    return table.assign(validation_accuracy=scores.ravel(), status="ok", classes=10, fitted=True)


@functools.cache
def slopes_in(slope: float | None, **world_of) -> pd.DataFrame:
    random = np.random.default_rng(0)
    return pd.concat([rate_slopes(world(random, slope, **world_of), 0.95).iloc[:1] for _ in range(WORLDS)])


def test_rates_drawn_at_random_are_called_constant_in_at_most_six_of_a_hundred_worlds():
    assert (slopes_in(None)["verdict"] == "constant").mean() <= 0.06


@pytest.mark.parametrize("slope", [-1.0, 1.0])
def test_slopes_of_one_are_seen(slope):
    found = slopes_in(slope)
    assert (found["verdict"] == "changes").mean() >= 0.8
    assert found["slope"].mean() == pytest.approx(slope, abs=0.1)


def test_intervals_cover_the_slope():
    for slope in (-1.0, 0.0, 0.5):
        found = slopes_in(slope)
        assert ((found["low"] <= slope) & (slope <= found["high"])).mean() >= 0.94


def test_interval_is_that_of_the_line_if_all_draws_choose_the_same_rates():
    tuned = world(np.random.default_rng(3), 0.5, noise=0.0)
    best = rate_plateaus(tuned, 0.95)["best"]
    line = stats.linregress(np.log10(BETAS), np.log10(best))
    half = stats.t.ppf(0.975, len(BETAS) - 2) * line.stderr
    slope = rate_slopes(tuned, 0.95).set_index("regime").loc["β ≤ 1"]
    assert slope[["slope", "low", "high"]].tolist() == pytest.approx(
        [line.slope, line.slope - half, line.slope + half], rel=1e-6
    )


def test_constant_rates_are_rarely_called_changing_and_constant_if_they_are_known_well_enough():
    assert (slopes_in(0.0)["verdict"] == "changes").mean() <= 0.06
    assert (slopes_in(0.0, noise=0.001, scatter=0.05)["verdict"] == "constant").mean() >= 0.8


def test_plateau_holds_rates_that_are_not_clearly_worse():
    random = np.random.default_rng(1)
    flat = rate_plateaus(world(random, None, noise=0.01), 0.95)
    assert (np.log10(flat["highest"] / flat["lowest"]) > 4).mean() > 0.8
    sharp = rate_plateaus(world(random, 0.0, noise=1e-4), 0.95)
    assert (np.log10(sharp["highest"] / sharp["lowest"]) <= 0.6).all()
    assert (sharp["best"] >= sharp["lowest"]).all()


def test_cells_that_did_not_fit_and_rates_that_lack_seeds_are_left_out():
    table = world(np.random.default_rng(2), 0.0)
    unfit = table.assign(fitted=table["beta"] > 0.05)
    assert rate_slopes(unfit, 0.95).set_index("regime")["n"].to_dict() == {"β ≤ 1": 3, "β ≥ 1": 1}
    assert rate_slopes(table[table["beta"] == 1], 0.95)["verdict"].tolist() == ["not decided"] * 2
    eliminated = table[(table["scaled_learning_rate"] < 0.1) | (table["seed"] < 2)]
    assert rate_plateaus(eliminated, 0.95)["highest"].max() < 0.1
    assert not rate_plateaus(unfit, 0.95).set_index("beta")["learned"].iloc[0]
