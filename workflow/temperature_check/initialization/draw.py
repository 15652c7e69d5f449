"""The weights that a seed draws, and the norm of the logits that they give."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import keras
import numpy as np
from keras import ops

from temperature_check.theory.layers import layers_of

SUFFIX = "_initializer"
SEEDS_KEPT = 16
"""Number of draws that an initialization keeps, so that runs of one seed at several β share one draw."""


@dataclass(frozen=True)
class Draw:
    """One random initialization: the weights of a network, and an independent draw of its last layer's kernel."""

    weights: list[np.ndarray]
    fresh_kernel: np.ndarray
    kernel_index: int


def draw_weights(network: keras.Model, seed: int) -> Draw:
    """New initial weights of a built network, by the initializers of its layers. The same seed gives the same weights.

    Raises ValueError if the network is not a functional or sequential model that ends in a Dense layer without
    activation.
    """
    layer = _logits_layer(network)
    # Keras's initializers take their seeds from `random`. keras.utils.set_random_seed would seed it as well, but would
    # import TensorFlow on every backend.
    random.seed(seed)
    return Draw(
        weights=_drawn(network),
        fresh_kernel=_new_array(layer.kernel_initializer, layer.kernel),
        kernel_index=next(i for i, weight in enumerate(network.weights) if weight is layer.kernel),
    )


def last_layer_outputs(network: keras.Model, draw: Draw, probe: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Logits on the probe with the drawn and with the fresh kernel of the last layer, float64 of shape [n, classes].

    Batch norm is in training mode. The network keeps the drawn weights.
    """
    network.set_weights(draw.weights)
    layer = network.layers[-1]
    features = keras.Model(network.inputs[0], layer.input)(probe, training=True)
    features = ops.convert_to_numpy(ops.cast(features, layer.kernel.dtype)).astype(np.float64)
    bias = ops.convert_to_numpy(layer.bias) if layer.use_bias else 0.0
    return features @ draw.weights[draw.kernel_index] + bias, features @ draw.fresh_kernel + bias


def _logits_layer(network: keras.Model) -> keras.layers.Dense:
    layer = network.layers[-1]
    if not hasattr(network, "inputs"):
        raise ValueError(f"{network.name} should be a functional or sequential model of Keras")
    if not isinstance(layer, keras.layers.Dense) or layer.activation is not keras.activations.linear:
        raise ValueError(f"the last layer, {layer.name}, should be Dense without activation")
    return layer


def _drawn(network: keras.Model) -> list[np.ndarray]:
    """A new array for each weight. Building the network again would take ten times as long."""
    initializers = {id(weight): found for layer in layers_of(network) for weight, found in _initializers(layer)}
    if not all(id(weight) in initializers for weight in network.weights):
        return keras.models.clone_model(network).get_weights()
    return [_new_array(initializers[id(weight)], weight) for weight in network.weights]


def _initializers(layer: keras.Layer) -> Iterator[tuple[keras.Variable, Callable]]:
    """Weights of a layer with their initializers, by Keras's convention: `kernel` has `kernel_initializer`."""
    for name in [name for name in vars(layer) if name.endswith(SUFFIX)]:
        weight = getattr(layer, name.removesuffix(SUFFIX), None)
        if isinstance(weight, keras.Variable):
            yield weight, getattr(layer, name)


def _new_array(initializer: Callable, weight: keras.Variable) -> np.ndarray:
    if isinstance(initializer, keras.initializers.Initializer):
        # Without a new seed it would draw the same array again.
        config = {name: value for name, value in initializer.get_config().items() if name != "seed"}
        initializer = type(initializer).from_config(config)
    return np.array(ops.convert_to_numpy(initializer(weight.shape, dtype=weight.dtype)))


def logit_norm(logits) -> object:
    """‖z‖_F / √n: the root of the mean over examples of ‖z(x)‖²; logits of shape [n, classes]."""
    return ops.sqrt(ops.mean(ops.sum(ops.square(logits), axis=-1)))
