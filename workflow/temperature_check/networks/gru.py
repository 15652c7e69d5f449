"""A recurrent network that reads images row by row: gated recurrent units, Cho et al., arXiv:1406.1078."""

import keras
from keras import layers

from temperature_check.networks.logits import logits_layer


def build(units: int, input_shape: tuple[int, int, int], classes: int) -> keras.Model:
    """One GRU layer over the rows of an image, then the logits of its last state. Glorot and orthogonal initialization.

    input_shape: (rows, columns, channels). Each step reads one row. The steps are unrolled, because forward-mode
    differentiation and compilation need a graph without a loop.
    """
    rows, columns, channels = input_shape
    inputs = keras.Input(input_shape)
    sequence = layers.Reshape((rows, columns * channels))(inputs)
    state = layers.GRU(units, unroll=True)(sequence)
    return keras.Model(inputs, logits_layer(classes)(state))
