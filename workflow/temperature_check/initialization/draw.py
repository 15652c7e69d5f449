"""The weights that a seed draws, and the norm of the logits that they give."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

import keras
import numpy as np
from keras import ops

SEEDS_KEPT = 16
"""Number of draws that an initialization keeps, so that runs of one seed at several β share one draw."""


@dataclass(frozen=True)
class Draw:
    """One random initialization: the weights of a network, and an independent draw of its last layer's kernel."""

    weights: list[np.ndarray]
    fresh_kernel: np.ndarray
    kernel_index: int


def draw_weights(build: Callable[[], keras.Model], seed: int) -> Draw:
    """Draw initial weights. The same seed gives the same weights; `build` must not seed anything itself.

    Raises ValueError if the network does not end in a Dense layer without activation.
    """
    # Keras's initializers take their seeds from `random`. keras.utils.set_random_seed would seed it as well, but would
    # import TensorFlow on every backend.
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


def logit_norm(logits) -> object:
    """‖z‖_F / √n: the root of the mean over examples of ‖z(x)‖²; logits of shape [n, classes]."""
    return ops.sqrt(ops.mean(ops.sum(ops.square(logits), axis=-1)))
