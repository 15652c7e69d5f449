"""The multi-layer perceptron."""

import keras
from keras import layers

from temperature_check.networks.logits import logits_layer


def build(widths: tuple[int, ...], activation: str, input_shape: tuple[int, ...], classes: int) -> keras.Model:
    """Dense layers of `widths` units with He initialization and zero biases on the flattened input, then the logits."""
    inputs = keras.Input(input_shape)
    hidden = layers.Flatten()(inputs)
    for width in widths:
        hidden = layers.Dense(width, activation=activation, kernel_initializer="he_normal")(hidden)
    return keras.Model(inputs, logits_layer(classes)(hidden))
