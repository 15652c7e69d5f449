"""Temperature scaling against independent solutions, and the columns it gives."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import brentq
from scipy.special import softmax
from sklearn.calibration import calibration_curve
from sklearn.linear_model import LogisticRegression

from temperature_check.base.record import Record
from temperature_check.data.dataset import Dataset
from temperature_check.data.file import in_memory
from temperature_check.evaluation import metrics
from temperature_check.evaluation.calibration import FACTOR_BOUNDS, fit_temperature, temperature_edge
from temperature_check.evaluation.table import table_of_runs
from temperature_check.study.evaluation import EvaluationSettings


def informative(classes: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Logits that say something of the labels, and the labels."""
    stream = np.random.default_rng(seed)
    labels = stream.integers(classes, size=300)
    return stream.normal(size=(300, classes)) + 1.5 * np.eye(classes)[labels], labels


@pytest.mark.parametrize("beta", [1e-3, 1.0, 100.0])
def test_factor_is_the_root_of_the_derivative(beta):
    logits, labels = informative(classes=5)

    def derivative(factor):
        expected = (softmax(factor * beta * logits, axis=1) * logits).sum(axis=1)
        return np.mean(expected - logits[np.arange(300), labels])

    root = brentq(derivative, 1e-2 / beta, 1e2 / beta, rtol=1e-12)
    assert fit_temperature(logits, labels, beta) == pytest.approx(root, rel=1e-5)


def test_factor_of_two_classes_is_the_slope_of_logistic_regression():
    logits, labels = informative(classes=2)
    regression = LogisticRegression(C=np.inf, fit_intercept=False, tol=1e-10)
    regression.fit(logits[:, 1:] - logits[:, :1], labels)
    assert fit_temperature(logits, labels, 1.0) == pytest.approx(regression.coef_.item(), rel=1e-5)


def test_bounds_are_reached_and_flagged():
    logits, labels = informative(classes=5)
    separable = 3 * np.eye(5)[labels] + 0.1 * logits
    assert (logits.argmax(axis=1) != labels).any()
    assert (separable.argmax(axis=1) == labels).all()
    assert fit_temperature(separable, labels, 1.0) == FACTOR_BOUNDS[1]
    assert fit_temperature(-logits, labels, 1.0) == FACTOR_BOUNDS[0]
    edges = [temperature_edge(factor) for factor in (*FACTOR_BOUNDS, 1.0, np.nan)]
    assert edges == ["lowest", "highest", "", ""]


def test_calibration_error_is_that_of_scikit_learns_curve():
    logits, labels = informative(classes=5)
    confidences, hits = metrics.confidence(logits, 1.0), logits.argmax(axis=1) == labels
    shares, means = calibration_curve(hits, confidences, n_bins=10)
    counts = np.histogram(confidences, bins=10, range=(0, 1))[0]
    expected = np.sum(counts[counts > 0] * np.abs(shares - means)) / len(labels)
    assert metrics.calibration_error(logits, labels, 1.0, bins=10) == pytest.approx(expected, rel=1e-9)


class Records:
    """A store of one record."""

    def __init__(self, record: Record):
        self.record = record

    def read(self, key: str) -> Record:
        """The record, whatever the key."""
        return self.record


def evaluated(phase: str, change=lambda arrays: None):
    """The row of metrics of a run with informative logits, which `change` changes."""
    (validation, labels), (test, test_labels) = informative(5, seed=0), informative(5, seed=1)
    arrays = {
        "validation_logits": validation,
        "history_step": np.array([0, 7]),
        "history_accuracy": np.array([0.2, 0.9]),
        "epoch_accuracy": np.array([0.5, 0.8]),
    }
    if phase == "report":
        arrays["test_logits"] = test
    change(arrays)
    origin = dict.fromkeys(["threads", "backend", "device", "machine", "data"], 0) | {"code": {}, "versions": {}}
    facts = {"seconds": 0, "hardware": "", "status": "finished", "z0_measured": 1.0, "made_of": origin}
    record = Record(arrays, facts)
    splits = {"train": labels, "validation": labels, "test": test_labels}
    dataset = Dataset("digits", {}, splits, classes=5)
    run = {"task": "mlp", "phase": phase, "beta": 0.5, "z0": 1.0, "scaled_learning_rate": 0.1, "seed": 0, "key": "k"}
    run["length"] = 1.0
    return table_of_runs(pd.DataFrame([run]), Records(record), in_memory(dataset), EvaluationSettings()).iloc[0]


def test_test_measures_after_scaling_use_the_factor_of_validation():
    row = evaluated("report")
    (validation, labels), (test, test_labels) = informative(5, seed=0), informative(5, seed=1)
    factor = fit_temperature(validation, labels, 0.5)
    assert (row["temperature_factor"], row["temperature_edge"], row["steps"]) == (factor, "", 7)
    assert (row["status"], row["failure"], row["train_accuracy"]) == ("ok", "", 0.8)
    assert not row["fitted"]
    assert row["test_scaled_cross_entropy"] == metrics.cross_entropy(test, test_labels, factor * 0.5)
    assert row["test_scaled_confidence"] == metrics.confidence(test, factor * 0.5).mean()
    assert row["test_scaled_calibration_error"] == metrics.calibration_error(test, test_labels, factor * 0.5, 15)
    assert row["test_scaled_cross_entropy"] < row["test_cross_entropy"]


@pytest.mark.parametrize("phase", ["tune", "report"])
def test_no_scaling_without_finite_test_logits(phase):
    def diverge(arrays):
        if phase == "report":
            arrays["test_logits"] = np.full((300, 5), np.nan)

    row = evaluated(phase, diverge)
    assert row[[column for column in row.index if "scaled_c" in column or column == "temperature_factor"]].isna().all()
    assert row["temperature_edge"] == ""
