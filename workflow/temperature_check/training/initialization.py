"""Initial weights of runs: as they are drawn, or with a given initial logit norm."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import keras
import numpy as np

from temperature_check.models.correlated import (
    CorrelatedPair,
    Draw,
    LogitNorm,
    Unreachable,
    correlated_weights,
    draw_weights,
)

SEEDS_KEPT = 16


class PlainInitialization:
    """One network with its weights as they are drawn; ‖Z0‖ is what it happens to be."""

    def __init__(self, build: Callable[[], keras.Model], probe: np.ndarray):
        self.network = build()
        self._draw = lru_cache(SEEDS_KEPT)(lambda seed: draw_weights(build, seed))

    def weights(self, beta: float, z0: None, seed: int) -> list[np.ndarray]:
        """The weights that `seed` draws."""
        return self._draw(seed).weights


class CorrelatedInitialization:
    """A correlated pair of networks; ‖Z0‖ = β‖z0‖ on the probe is as asked for, in closed form."""

    def __init__(self, build: Callable[[], keras.Model], probe: np.ndarray):
        self.network = CorrelatedPair(build(), build())
        self.network(probe[:1])
        self._build, self._probe = build, probe
        self._draw = lru_cache(SEEDS_KEPT)(self._draw_and_measure)

    def weights(self, beta: float, z0: float, seed: int) -> list[np.ndarray] | None:
        """The weights that `seed` draws, at the correlation that gives z0; None where no correlation does."""
        draw, norm = self._draw(seed)
        try:
            return correlated_weights(draw, norm.solve(z0 / beta))
        except Unreachable:
            return None

    def independent_weights(self, seed: int) -> list[np.ndarray]:
        """The weights that `seed` draws, of copies whose last layers are independent: δ = 1."""
        return correlated_weights(self._draw(seed)[0], 1.0)

    def largest_norm(self, beta: float, seed: int) -> float:
        """The largest ‖Z0‖ at β: that of opposite copies, δ = 2."""
        return beta * self._draw(seed)[1](2.0)

    def _draw_and_measure(self, seed: int) -> tuple[Draw, LogitNorm]:
        draw = draw_weights(self._build, seed)
        return draw, LogitNorm(self.network, draw, self._probe)


INITIALIZATIONS = {"correlated": CorrelatedInitialization, "plain": PlainInitialization}
