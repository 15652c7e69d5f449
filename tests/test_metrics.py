"""Metrics against independent computations, and the choice of rates."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn import metrics as sklearn_metrics

from temperature_check.errors import UserError
from temperature_check.evaluation import metrics
from temperature_check.evaluation.select import choose_rates, read_rates, write_rates
from temperature_check.evaluation.statistics import (
    deviation_interval,
    mean_interval,
    median_interval,
    share_interval,
    slope_interval,
)


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


def test_calibration_error_of_certain_and_wrong_is_one():
    assert metrics.calibration_error(np.array([[0.0, 100.0]]), np.array([0]), 1.0, 15) == pytest.approx(1.0)


def test_time_to_learn_is_censored_where_never_reached():
    steps = np.array([0, 1, 2, 4])
    assert metrics.time_to_learn(steps, np.array([0.1, 0.3, 0.55, 0.9]), classes=10) == 2
    assert metrics.time_to_learn(steps, np.array([0.1, 0.3, 0.54, 0.5]), classes=10) == np.inf


def test_interval_is_that_of_scipy():
    values = np.array([0.91, 0.95, 0.93, 0.96])
    low, high = stats.ttest_1samp(values, 0).confidence_interval(0.9)
    assert mean_interval(values, 0.9) == pytest.approx((values.mean(), low, high))
    assert np.isnan(mean_interval(values[:1], 0.9)[1:]).all()


def test_interval_of_a_standard_deviation_covers_as_often_as_it_says():
    samples = np.random.default_rng(0).normal(scale=3.0, size=(4000, 5))
    intervals = np.array([deviation_interval(sample, 0.9) for sample in samples])
    assert np.mean((intervals[:, 1] < 3) & (intervals[:, 2] > 3)) == pytest.approx(0.9, abs=0.015)
    assert intervals[0, 0] == pytest.approx(samples[0].std(ddof=1))
    assert np.isnan(deviation_interval(np.array([1.0]), 0.9)).all()


def test_interval_of_a_median_is_of_values_and_takes_censored_ones():
    assert median_interval(np.array([4, 1, 2, 8, np.inf, np.inf]), 0.95) == (6, 1, np.inf)
    assert median_interval(np.arange(10.0), 0.95) == (4.5, 1, 8)
    median, low, high = median_interval(np.array([1.0, 2, 3, 4, np.inf]), 0.95)
    assert (median, np.isnan(low), np.isnan(high)) == (3, True, True)


def test_interval_of_a_share_is_wilsons():
    z, n = stats.norm.ppf(0.975), 10
    for hits in (0, 3, 10):
        share = hits / n
        center = (share + z**2 / (2 * n)) / (1 + z**2 / n)
        half = z / (1 + z**2 / n) * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
        found = share_interval(np.arange(n) < hits, 0.95)
        assert found == pytest.approx((share, center - half, center + half), abs=1e-12)


def test_interval_of_a_slope_is_that_of_numpys_covariance():
    x = np.arange(6.0)
    y = 3 - 2 * x + np.random.default_rng(0).normal(size=6)
    (slope, intercept), covariance = np.polyfit(x, y, 1, cov=True)
    half = stats.t.ppf(0.975, 4) * np.sqrt(covariance[0, 0])
    assert slope_interval(x, y, 0.95) == pytest.approx((slope, slope - half, slope + half, intercept))
    assert np.isnan(slope_interval(x[:2], y[:2], 0.95)[1:3]).all()
    assert np.isnan(slope_interval(x[:1], y[:1], 0.95)).all()


def tuning_table(accuracies: dict[float, list[float]], status: str = "ok", z0: float = 0.001) -> pd.DataFrame:
    rows = [
        {"task": "mlp", "beta": 0.1, "z0": z0, "scaled_learning_rate": rate, "seed": seed, "status": status}
        | {"validation_accuracy": accuracy, "classes": 10}
        for rate, values in accuracies.items()
        for seed, accuracy in enumerate(values)
    ]
    return pd.DataFrame(rows)


def test_rate_with_the_highest_mean_is_chosen():
    (rate,) = choose_rates(tuning_table({0.01: [0.8, 0.9], 0.1: [0.9, 0.92], 1.0: [0.95, 0.8]}))
    assert (rate.scaled_learning_rate, rate.edge, rate.seeds) == (0.1, "", 2)
    assert rate.validation_accuracy == pytest.approx(0.91)


def test_ties_go_to_the_smaller_rate_whatever_rounding_does():
    (rate,) = choose_rates(tuning_table({0.01: [0.1, 0.2], 0.1: [0.1, 0.7], 1.0: [0.3, 0.5], 3.0: [0.5, 0.3]}))
    assert rate.scaled_learning_rate == 0.1


@pytest.mark.parametrize(("best", "edge"), [(0.01, "lowest"), (0.1, ""), (1.0, "highest")])
def test_best_rate_at_an_edge_is_flagged(best, edge):
    accuracies = {rate: [0.9 if rate == best else 0.5] for rate in (0.01, 0.1, 1.0)}
    assert choose_rates(tuning_table(accuracies))[0].edge == edge


def test_failed_runs_count_at_chance():
    table = pd.concat([tuning_table({0.01: [0.3, 0.3]}), tuning_table({0.1: [0.9, 0.19]})], ignore_index=True)
    table.loc[table["validation_accuracy"] == 0.19, "status"] = "failed"
    (rate,) = choose_rates(table)
    assert rate.validation_accuracy == pytest.approx((0.9 + 0.1) / 2)


def test_unreachable_cells_have_no_rate_and_a_norm_never_reached_is_an_error():
    reached, unreached = tuning_table({0.1: [0.9]}), tuning_table({0.1: [np.nan]}, "unreachable")
    unreached["beta"] = 0.001
    rates = choose_rates(pd.concat([reached, unreached], ignore_index=True))
    assert [(rate.beta, rate.scaled_learning_rate) for rate in rates] == [(0.001, None), (0.1, 0.1)]
    with pytest.raises(UserError, match=r"tasks.mlp.grid.z0 = 0.001: no β of the grid reaches it"):
        choose_rates(unreached)


def test_rates_read_back(tmp_path):
    rates = choose_rates(tuning_table({0.01: [0.8], 0.1: [0.9], 1.0: [0.7]}, z0=np.nan))
    write_rates(tmp_path / "rates.json", "mlp", rates)
    assert read_rates(tmp_path / "rates.json") == {("mlp", 0.1, None): rates[0]}
    (tmp_path / "rates.json").write_text("{")
    with pytest.raises(UserError, match=r"rates.json: not a file of chosen rates"):
        read_rates(tmp_path / "rates.json")
