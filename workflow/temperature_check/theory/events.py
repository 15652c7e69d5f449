"""Events of recorded runs: when a curve reaches a level, and how far a run has departed from the linear regime.

Logits of a run have shape [times, n, K]. Norms are per example, ‖Z‖_F / √n.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from temperature_check.theory.time_scales import norm

if TYPE_CHECKING:
    from temperature_check.theory.kernel import EmpiricalKernel


def first_time(times: Sequence[float], values: Sequence[float], level: float) -> float:
    """The first time at which a recorded curve reaches a level, linear between its points; inf if it never does.

    An infinite value counts as reaching the level at the time when it was recorded, without interpolation. NaN never
    reaches it.

    >>> first_time([0, 1, 2], [0.0, 1.0, 3.0], 2.0), first_time([0, 1], [0.0, 1.0], 2.0)
    (1.5, inf)
    """
    times, values = np.asarray(times, np.float64), np.asarray(values, np.float64)
    reached = np.flatnonzero(values >= level)
    if not len(reached):
        return float("inf")
    after = reached[0]
    if after == 0 or not np.isfinite(values[after - 1 : after + 1]).all():
        return float(times[after])
    return float(np.interp(level, values[after - 1 : after + 1], times[after - 1 : after + 1]))


def distance(scaled_logits: np.ndarray, others: np.ndarray) -> np.ndarray:
    """‖Z - Z'‖ at each time, shape [times]. With Z' = Z0, of shape [n, K], it is how far a run has moved."""
    return np.array([norm(difference) for difference in scaled_logits - others])


def departure(scaled_logits: np.ndarray, linearized: np.ndarray) -> np.ndarray:
    """‖Z - Z_lin‖/‖Z - Z0‖ at each time, equation (16); shape [times]. It is 0 while Z has not moved."""
    apart, moved = distance(scaled_logits, linearized), distance(scaled_logits, scaled_logits[0])
    return np.divide(apart, moved, out=np.zeros_like(apart), where=moved != 0)


def probe_vectors(kernel: EmpiricalKernel, count: int, seed: int) -> np.ndarray:
    """Standard normal vectors that Θ multiplies, shape [count, n, K]."""
    return np.random.default_rng(seed).normal(size=(count, *kernel.shape))


def kernel_products(kernel: EmpiricalKernel, weights: Sequence, vectors: np.ndarray) -> np.ndarray:
    """Θv at `weights` for each of `vectors`; shape [count, n, K]."""
    return np.stack([kernel.kernel_product(weights, vector) for vector in vectors])


def kernel_change(products: np.ndarray, initial: np.ndarray) -> float:
    """‖Θ_t v - Θ_0 v‖/‖Θ_0 v‖, averaged over the vectors v: equation (17). `kernel_products` gives both."""
    pairs = zip(products.astype(np.float64), initial.astype(np.float64), strict=True)
    return float(np.mean([norm(now - before) / norm(before) for now, before in pairs]))
