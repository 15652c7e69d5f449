"""Temperature scaling and statistics against independent computations."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.optimize import brentq
from scipy.special import softmax

from temperature_check.evaluation.calibration import FACTOR_BOUNDS, fit_temperature, temperature_edge
from temperature_check.evaluation.metrics import cross_entropy
from temperature_check.evaluation.statistics import (
    deviation_interval,
    median_interval,
    share_interval,
    slope_interval,
)


def noisy_examples(seed: int, scale: float) -> tuple[np.ndarray, np.ndarray]:
    """Logits of which labels are drawn as if the true ones were smaller by `scale`."""
    generator = np.random.default_rng(seed)
    logits = generator.normal(size=(400, 4)) * 3
    labels = np.array([generator.choice(4, p=p) for p in softmax(logits / scale, axis=-1)])
    return logits, labels


def slope_of_cross_entropy(factor: float, logits: np.ndarray, labels: np.ndarray, beta: float) -> float:
    probabilities = softmax(factor * beta * logits, axis=-1)
    chosen = logits[np.arange(len(labels)), labels]
    return float(beta * np.mean((probabilities * logits).sum(-1) - chosen))


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 1000), scale=st.floats(0.5, 4), beta=st.sampled_from([0.01, 1.0, 30.0]))
def test_temperature_is_the_root_of_the_derivative(seed, scale, beta):
    logits, labels = noisy_examples(seed, scale)
    factor = fit_temperature(logits, labels, beta)
    root = brentq(slope_of_cross_entropy, *FACTOR_BOUNDS, args=(logits, labels, beta), xtol=1e-12)
    assert factor == pytest.approx(root, rel=1e-5)
    assert temperature_edge(factor) == ""
    assert cross_entropy(logits, labels, factor * beta) <= cross_entropy(logits, labels, beta) + 1e-12


def test_temperature_does_not_depend_on_how_logits_are_scaled():
    logits, labels = noisy_examples(0, 2.0)
    factor = fit_temperature(logits, labels, 1.0)
    assert fit_temperature(logits / 50, labels, 50.0) == pytest.approx(factor, rel=1e-5)
    assert fit_temperature(logits, labels, 10.0) == pytest.approx(factor / 10, rel=1e-5)


def test_separable_and_meaningless_logits_end_at_a_bound_that_is_flagged():
    logits = np.eye(3)[np.array([0, 1, 2, 0])]
    separable = fit_temperature(logits, np.array([0, 1, 2, 0]), 1.0)
    reversed_ = fit_temperature(-logits, np.array([0, 1, 2, 0]), 1.0)
    assert (separable, temperature_edge(separable)) == (FACTOR_BOUNDS[1], "highest")
    assert (reversed_, temperature_edge(reversed_)) == (FACTOR_BOUNDS[0], "lowest")


def test_wilson_interval_by_formula():
    share, low, high = share_interval(np.array([True] * 3 + [False] * 17), 0.95)
    z, n = stats.norm.ppf(0.975), 20
    center = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2)) / (1 + z**2 / n)
    assert (share, low, high) == pytest.approx((0.15, center - half, center + half))


def test_wilson_interval_of_none_is_not_empty():
    assert share_interval(np.array([False] * 5), 0.95)[2] > 0.3


def test_deviation_interval_covers_as_often_as_it_says():
    generator = np.random.default_rng(0)
    intervals = [deviation_interval(generator.normal(scale=2.0, size=6), 0.9)[1:] for _ in range(2000)]
    assert np.mean([low < 2.0 < high for low, high in intervals]) == pytest.approx(0.9, abs=0.025)
    assert np.isnan(deviation_interval(np.array([1.0]), 0.9)).all()


def test_median_interval_of_censored_values():
    assert median_interval(np.array([1, 2, 3, 4, 5, 6, 7, np.inf]), 0.95) == (4.5, 1.0, np.inf)
    assert np.isnan(median_interval(np.array([1.0, 2.0]), 0.95)[1:]).all()


def test_slope_interval_against_the_normal_equations():
    generator = np.random.default_rng(0)
    x = np.arange(7.0)
    y = -0.9 * x + 2 + generator.normal(scale=0.1, size=7)
    coefficients, covariance = np.polyfit(x, y, 1, cov=True)
    half = stats.t.ppf(0.975, 5) * np.sqrt(covariance[0, 0])
    expected = (coefficients[0], coefficients[0] - half, coefficients[0] + half, coefficients[1])
    assert slope_interval(x, y, 0.95) == pytest.approx(expected)
    assert np.isnan(slope_interval(x[:1], y[:1], 0.95)).all()
