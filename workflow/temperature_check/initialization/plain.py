"""Plain initialization: one network with its weights as they are drawn."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import keras
import numpy as np

from temperature_check.initialization.draw import SEEDS_KEPT, draw_weights


class Initialization:
    """One network with its weights as they are drawn, so that ‖Z0‖ is not set."""

    def __init__(self, build: Callable[[], keras.Model], probe: np.ndarray):
        self.network = build()
        self._draw = lru_cache(SEEDS_KEPT)(lambda seed: draw_weights(self.network, seed))

    def use(self, probe: np.ndarray) -> None:
        """Do nothing, because no ‖Z0‖ is set."""

    def weights(self, beta: float, z0: None, seed: int) -> list[np.ndarray]:
        """The weights that `seed` draws."""
        return self._draw(seed).weights
