"""Time scales of early learning at the start of training, and the largest rates for stable and for linear steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import log_softmax

if TYPE_CHECKING:
    from temperature_check.theory.kernel import EmpiricalKernel


@dataclass(frozen=True)
class TimeScales:
    """Time scales of gradient flow at its start: docs/theory.md, equations (9) to (12).

    Times are those of gradient flow with η̃ = ηβ² = 1. `steps` converts them to steps of gradient descent.
    """

    beta: float
    """Inverse temperature β."""
    logit_norm: float
    """‖Z0‖ per example."""
    speed: float
    """‖dZ/dt‖ per example, at η̃ = 1."""
    learning: float
    """τ_z = ‖Z0‖/‖dZ/dt‖, equation (9): the time in which the logits double."""
    nonlinear: float
    """τ_nl, equation (10): the time in which the kernel changes. In a network linear in θ it is infinite."""
    linear: float
    """τ_lin, equation (11): the time in which the residual changes in the linear regime."""
    curvature: float
    """λmax(JᵀHJ/n), equation (12)."""

    def steps(self, time: float, learning_rate: float, momentum: float = 0.0) -> float:
        """The steps of gradient descent that a time takes. With heavy-ball momentum this is true only of long times."""
        return time * (1 - momentum) / (learning_rate * self.beta**2)

    def largest_stable_rate(self, momentum: float = 0.0) -> float:
        """The learning rate at the limit of linear stability, equation (12)."""
        return largest_stable_rate(self.curvature, self.beta, momentum)

    def largest_linear_rate(self) -> float:
        """The learning rate at which one step takes τ_nl: equation (13) with c = τ_nl/β at the start."""
        return largest_linear_rate(self.nonlinear / self.beta, self.beta)


def time_scales(kernel: EmpiricalKernel, weights: Sequence, labels: np.ndarray, beta: float) -> TimeScales:
    """The time scales of full-batch training from `weights`; labels: integers of shape [n].

    dZ/dt = Θr, dr/dt = -H dZ/dt and dθ/dt = Jᵀr/(nβ) at η̃ = 1, with residual r = Y - p.
    """
    scaled_logits = beta * kernel.logits(weights).astype(np.float64)
    p = probabilities(scaled_logits)
    r = residual(p, labels)
    direction = kernel.vjp(weights, r / (len(r) * beta))
    velocity = kernel.kernel_product(weights, r)
    residual_velocity = -p * (velocity - np.sum(p * velocity, axis=-1, keepdims=True))
    return TimeScales(
        beta=beta,
        logit_norm=norm(scaled_logits),
        speed=norm(velocity),
        learning=_ratio(norm(scaled_logits), norm(velocity)),
        nonlinear=_ratio(norm(velocity), norm(kernel.kernel_velocity(weights, direction, r))),
        linear=_ratio(norm(velocity), norm(kernel.kernel_product(weights, residual_velocity))),
        curvature=kernel.largest_eigenvalue(weights, p),
    )


def largest_stable_rate(curvature: float, beta: float, momentum: float = 0.0) -> float:
    """η = 2(1 + μ)/(β² λmax), equation (12): a local limit, beyond which training may still converge.

    curvature: λmax(JᵀHJ/n).

    >>> largest_stable_rate(curvature=4.0, beta=0.5, momentum=0.9)
    3.8
    """
    return _ratio(2 * (1 + momentum), beta**2 * curvature)


def largest_linear_rate(constant: float, beta: float) -> float:
    """η = c/β, equation (13): at larger rates one step takes longer than τ_nl.

    constant: c = τ_nl/β, best measured in a run at a small rate.
    """
    return constant / beta


def probabilities(scaled_logits: np.ndarray) -> np.ndarray:
    """p = softmax(Z), shape [n, K]."""
    return np.exp(log_softmax(scaled_logits, axis=-1))


def residual(p: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """r = Y - p for integer labels of shape [n]; shape [n, K].

    >>> residual(np.array([[0.25, 0.75]]), np.array([1])).tolist()
    [[-0.25, 0.25]]
    """
    return np.eye(p.shape[-1])[labels] - p


def norm(values: np.ndarray) -> float:
    """‖Z‖ per example: the Frobenius norm over √n, for values of shape [n, K]; in float64."""
    values = np.asarray(values, np.float64)
    return float(np.linalg.norm(values) / np.sqrt(len(values)))


def _ratio(numerator: float, denominator: float) -> float:
    return numerator / denominator if denominator else float("inf")
