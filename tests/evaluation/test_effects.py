"""Effects of synthetic tables whose slopes, differences and times are known."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest

from temperature_check.evaluation.effects import (
    TIME_SCALES,
    VARIABLES,
    choose_beta,
    crossing,
    departure_curves,
    departure_moments,
    half_time_spread,
    half_time_spreads,
    largest_rate_slopes,
    largest_rates,
    medians_by_beta,
    resampled_choice,
    time_exponents,
    time_to_share,
    tuning_gain,
    with_times,
)

BETAS = (0.1, 1.0, 10.0, 100.0)


def report(accuracies: dict[float, dict[int, float]]) -> pd.DataFrame:
    """Report runs, test accuracy by β and seed."""
    rows = [
        {"beta": beta, "seed": seed, "test_accuracy": accuracy, "status": "ok"}
        for beta, seeds in accuracies.items()
        for seed, accuracy in seeds.items()
    ]
    return pd.DataFrame(rows, columns=["beta", "seed", "test_accuracy", "status"])


def test_gain_pairs_the_seeds_that_have_both_runs():
    runs = report({0.1: {1: 0.9, 2: 0.8, 3: 0.1}, 1.0: {2: 0.5, 1: 0.7, 4: 1.0}})
    runs.loc[(runs["beta"] == 1.0) & (runs["seed"] == 2), "status"] = "failed"
    gain = tuning_gain(runs, 0.1, 0.95)
    assert (gain["difference"], gain["n"], gain["failed"]) == (pytest.approx(0.25), 2, 1)
    assert np.isnan([gain["low"], gain["high"]]).all()
    many = {seed: 0.5 + 0.01 * seed for seed in range(8)}
    gain = tuning_gain(report({0.1: {seed: 2 * value for seed, value in many.items()}, 1.0: many}), 0.1, 0.95)
    assert [gain[name] for name in ("low", "difference", "high")] == pytest.approx([0.5, 0.535, 0.57])


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(("one", "difference"), [({1: 0.7}, 0.2), ({}, np.nan)])
def test_gain_of_one_pair_or_none_has_no_interval(one, difference):
    gain = tuning_gain(report({0.1: {1: 0.9}, 1.0: one}), 0.1, 0.95)
    assert gain["n"] == len(one)
    assert gain["difference"] == pytest.approx(difference, nan_ok=True)
    assert np.isnan([gain["low"], gain["high"]]).all()


def test_beta_one_is_not_compared_with_itself():
    gain = tuning_gain(report({1.0: dict.fromkeys(range(8), 0.9)}), 1.0, 0.95)
    assert gain["n"] == 0
    assert np.isnan([gain[name] for name in ("difference", "low", "high")]).all()


def tuning(random: np.random.Generator, advantage: float, seeds: int = 12) -> pd.DataFrame:
    """Tuning runs at three β and two rates; one β is better by `advantage` points at one of its rates."""
    grid = itertools.product((0.1, 1.0, 10.0), (0.01, 0.1), range(seeds))
    table = pd.DataFrame(grid, columns=["beta", "scaled_learning_rate", "seed"])
    best = (table["beta"] == 0.1) & (table["scaled_learning_rate"] == 0.01)
    accuracy = 0.9 + advantage / 100 * best + 0.01 * random.normal(size=len(table))
    return table.assign(validation_accuracy=accuracy, classes=10, status="ok")


def test_a_clear_choice_would_be_chosen_again_and_a_toss_would_not():
    clear = resampled_choice(tuning(np.random.default_rng(0), 5.0), 0.1, 0.95)
    assert clear == {"tuning_seeds": 12, "agreement": 1.0, "beta_low": 0.1, "beta_high": 0.1}
    tossed = [resampled_choice(tuning(np.random.default_rng(seed), 0.0), 0.1, 0.95) for seed in range(20)]
    assert np.mean([found["agreement"] for found in tossed]) == pytest.approx(1 / 3, abs=0.15)
    assert np.mean([found["beta_low"] < found["beta_high"] for found in tossed]) > 0.8


def test_choice_of_few_seeds_is_not_resampled_and_unfinished_rates_are_left_out():
    few = resampled_choice(tuning(np.random.default_rng(0), 5.0, seeds=9), 0.1, 0.95)
    assert few["tuning_seeds"] == 9
    assert np.isnan(few["agreement"])
    table = tuning(np.random.default_rng(0), 0.0)
    eliminated = (table["beta"] == 10.0) & (table["scaled_learning_rate"] == 0.1) & (table["seed"] > 1)
    better = table.assign(validation_accuracy=table["validation_accuracy"].where(table["beta"] < 10, 0.99))
    whole, without = (resampled_choice(part, 10.0, 0.95) for part in (better, better[~eliminated]))
    assert whole["agreement"] == without["agreement"] == 1


def test_beta_is_chosen_by_means_with_failed_runs_at_chance():
    tuned = pd.DataFrame({"beta": [0.1, 0.1, 1.0, 1.0], "validation_accuracy": [0.95, 0.95, 0.6, 0.6], "classes": 10})
    assert choose_beta(tuned.assign(status="ok")) == (0.1, pytest.approx(0.95))
    assert choose_beta(tuned.assign(status=["ok", "failed", "ok", "ok"])) == (1.0, pytest.approx(0.6))


def events(exponents: dict[str, float], scale) -> pd.DataFrame:
    """Runs whose time is 7 times a power law, and whose factor is another for each of eight seeds."""
    grid = itertools.product((0.001, 0.1), (0.1, 1.0, 10.0), (1e-4, 1e-3), range(8))
    table = pd.DataFrame(grid, columns=[*VARIABLES, "seed"])
    power = np.prod([table[name] ** exponents[name] for name in VARIABLES], axis=0)
    return table.assign(
        **{scale.column: 7 * power * 1.1 ** table["seed"], scale.few_steps: False, "updates_rounded": False}
    )


@pytest.mark.parametrize("scale", TIME_SCALES, ids=lambda scale: scale.column)
def test_exponents_are_those_of_a_power_law(scale):
    power = {"z0": 0.5, "beta": -2.0, "effective_learning_rate": 1.0}
    found = time_exponents(events(power, scale), scale, 0.95).set_index("variable")
    for name in VARIABLES:
        assert found.loc[name, ["slope", "low", "high"]].tolist() == pytest.approx([power[name]] * 3)
    assert found.loc["z0", ["n", "runs", "fitted", "censored", "few_steps"]].tolist() == [8, 96, 96, 0, 0]


def test_exponents_vary_with_the_seed_and_their_interval_is_between_seeds():
    scale = TIME_SCALES[0]
    table = events(scale.exponents, scale)
    table[scale.column] *= table["beta"] ** (0.1 * table["seed"])
    found = time_exponents(table, scale, 0.95).set_index("variable")
    assert found.loc["beta", ["low", "slope", "high"]].tolist() == pytest.approx([0.0, 0.35, 0.7])


def test_a_beta_with_a_censored_run_is_in_no_fit_and_this_is_said():
    scale = TIME_SCALES[0]
    table = events(scale.exponents, scale)
    table.loc[table["beta"] == 10.0, scale.column] = 1.0
    table.loc[(table["beta"] == 10.0) & (table["seed"] == 2), scale.column] = np.inf
    found = time_exponents(table, scale, 0.95)
    assert found["slope"].tolist() == pytest.approx([1, 0, -1], abs=1e-9)
    counts = found[["fitted", "runs", "censored", "lowest", "highest"]].drop_duplicates()
    assert counts.to_numpy().tolist() == [[64, 96, 4, 0.1, 1.0]]


def test_events_of_few_steps_are_in_no_fit():
    scale = TIME_SCALES[0]
    table = events(scale.exponents, scale)
    few = (table["beta"] == 10.0) & (table["z0"] == 0.001)
    table.loc[few, [scale.column, scale.few_steps]] = [3.0, True]
    found = time_exponents(table, scale, 0.95)
    assert found["slope"].tolist() == pytest.approx([1, 0, -1], abs=1e-9)
    assert found[["fitted", "few_steps"]].iloc[0].tolist() == [80, 16]


def test_runs_whose_updates_float32_loses_are_in_no_fit():
    scale = TIME_SCALES[0]
    table = events(scale.exponents, scale)
    rounded = (table["beta"] == 10.0) & (table["z0"] == 0.001)
    table.loc[rounded, scale.column] *= 1.2
    assert time_exponents(table, scale, 0.95)["slope"].tolist() != pytest.approx([1, 0, -1], abs=0.01)
    found = time_exponents(table.assign(updates_rounded=rounded), scale, 0.95)
    assert found["slope"].tolist() == pytest.approx([1, 0, -1], abs=1e-9)
    assert found[["fitted", "rounded"]].iloc[0].tolist() == [80, 16]


def test_variable_of_one_value_has_no_exponent():
    scale = TIME_SCALES[0]
    table = events(scale.exponents, scale)
    slopes = time_exponents(table[table["z0"] == 0.1], scale, 0.95)["slope"]
    assert slopes.tolist() == pytest.approx([np.nan, 0, -1], abs=1e-9, nan_ok=True)
    assert time_exponents(table[:0], scale, 0.95)["slope"].isna().all()


def brackets(stable: dict[float, float], unstable: dict[float, float]) -> pd.DataFrame:
    """Bisections of one seed, bounds in ηβ by β; the limits cross at β = 10."""
    betas = np.array([*stable])
    limits = {"linear_limit": 10 / betas, "nonlinear_limit": np.ones(len(betas))}
    bounds = {"largest_stable": [*stable.values()], "smallest_unstable": [*unstable.values()]}
    return pd.DataFrame({"beta": betas, "seed": 1} | bounds | limits)


def test_largest_rates_are_in_the_geometric_middle_or_at_a_bound():
    table = largest_rates(brackets({0.1: 1.0, 1.0: np.nan, 10.0: 8.0}, {0.1: 4.0, 1.0: 2.0, 10.0: np.nan}))
    assert table["found"].tolist() == [True, False, False]
    assert table["largest"].tolist() == pytest.approx([2 / 0.1, 2 / 1.0, 8 / 10])
    assert table["nonlinear_limit"].tolist() == pytest.approx([10, 1, 0.1])


def test_slopes_of_largest_rates_are_of_both_regimes_over_the_betas_found_by_every_seed():
    betas = (0.001, 0.01, 0.1, 1.0, 10.0, 100.0, 1000.0)
    scaled = {beta: beta**0.5 if beta < 1 else 1 / beta for beta in betas}
    first = brackets(scaled, {beta: 2 * rate for beta, rate in scaled.items()})
    seeds = pd.concat([first.assign(seed=seed) for seed in range(6)], ignore_index=True)
    seeds.loc[(seeds["beta"] == 1000.0) & (seeds["seed"] == 3), ["largest_stable", "smallest_unstable"]] = [1e6, np.nan]
    small, large = largest_rate_slopes(largest_rates(seeds), 0.95).to_dict("records")
    assert [small[name] for name in ("slope", "low", "high")] == pytest.approx([-0.5] * 3)
    assert [large[name] for name in ("slope", "low", "high")] == pytest.approx([-2] * 3)
    assert (small["n"], small["betas"], large["n"], large["betas"]) == (6, 3, 6, 3)
    few = largest_rate_slopes(largest_rates(seeds[seeds["beta"] < 100]), 0.95)
    assert few["slope"].isna().tolist() == [False, True]


def test_limits_cross_where_they_are_equal_or_not_at_all():
    bounds = dict.fromkeys(BETAS, 1.0)
    rates = largest_rates(brackets(bounds, bounds))
    assert crossing(rates) == pytest.approx(10)
    assert np.isnan(crossing(rates[rates["beta"] < 10]))
    assert np.isnan(crossing(rates.assign(nonlinear_limit=np.nan)))


def curves(halves: dict[tuple[float, int], float], rate: float = 0.1) -> pd.DataFrame:
    """Curves whose loss falls linearly from 2, and is 1 at the step given for (β, seed)."""
    steps = np.array([0.0, 1.0, 10.0, 100.0])
    tables = [
        {"task": "mlp", "phase": "departure", "beta": beta, "seed": seed, "step": steps, "loss": 2 - steps / half}
        | {"effective_learning_rate": rate, "departure": steps / 100, "kernel_change": steps / 1000}
        for (beta, seed), half in halves.items()
    ]
    return pd.concat([pd.DataFrame(table) for table in tables], ignore_index=True)


def test_times_of_curves_are_steps_times_rates():
    timed = with_times(curves({(0.1, 1): 50.0}))
    assert timed["scaled_time"].tolist() == pytest.approx([0, 0.1, 1, 10])
    assert timed["time"].tolist() == pytest.approx([0, 10, 100, 1000])


def test_time_to_a_share_of_the_loss_is_linear_between_steps_and_infinite_if_never_reached():
    assert time_to_share(curves({(1.0, 1): 50.0}), "step", 0.5) == pytest.approx(50)
    assert time_to_share(curves({(1.0, 1): 50.0}), "step", 0.75) == pytest.approx(25)
    assert time_to_share(curves({(1.0, 1): 200.0}), "step", 0.5) == np.inf


def test_spread_is_the_median_over_seeds_of_the_range_over_beta():
    decades = [0.5, 1.0, 1.0, 1.1, 1.2, 1.5]
    table = curves({(beta, seed): 2.0 * beta**-size for seed, size in enumerate(decades) for beta in (0.1, 0.5, 1.0)})
    spread = half_time_spread(table, "step", 0.95)
    expected = {"spread": 1.05, "low": 0.5, "high": 1.5}
    assert {name: spread[name] for name in expected} == pytest.approx(expected)
    assert (spread["reached"], spread["n"]) == (18, 18)
    few = half_time_spread(table[table["seed"] < 2], "step", 0.95)
    assert few["spread"] == pytest.approx(0.75)
    assert np.isnan(few["low"])


def test_spread_is_not_known_unless_all_runs_reached_half():
    spread = half_time_spread(curves({(0.1, 1): 4.0, (1.0, 1): 200.0}), "step", 0.95)
    assert np.isnan(spread["spread"])
    assert (spread["reached"], spread["n"]) == (1, 2)
    kinds = [("mlp", "departure", "step"), ("mlp", "onset", "step")]
    rows = half_time_spreads(curves({(0.1, 1): 4.0}), kinds, 0.95)
    assert rows[["phase", "reached", "n"]].to_numpy().tolist() == [["departure", 1, 1], ["onset", 0, 0]]
    assert rows["spread"].isna().all()


def test_spread_is_over_the_beta_that_all_seeds_reach():
    lacking = {(beta, seed): time for beta, time in ((0.1, 4.0), (1.0, 40.0), (10.0, 4.0)) for seed in (1, 2)}
    del lacking[10.0, 2]
    spread = half_time_spread(curves(lacking), "step", 0.95)
    assert (spread["spread"], spread["betas"]) == (pytest.approx(1), [0.1, 1.0])
    assert (spread["reached"], spread["n"]) == (4, 4)
    assert np.isnan(half_time_spread(curves({(0.1, 1): 4.0, (1.0, 2): 4.0}), "step", 0.95)["spread"])


def test_each_kind_has_the_spread_of_the_betas_that_it_reaches():
    fewer = curves({(0.1, 1): 4.0, (1.0, 1): 5.0}).assign(phase="onset")
    both = pd.concat([curves({(0.1, 1): 4.0, (1.0, 1): 4.0, (10.0, 1): 4.0}), fewer])
    rows = half_time_spreads(both, [("mlp", phase, "step") for phase in ("departure", "onset")], 0.95)
    assert rows["betas"].tolist() == ["0.1, 1, 10", "0.1, 1"]
    assert rows["spread"].tolist() == pytest.approx([0, np.log10(5 / 4)])


def test_departures_are_those_of_the_smallest_norm_and_the_largest_rate():
    own = curves({(1.0, 1): 50.0}).assign(noise=1e-6, moved=[0.0, 1e-3, 1e-2, 1e-1])
    cells = [own.assign(z0=z0, scaled_learning_rate=rate) for z0 in (0.1, 0.001) for rate in (0.01, 0.03)]
    found = departure_curves(pd.concat(cells), "mlp")
    assert found[["z0", "scaled_learning_rate"]].drop_duplicates().to_numpy().tolist() == [[0.001, 0.03]]
    assert found["noise_floor"].tolist() == pytest.approx([np.nan, 1e-3, 1e-4, 1e-5], nan_ok=True)


def test_moments_are_at_half_the_loss_and_at_the_last_step():
    moments = departure_moments(curves({(1.0, 1): 50.0, (1.0, 2): 200.0})).set_index(["seed", "moment"])
    assert moments.loc[(1, "half"), ["step", "departure", "kernel_change", "loss"]].tolist() == pytest.approx(
        [50, 0.5, 0.05, 1]
    )
    assert moments.loc[(1, "end"), ["step", "departure"]].tolist() == [100, 1]
    assert moments.loc[(2, "half"), "step"] == np.inf
    assert np.isnan(moments.loc[(2, "half"), "departure"])


@pytest.mark.filterwarnings("error")
def test_medians_by_beta_leave_missing_values_out():
    values = pd.DataFrame({"beta": [1.0, 1.0, 1.0, 2.0], "departure": [0.1, 0.3, np.nan, 5.0]})
    found = medians_by_beta(values, "departure", 0.95)
    assert found["median"].to_dict() == pytest.approx({1.0: 0.2, 2.0: 5.0})
    assert found["low"].isna().all()
