"""What float32 rounds away of the first update of gradient descent: docs/theory.md, equation (20)."""

from __future__ import annotations

from itertools import takewhile

import numpy as np

LARGEST_LOSS = 0.01
"""The largest share of the first update that may be lost."""
RATES = 10.0 ** (np.arange(12, -49, -1) / 4)
"""The ηβ of the scan, from 1000 down to 1e-12."""
HALVINGS = 5
"""Number of halvings of the gap between the last two rates of the scan, on a logarithmic scale."""


def lost_share(weights: np.ndarray, update: np.ndarray) -> float:
    """1 - ⟨fl(θ + Δ) - θ, Δ⟩/‖Δ‖², equation (20), where fl rounds to float32; 1 if Δ is 0.

    weights, update: all θ, in float32, and the Δ that is added to them, in float64; shape [parameters].

    >>> lost_share(np.ones(2, np.float32), np.array([2.0**-23, 2.0**-25]))
    0.05882352941176472
    """
    moved = (weights + update.astype(np.float32)).astype(np.float64) - weights
    square = update @ update
    return 1 - float(moved @ update / square) if square else 1.0


def smallest_rate(weights: np.ndarray, direction: np.ndarray) -> float:
    """The smallest ηβ from which on upwards at most LARGEST_LOSS of the update is lost; infinite if there is none.

    It is found by a scan downwards and bisection. weights, direction: all θ, in float32, and Jᵀr/n, the update Δ at
    ηβ = 1; shape [parameters].
    """
    direction = direction.astype(np.float64)

    def accurate(rate: float) -> bool:
        return lost_share(weights, rate * direction) <= LARGEST_LOSS

    kept = [*takewhile(accurate, RATES)]
    if not kept:
        return float("inf")
    low, high = RATES[min(len(kept), len(RATES) - 1)], kept[-1]
    for _ in range(HALVINGS):
        middle = np.sqrt(low * high)
        low, high = (low, middle) if accurate(middle) else (middle, high)
    return float(high)
