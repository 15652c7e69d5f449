"""Kinds of failure: of made-up records, and of runs that are made to fail in each way."""

from __future__ import annotations

import numpy as np
import pytest

from temperature_check.base.record import Record
from temperature_check.evaluation.failures import FAILURES
from temperature_check.runs.outcome import kind_of_failure
from temperature_check.runs.run import Run

LIMIT = 0.2


def record_of(logits, accuracies, status="finished", epochs=()) -> Record:
    arrays = {
        "validation_logits": np.asarray(logits, float),
        "history_accuracy": np.array(accuracies),
        "epoch_accuracy": np.array(epochs),
    }
    return Record(arrays, {"status": status})


VARIED = [[1e-9, 2e-9], [2e-9, 1e-9]]
RECORDS = {
    "diverged": record_of([[np.nan, 0], [0, 0]], [0.1, 0.9], "diverged"),
    "dead": record_of([[1.0, 2.0], [1.0, 2.0 + 1e-9]], [0.1, 0.9, 0.1]),
    "not begun": record_of(VARIED, [0.1, 0.2, 0.1], epochs=[0.15, 0.2]),
    "collapsed": record_of(VARIED, [0.1, 0.9, 0.1]),
}


@pytest.mark.parametrize("kind", FAILURES)
def test_kinds(kind):
    assert kind_of_failure(RECORDS[kind], LIMIT) == kind


def test_a_run_that_learned_between_two_probes_has_begun():
    assert kind_of_failure(record_of(VARIED, [0.1, 0.1], epochs=[0.1, 0.5, 0.1]), LIMIT) == "collapsed"


def test_output_of_zeros_is_constant():
    assert kind_of_failure(record_of(np.zeros((3, 2)), [0.1]), LIMIT) == "dead"


@pytest.mark.parametrize(("rate", "kind"), [(1e20, "diverged"), (1e-9, "not begun"), (300.0, "dead")])
def test_runs_that_fail(rate, kind):
    from tests.training.test_engine import new_engine

    record = new_engine().train(Run("mlp", "tune", 1.0, 0.001, rate, 7))
    assert kind_of_failure(record, LIMIT) == kind
