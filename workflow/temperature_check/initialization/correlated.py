"""Correlated initialization, which sets the initial logit norm ‖Z0‖ of any network independently of β.

The logits are the difference of two copies of one network. The copies are equal except for their last layers, whose
correlation is c = 1 - δ:

    z(x) = (M(x, θ_a) - M(x, θ_b)) / √2                                docs/theory.md, equation (4)
    W_b = (1 - δ) W_a + √(δ(2 - δ)) W'                                 equation (5)

W' is an independent draw of W_a. ‖z0‖ grows from 0 at δ = 0 to √2 ‖M(·, θ_a)‖ at δ = 2. The parameter is δ and not c,
because float32 rounds c to 1 if ‖z0‖ is small.

>>> from temperature_check.initialization.draw import logit_norm
>>> def build():
...     return keras.Sequential([keras.Input((4,)), keras.layers.Dense(64, "relu"), keras.layers.Dense(3)])
>>> pair, probe = CorrelatedPair(build(), build()), np.ones((8, 4), "float32")
>>> draw = draw_weights(pair.first, seed=0)
>>> delta = LogitNorm(pair, draw, probe).solve(1e-3)
>>> pair.set_weights(correlated_weights(draw, delta))
>>> round(float(logit_norm(pair(probe))), 6)
0.001
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import keras
import numpy as np
from scipy.optimize import brentq

from temperature_check.initialization.draw import SEEDS_KEPT, Draw, draw_weights, last_layer_outputs

SMALLEST_DELTA = 1e-30


class Unreachable(ValueError):
    """No correlation gives the required logit norm. `largest` is the largest reachable norm."""

    def __init__(self, asked: float, largest: float):
        super().__init__(f"‖z0‖ = {asked:.3g} is beyond the largest, {largest:.3g}")
        self.largest = largest


@keras.saving.register_keras_serializable(package="temperature_check")
class CorrelatedPair(keras.Model):
    """The difference of two copies of a network, divided by √2: equation (4). Each copy is trained on its own."""

    def __init__(self, first: keras.Model, second: keras.Model, **kwargs):
        super().__init__(**kwargs)
        self.first = first
        self.second = second

    @property
    def copies(self) -> tuple[keras.Model, keras.Model]:
        """Both copies."""
        return self.first, self.second

    def call(self, inputs, training=False):
        """Logits z, shape [n, classes]."""
        return (self.first(inputs, training=training) - self.second(inputs, training=training)) * 0.5**0.5

    def get_config(self):
        """The two copies, as Keras serializes them."""
        copies = {"first": self.first, "second": self.second}
        return {**super().get_config(), **{k: keras.saving.serialize_keras_object(v) for k, v in copies.items()}}

    @classmethod
    def from_config(cls, config):
        """The pair that `get_config` describes."""
        copies = {k: keras.saving.deserialize_keras_object(config.pop(k)) for k in ("first", "second")}
        return cls(**copies, **config)


def correlated_weights(draw: Draw, delta: float) -> list[np.ndarray]:
    """The weights of a CorrelatedPair at δ, equation (5). They are computed in float64 and then rounded."""
    kernel = draw.weights[draw.kernel_index].astype(np.float64)
    second = (1 - delta) * kernel + np.sqrt(delta * (2 - delta)) * draw.fresh_kernel
    return draw.weights + _with_kernel(draw, second)


def _with_kernel(draw: Draw, kernel: np.ndarray) -> list[np.ndarray]:
    weights = list(draw.weights)
    weights[draw.kernel_index] = kernel.astype(weights[draw.kernel_index].dtype)
    return weights


class LogitNorm:
    """‖z0‖ on a probe as a function of δ, for one draw. With A = M(·, W_a) and B = M(·, W'),

        2 ‖z0‖² = δ² ‖A‖² - 2 δ √(δ(2-δ)) ⟨A, B⟩ + δ(2-δ) ‖B‖²,                equation (6)

    which is exact if the biases of the last layer are zero, as at initialization. Batch norm is in training mode.
    """

    def __init__(self, pair: CorrelatedPair, draw: Draw, probe: np.ndarray):
        first, second = last_layer_outputs(pair.first, draw, probe)
        self.products = [np.mean(np.sum(a * b, -1)) for a, b in ((first, first), (first, second), (second, second))]

    def __call__(self, delta: float) -> float:
        aa, ab, bb = self.products
        sine = np.sqrt(delta * (2 - delta))
        return float(np.sqrt(max(delta**2 * aa - 2 * delta * sine * ab + sine**2 * bb, 0) / 2))

    def solve(self, norm: float) -> float:
        """The δ in (0, 2] at which ‖z0‖ = norm. Raises Unreachable if the norm at δ = 2 is smaller."""
        if norm > self(2.0):
            raise Unreachable(norm, self(2.0))
        norm = max(norm, self(SMALLEST_DELTA))
        bounds = np.log([SMALLEST_DELTA, 2.0])
        return float(np.exp(brentq(lambda log_delta: self(min(np.exp(log_delta), 2.0)) - norm, *bounds, xtol=1e-12)))


class Initialization:
    """A correlated pair of networks, whose ‖Z0‖ = β‖z0‖ on the probe is set by equation (6)."""

    def __init__(self, build: Callable[[], keras.Model], probe: np.ndarray):
        self.network = CorrelatedPair(build(), build())
        self.network(probe[:1])
        self.use(probe)

    def use(self, probe: np.ndarray) -> None:
        """Set ‖Z0‖ on other examples."""
        self._probe = probe
        self._draw = lru_cache(SEEDS_KEPT)(self._draw_and_measure)

    def weights(self, beta: float, z0: float, seed: int) -> list[np.ndarray] | None:
        """The weights that `seed` draws, at the correlation that gives z0; None if no correlation does."""
        draw, norm = self._draw(seed)
        try:
            return correlated_weights(draw, norm.solve(z0 / beta))
        except Unreachable:
            return None

    def independent_weights(self, seed: int) -> list[np.ndarray]:
        """The weights that `seed` draws for copies with independent last layers, δ = 1."""
        return correlated_weights(self._draw(seed)[0], 1.0)

    def largest_norm(self, beta: float, seed: int) -> float:
        """The largest ‖Z0‖ at β: that of opposite copies, δ = 2."""
        return beta * self._draw(seed)[1](2.0)

    def _draw_and_measure(self, seed: int) -> tuple[Draw, LogitNorm]:
        draw = draw_weights(self.network.first, seed)
        return draw, LogitNorm(self.network, draw, self._probe)
