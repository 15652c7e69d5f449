"""Metrics against independent computations, and the choice of rates."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics as sklearn_metrics

from temperature_check.base.errors import UserError
from temperature_check.evaluation import metrics
from temperature_check.evaluation.rates import choose_rates
from temperature_check.runs.rates import read_rates, write_rates


@pytest.fixture
def logits() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(200, 5)).astype(np.float32)


@pytest.fixture
def labels() -> np.ndarray:
    return np.random.default_rng(1).integers(5, size=200)


def softmax(values: np.ndarray) -> np.ndarray:
    powers = np.exp(values - values.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


@pytest.mark.parametrize("beta", [0.01, 1.0, 3.0])
def test_cross_entropy_is_scikit_learns_log_loss(logits, labels, beta):
    expected = sklearn_metrics.log_loss(labels, softmax(beta * logits.astype(np.float64)), labels=range(5))
    assert metrics.cross_entropy(logits, labels, beta) == pytest.approx(expected, rel=1e-9)


def test_cross_entropy_of_large_logits_is_finite():
    logits = np.array([[0.0, 1e4], [1e4, 0.0]], dtype=np.float32)
    assert metrics.cross_entropy(logits, np.array([0, 0]), 100.0) == pytest.approx(0.5e6)


def test_accuracy_is_scikit_learns(logits, labels):
    assert metrics.accuracy(logits, labels) == sklearn_metrics.accuracy_score(labels, logits.argmax(axis=-1))


@pytest.mark.parametrize("beta", [0.1, 3.0])
def test_calibration_error_bin_by_bin(logits, labels, beta):
    probabilities = softmax(beta * logits.astype(np.float64))
    confidences, hits = probabilities.max(axis=-1), probabilities.argmax(axis=-1) == labels
    expected = 0.0
    for low in np.arange(10) / 10:
        chosen = (confidences > low) & (confidences <= low + 0.1)
        if chosen.any():
            expected += chosen.mean() * abs(hits[chosen].mean() - confidences[chosen].mean())
    assert metrics.calibration_error(logits, labels, beta, bins=10) == pytest.approx(expected, rel=1e-9)


def test_floor_is_the_calibration_error_of_labels_drawn_by_the_model():
    random = np.random.default_rng(0)
    logits = 3 * random.normal(size=(400, 10))
    drawn = (logits + random.gumbel(size=(300, *logits.shape))).argmax(axis=-1)
    errors = [metrics.calibration_error(logits, labels, 1.0, 15) for labels in drawn]
    assert metrics.calibration_floor(logits, 1.0, 15) == pytest.approx(np.mean(errors), rel=0.05)
    assert metrics.calibration_floor(np.eye(10)[:5] * 1e4, 1.0, 15) == 0


def test_calibration_error_of_certain_and_wrong_is_one():
    assert metrics.calibration_error(np.array([[0.0, 100.0]]), np.array([0]), 1.0, 15) == pytest.approx(1.0)


def test_time_to_learn_is_censored_if_never_reached():
    steps = np.array([0, 1, 2, 4])
    assert metrics.time_to_learn(steps, np.array([0.1, 0.3, 0.55, 0.9]), classes=10) == 2
    assert metrics.time_to_learn(steps, np.array([0.1, 0.3, 0.54, 0.5]), classes=10) == np.inf


def tuning_table(
    accuracies: dict[float, list[float]],
    status: str = "ok",
    z0: float = 0.001,
    length: float = 1.0,
    train_accuracy: float = 1.0,
) -> pd.DataFrame:
    rows = [
        {"task": "mlp", "beta": 0.1, "z0": z0, "scaled_learning_rate": rate, "seed": seed, "status": status}
        | {"validation_accuracy": accuracy, "classes": 10, "length": length, "fitted": train_accuracy >= 0.99}
        for rate, values in accuracies.items()
        for seed, accuracy in enumerate(values)
    ]
    return pd.DataFrame(rows)


def test_rate_with_the_highest_mean_is_chosen():
    (rate,) = choose_rates(tuning_table({0.01: [0.8, 0.9], 0.1: [0.9, 0.92], 1.0: [0.95, 0.8]}), 2)
    assert (rate.scaled_learning_rate, rate.edge, rate.seeds) == (0.1, "", 2)
    assert rate.validation_accuracy == pytest.approx(0.91)


def test_ties_go_to_the_smaller_rate_whatever_rounding_does():
    (rate,) = choose_rates(tuning_table({0.01: [0.1, 0.2], 0.1: [0.1, 0.7], 1.0: [0.3, 0.5], 3.0: [0.5, 0.3]}), 2)
    assert rate.scaled_learning_rate == 0.1


@pytest.mark.parametrize(("best", "edge"), [(0.01, "lowest"), (0.1, ""), (1.0, "highest")])
def test_best_rate_at_an_edge_is_flagged(best, edge):
    accuracies = {rate: [0.9 if rate == best else 0.5] for rate in (0.01, 0.1, 1.0)}
    assert choose_rates(tuning_table(accuracies), 1)[0].edge == edge


def tuned(*means: float, seeds: int = 6) -> pd.DataFrame:
    """Tuning runs at rising rates with these means. Seeds lie 0.02 beside them, in turn above and below."""
    return tuning_table(
        {10.0**k: [mean + 0.02 * (-1) ** (k + seed) for seed in range(seeds)] for k, mean in enumerate(means)}
    )


@pytest.mark.parametrize(
    ("means", "edge"),
    [
        ((0.5, 0.5, 0.7, 0.5), ""),
        ((0.5, 0.69, 0.7, 0.5), ""),
        ((0.5, 0.5, 0.7, 0.69), "highest"),
        ((0.69, 0.7, 0.5, 0.5), "lowest"),
        ((0.7, 0.69, 0.7, 0.69), "both"),
        ((0.7, 0.5, 0.5, 0.5), "lowest"),
        ((0.69, 0.5, 0.5, 0.7), "both"),
    ],
)
def test_an_end_that_is_not_clearly_worse_than_the_best_rate_is_an_edge(means, edge):
    (rate,) = choose_rates(tuned(*means), 6)
    assert rate.edge == edge


def test_with_few_seeds_or_rates_eliminated_an_end_is_no_edge_unless_it_is_chosen():
    (rate,) = choose_rates(tuned(0.5, 0.7, 0.69, seeds=5), 5)
    assert (rate.scaled_learning_rate, rate.edge) == (10.0, "")
    table = tuned(0.5, 0.5, 0.7, 0.69)
    eliminated = table[(table["scaled_learning_rate"] < 1000) | (table["seed"] < 2)]
    assert choose_rates(eliminated, 6)[0].edge == ""
    assert choose_rates(eliminated, 6)[0].scaled_learning_rate == 100.0


def test_failed_runs_count_at_chance():
    table = pd.concat([tuning_table({0.01: [0.3, 0.3]}), tuning_table({0.1: [0.9, 0.19]})], ignore_index=True)
    table.loc[table["validation_accuracy"] == 0.19, "status"] = "failed"
    (rate,) = choose_rates(table, 2)
    assert rate.validation_accuracy == pytest.approx((0.9 + 0.1) / 2)


def test_unreachable_cells_have_no_rate_and_a_norm_never_reached_is_an_error():
    reached, unreached = tuning_table({0.1: [0.9]}), tuning_table({0.1: [np.nan]}, "unreachable")
    unreached["beta"] = 0.001
    rates = choose_rates(pd.concat([reached, unreached], ignore_index=True), 1)
    assert [(rate.beta, rate.scaled_learning_rate) for rate in rates] == [(0.001, None), (0.1, 0.1)]
    with pytest.raises(UserError, match=r"tasks.mlp.grid.z0 = 0.001: no β of the grid reaches it"):
        choose_rates(unreached, 1)


def test_a_cell_takes_the_first_length_at_which_all_seeds_fit():
    lengths = {1.0: 0.5, 2.0: 0.98, 4.0: 0.99, 8.0: 1.0}
    tables = [
        tuning_table({0.01: [0.8, 0.9], 0.1: [0.9, 0.8 + length / 20]}, length=length, train_accuracy=fitted)
        for length, fitted in lengths.items()
    ]
    rates = choose_rates(pd.concat(tables, ignore_index=True), 2, [*lengths])
    assert [(rate.length, rate.fitted) for rate in rates] == [(1.0, False), (4.0, True)]
    one_seed_lags = pd.concat(tables, ignore_index=True)
    one_seed_lags.loc[(one_seed_lags["length"] == 4) & (one_seed_lags["seed"] == 1), "fitted"] = False
    assert choose_rates(one_seed_lags, 2, [*lengths])[-1].length == 8.0
    never = pd.concat(tables[:2], ignore_index=True)
    assert [(rate.length, rate.fitted) for rate in choose_rates(never, 2, [1, 2])] == [(1.0, False), (2.0, False)]


def test_rates_that_not_all_seeds_were_trained_with_are_not_chosen():
    table = pd.concat([tuning_table({0.01: [0.8, 0.8]}), tuning_table({0.1: [0.9]})], ignore_index=True)
    (rate,) = choose_rates(table, 2)
    assert (rate.scaled_learning_rate, rate.edge) == (0.01, "lowest")


def test_rates_read_back(tmp_path):
    rates = choose_rates(tuning_table({0.01: [0.8], 0.1: [0.9], 1.0: [0.7]}, z0=np.nan), 1)
    write_rates(tmp_path / "rates.json", "mlp", rates)
    assert read_rates(tmp_path / "rates.json") == {("mlp", 0.1, None): (rates[0],)}
    (tmp_path / "rates.json").write_text("{")
    with pytest.raises(UserError, match=r"rates.json: not a file of chosen rates"):
        read_rates(tmp_path / "rates.json")
