"""Correlated initialization: sets the initial logit norm ‖Z0‖ of any network independently of β.

Two copies of one network, equal but for their last layers, whose correlation is c = 1 - δ:

    z(x) = (M(x, θ_a) - M(x, θ_b)) / √2                                docs/theory.md, equation (4)
    W_b = (1 - δ) W_a + √(δ(2 - δ)) W'                                 equation (5)

W' is an independent draw of W_a. ‖z0‖ grows from 0 at δ = 0 to √2 ‖M(·, θ_a)‖ at δ = 2. The parameter is δ and not c,
which float32 rounds to 1 where ‖z0‖ is small.

>>> def build():
...     return keras.Sequential([keras.Input((4,)), keras.layers.Dense(64, "relu"), keras.layers.Dense(3)])
>>> pair, probe = CorrelatedPair(build(), build()), np.ones((8, 4), "float32")
>>> draw = draw_weights(build, seed=0)
>>> delta = LogitNorm(pair, draw, probe).solve(1e-3)
>>> pair.set_weights(correlated_weights(draw, delta))
>>> round(float(logit_norm(pair(probe))), 6)
0.001
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

import keras
import numpy as np
from keras import ops
from scipy.optimize import brentq

SMALLEST_DELTA = 1e-30


class Unreachable(ValueError):
    """No correlation gives the logit norm asked for; `largest` is the largest norm there is."""

    def __init__(self, asked: float, largest: float):
        super().__init__(f"‖z0‖ = {asked:.3g} is beyond the largest, {largest:.3g}")
        self.largest = largest


@keras.saving.register_keras_serializable(package="temperature_check")
class CorrelatedPair(keras.Model):
    """The difference of two copies of a network, over √2: equation (4). Trained, the copies are independent."""

    def __init__(self, first: keras.Model, second: keras.Model, **kwargs):
        super().__init__(**kwargs)
        self.first = first
        self.second = second

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


@dataclass(frozen=True)
class Draw:
    """One random initialization: the weights of a network, and an independent draw of its last layer's kernel."""

    weights: list[np.ndarray]
    fresh_kernel: np.ndarray
    kernel_index: int


def draw_weights(build: Callable[[], keras.Model], seed: int) -> Draw:
    """Draw initial weights. The same seed gives the same weights; `build` must not seed anything itself.

    Raises ValueError where the network does not end in a Dense layer without activation.
    """
    # Keras's initializers take their seeds from here. keras.utils.set_random_seed, which seeds it among others, would
    # import TensorFlow beside any backend.
    random.seed(seed)
    drawn = build()
    layer = _logits_layer(drawn)
    return Draw(
        weights=[np.array(weight) for weight in drawn.get_weights()],
        fresh_kernel=_fresh_kernel(layer),
        kernel_index=next(i for i, weight in enumerate(drawn.weights) if weight is layer.kernel),
    )


def _logits_layer(network: keras.Model) -> keras.layers.Dense:
    layer = network.layers[-1]
    if not isinstance(layer, keras.layers.Dense) or layer.activation is not keras.activations.linear:
        raise ValueError(f"the last layer, {layer.name}, should be Dense without activation")
    return layer


def _fresh_kernel(layer: keras.layers.Dense) -> np.ndarray:
    initializer = layer.kernel_initializer
    if isinstance(initializer, keras.initializers.Initializer):
        # Without a new seed it would draw the same kernel again.
        config = {name: value for name, value in initializer.get_config().items() if name != "seed"}
        initializer = type(initializer).from_config(config)
    return np.array(ops.convert_to_numpy(initializer(layer.kernel.shape, dtype=layer.kernel.dtype)))


def correlated_weights(draw: Draw, delta: float) -> list[np.ndarray]:
    """The weights of a CorrelatedPair at δ, equation (5); computed in float64, rounded to the weights' type."""
    kernel = draw.weights[draw.kernel_index].astype(np.float64)
    second = (1 - delta) * kernel + np.sqrt(delta * (2 - delta)) * draw.fresh_kernel
    return draw.weights + _with_kernel(draw, second)


def _with_kernel(draw: Draw, kernel: np.ndarray) -> list[np.ndarray]:
    weights = list(draw.weights)
    weights[draw.kernel_index] = kernel.astype(weights[draw.kernel_index].dtype)
    return weights


def logit_norm(logits) -> object:
    """‖z‖_F / √n: the root of the mean over examples of ‖z(x)‖²; logits of shape [n, classes]."""
    return ops.sqrt(ops.mean(ops.sum(ops.square(logits), axis=-1)))


class LogitNorm:
    """‖z0‖ on a probe as a function of δ, for one draw: with A = M(·, W_a) and B = M(·, W'),

        2 ‖z0‖² = δ² ‖A‖² - 2 δ √(δ(2-δ)) ⟨A, B⟩ + δ(2-δ) ‖B‖²,                equation (6)

    exact where the last layer has no bias yet, as at initialization. Batch norm is in training mode.
    """

    def __init__(self, pair: CorrelatedPair, draw: Draw, probe: np.ndarray):
        first = self._logits(pair, draw.weights, probe)
        second = self._logits(pair, _with_kernel(draw, draw.fresh_kernel), probe)
        self.products = [np.mean(np.sum(a * b, -1)) for a, b in ((first, first), (first, second), (second, second))]

    @staticmethod
    def _logits(pair: CorrelatedPair, weights: list[np.ndarray], probe: np.ndarray) -> np.ndarray:
        pair.first.set_weights(weights)
        return ops.convert_to_numpy(pair.first(probe, training=True)).astype(np.float64)

    def __call__(self, delta: float) -> float:
        aa, ab, bb = self.products
        sine = np.sqrt(delta * (2 - delta))
        return float(np.sqrt(max(delta**2 * aa - 2 * delta * sine * ab + sine**2 * bb, 0) / 2))

    def solve(self, norm: float) -> float:
        """The δ in (0, 2] at which ‖z0‖ = norm. Raises Unreachable beyond the norm at δ = 2."""
        if norm > self(2.0):
            raise Unreachable(norm, self(2.0))
        norm = max(norm, self(SMALLEST_DELTA))
        bounds = np.log([SMALLEST_DELTA, 2.0])
        return float(np.exp(brentq(lambda log_delta: self(min(np.exp(log_delta), 2.0)) - norm, *bounds, xtol=1e-12)))
