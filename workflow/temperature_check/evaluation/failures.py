"""Kinds of failure of finished runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from temperature_check.base.record import Record

FAILURES = ("diverged", "dead", "not begun", "collapsed")
"""Kinds of failure. A kind counts if none before it does.

diverged: a number is not finite. dead: the output is the same for every example. not begun: no accuracy recorded in
training was ever above the limit of failure. collapsed: one was, and the accuracy at the end is not.
"""
CONSTANT = 1e-6
"""An output is constant if logits of different examples differ by less than this part of the largest logit."""


def kind_of_failure(record: Record, limit: float) -> str:
    """The kind of failure of a failed run that has a network, one of FAILURES. limit: the accuracy that it is below."""
    if record.facts["status"] == "diverged":
        return "diverged"
    if _constant(record.arrays["validation_logits"]):
        return "dead"
    recorded = np.concatenate([record.arrays["history_accuracy"], record.arrays["epoch_accuracy"]])
    return "collapsed" if recorded.max() > limit else "not begun"


def _constant(logits: np.ndarray) -> bool:
    return bool(np.ptp(logits, axis=0).max() <= CONSTANT * np.abs(logits).max())
