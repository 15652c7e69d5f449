"""A recurrent network that reads images row by row: gated recurrent units, Cho et al., arXiv:1406.1078."""

import keras
from keras import layers

from temperature_check.models.logits import logits_layer


def gru(units: int, input_shape: tuple[int, int, int], classes: int) -> keras.Model:
    """One GRU layer over the rows of an image, its last state to the logits. Glorot and orthogonal initialization.

    input_shape: (rows, columns, channels); a row's columns and channels are the input of one step. The steps are
    unrolled: forward-mode differentiation and compilation need a graph without a loop.
    """
    rows, columns, channels = input_shape
    inputs = keras.Input(input_shape)
    sequence = layers.Reshape((rows, columns * channels))(inputs)
    state = layers.GRU(units, unroll=True)(sequence)
    return keras.Model(inputs, logits_layer(classes)(state))
