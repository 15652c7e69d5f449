"""Wide residual networks: Zagoruyko and Komodakis, arXiv:1605.07146."""

import keras
from keras import layers

from temperature_check.models.logits import logits_layer


def wide_resnet(depth: int, width: int, batch_norm: bool, input_shape: tuple[int, ...], classes: int) -> keras.Model:
    """WRN-depth-width: pre-activation basic blocks in three groups of (depth - 4)/6.

    Groups have 16, 32 and 64 times `width` channels; the second and third halve the image. He initialization. Where the
    shape changes, the shortcut is a 1×1 convolution of the block's activated input.

    Without batch norm, convolutions have biases, zero at the start, and the sum of a block's two branches is divided by
    √2: with He initialization each branch keeps the second moment of what it is given (less what zeros beyond the edge
    of the image take away), so that the sum would double it with every block, and logits grow as 2^(blocks/2).
    """
    inputs = keras.Input(input_shape)
    hidden = _convolution(16, 3, 1, batch_norm)(inputs)
    for group in range(3):
        for block in range((depth - 4) // 6):
            stride = 2 if group and not block else 1
            hidden = _block(hidden, 16 * width * 2**group, stride, batch_norm)
    pooled = layers.GlobalAveragePooling2D()(_activated(hidden, batch_norm))
    return keras.Model(inputs, logits_layer(classes)(pooled))


def _block(hidden, channels: int, stride: int, batch_norm: bool):
    activated = _activated(hidden, batch_norm)
    changes = stride > 1 or hidden.shape[-1] != channels
    shortcut = _convolution(channels, 1, stride, batch_norm)(activated) if changes else hidden
    residual = _convolution(channels, 3, stride, batch_norm)(activated)
    residual = _convolution(channels, 3, 1, batch_norm)(_activated(residual, batch_norm))
    total = layers.Add()([residual, shortcut])
    return total if batch_norm else layers.Rescaling(0.5**0.5)(total)


def _activated(hidden, batch_norm: bool):
    if batch_norm:
        hidden = layers.BatchNormalization(momentum=0.9, epsilon=1e-5)(hidden)
    return layers.ReLU()(hidden)


def _convolution(channels: int, size: int, stride: int, batch_norm: bool) -> layers.Conv2D:
    initialization = {"use_bias": not batch_norm, "kernel_initializer": "he_normal"}
    return layers.Conv2D(channels, size, stride, padding="same", **initialization)
