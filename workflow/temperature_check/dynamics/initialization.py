"""Initial weights of runs that theory asks for: equal initial logits at every β, and linearized networks."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import keras
import numpy as np
from keras import ops

from temperature_check.models.correlated import draw_weights, logit_norm
from temperature_check.models.linearized import Linearized
from temperature_check.models.shifted import Shifted
from temperature_check.training.initialization import SEEDS_KEPT


class ShiftedInitialization:
    """A network whose initial logits are replaced: ‖Z0‖ is as asked for, and Z0 and the kernel are the same at every β.

    Z0 is the function of a second, independent draw of the network's weights, scaled to norm z0 on the probe with batch
    norm in training mode.
    """

    def __init__(self, build: Callable[[], keras.Model], probe: np.ndarray):
        self.network = Shifted(build())
        self._build, self._probe = build, probe
        self._draw = lru_cache(SEEDS_KEPT)(self._draw_and_measure)

    def weights(self, beta: float, z0: float, seed: int) -> list[np.ndarray]:
        """The weights that `seed` draws, with the Z0 that it draws scaled to z0/β."""
        weights, initial, norm = self._draw(seed)
        return self.network.start_weights(weights, initial, z0 / (beta * norm))

    def largest_norm(self, beta: float, seed: int) -> float:
        """Infinite: every norm can be had."""
        return float("inf")

    def _draw_and_measure(self, seed: int) -> tuple[list[np.ndarray], list[np.ndarray], float]:
        second_seed = int(np.random.SeedSequence(seed, spawn_key=(0,)).generate_state(1)[0])
        weights, initial = (draw_weights(self._build, each).weights for each in (seed, second_seed))
        self.network.network.set_weights(initial)
        logits = self.network.network(self._probe, training=True)
        return weights, initial, float(ops.convert_to_numpy(logit_norm(logits)))


class LinearizedInitialization:
    """Another initialization's network, linearized about the weights that it starts from."""

    def __init__(self, initialization):
        self._initialization = initialization
        self.network = Linearized(initialization.network)

    def weights(self, beta: float, z0: float | None, seed: int) -> list[np.ndarray] | None:
        """The weights of the other initialization, as start of the linearized network; None where that has none."""
        weights = self._initialization.weights(beta, z0, seed)
        return None if weights is None else self.network.start_weights(weights)

    def largest_norm(self, beta: float, seed: int) -> float:
        """The largest ‖Z0‖ of the other initialization."""
        return self._initialization.largest_norm(beta, seed)
