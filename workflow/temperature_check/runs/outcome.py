"""What the record of a run says about how its training went."""

from __future__ import annotations

import numpy as np

from temperature_check.base.record import Record

CONSTANT = 1e-6
"""An output is constant if logits of different examples differ by less than this part of the largest logit."""


def begun(record: Record, limit: float) -> bool:
    """Whether any accuracy recorded in training was above `limit`, so that the run left the plateau at its start."""
    return bool(max(record.arrays["history_accuracy"].max(), record.arrays["epoch_accuracy"].max(initial=0)) > limit)


def train_accuracy(record: Record) -> float:
    """Mean over the batches of the last epoch, each before its step; NaN if no epoch was finished."""
    epochs = record.arrays.get("epoch_accuracy", ())
    return float(epochs[-1]) if len(epochs) else np.nan


def kind_of_failure(record: Record, limit: float) -> str:
    """The kind of failure, `evaluation.failures.FAILURES`, of a failed run that has a network.

    limit: the accuracy at or below which a run has failed.
    """
    if record.facts["status"] == "diverged":
        return "diverged"
    if _constant(record.arrays["validation_logits"]):
        return "dead"
    return "collapsed" if begun(record, limit) else "not begun"


def _constant(logits: np.ndarray) -> bool:
    return bool(np.ptp(logits, axis=0).max() <= CONSTANT * np.abs(logits).max())
