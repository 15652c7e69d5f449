"""The multi-layer perceptron."""

import keras
from keras import layers

from temperature_check.models.logits import logits_layer


def mlp(widths: tuple[int, ...], activation: str, input_shape: tuple[int, ...], classes: int) -> keras.Model:
    """Dense layers of `widths` units on the flattened input, then the logits. He initialization, zero biases."""
    inputs = keras.Input(input_shape)
    hidden = layers.Flatten()(inputs)
    for width in widths:
        hidden = layers.Dense(width, activation=activation, kernel_initializer="he_normal")(hidden)
    return keras.Model(inputs, logits_layer(classes)(hidden))
