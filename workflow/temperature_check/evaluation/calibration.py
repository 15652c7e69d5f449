"""Temperature scaling: how much of a calibration error one factor on the logits removes.

Logits z are finite, of shape [n, classes]; labels are integers of shape [n]; β scales logits to Z = βz.
Source: Guo et al., arXiv:1706.04599, section 4.2; the factor s is one over their temperature.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize_scalar

from temperature_check.evaluation.metrics import cross_entropy

FACTOR_BOUNDS = (1e-4, 1e4)
"""Bounds of the factor s. If the minimum is at 0 or at infinity, the factor is one of them."""


def fit_temperature(logits: np.ndarray, labels: np.ndarray, beta: float) -> float:
    """The factor s that minimizes the cross-entropy of s·βz, between the two of `FACTOR_BOUNDS`.

    The cross-entropy is convex in s, so that there is one minimum. It is at infinity if every label's logit is the
    largest (separable data), and at or below zero if logits say nothing of labels. Then s is exactly the bound.
    """

    def entropy(log_factor: float) -> float:
        return cross_entropy(logits, labels, beta * np.exp(log_factor))

    lower, upper = np.log(FACTOR_BOUNDS)
    found = minimize_scalar(entropy, bounds=(lower, upper), method="bounded", options={"xatol": 1e-8}).x
    best = min((lower, upper, found), key=entropy)
    return {lower: FACTOR_BOUNDS[0], upper: FACTOR_BOUNDS[1]}.get(best, float(np.exp(best)))


def temperature_edge(factor: float) -> str:
    """`lowest` or `highest` if `fit_temperature` ended at that bound, else empty."""
    return dict(zip(FACTOR_BOUNDS, ("lowest", "highest"))).get(factor, "")
