"""A recurrent network that reads images or sequences: gated recurrent units, Cho et al., arXiv:1406.1078."""

import math

import keras
from keras import layers

from temperature_check.networks.logits import logits_layer


def build(units: int, rows: int, input_shape: tuple[int, ...], classes: int) -> keras.Model:
    """One GRU layer over an image or a sequence, then the logits of its last state.

    Glorot and orthogonal initialization. input_shape: (rows, columns, channels) of images, or (length, channels) of
    sequences. Each step reads as many `rows` of the first axis. The steps are unrolled, because forward-mode
    differentiation and compilation need a graph without a loop.
    """
    inputs = keras.Input(input_shape)
    sequence = layers.Reshape((input_shape[0] // rows, rows * math.prod(input_shape[1:])))(inputs)
    state = layers.GRU(units, unroll=True)(sequence)
    return keras.Model(inputs, logits_layer(classes)(state))
