"""Wide residual networks: Zagoruyko and Komodakis, arXiv:1605.07146."""

import keras
from keras import layers

from temperature_check.networks.logits import logits_layer
from temperature_check.networks.residual import activated, branch_sum, convolved


def build(depth: int, width: int, batch_norm: bool, input_shape: tuple[int, ...], classes: int) -> keras.Model:
    """WRN-depth-width: three groups of (depth - 4)/6 pre-activation basic blocks.

    Groups have 16, 32 and 64 times `width` channels. The second and third group halve the image. If a block changes the
    shape, its shortcut is a 1×1 convolution of its activated input. He initialization.

    input_shape: (rows, columns, channels) of images, or (length, channels) of sequences, along which it convolves.
    """
    inputs = keras.Input(input_shape)
    hidden = convolved(inputs, 16, 3, 1, batch_norm)
    for group in range(3):
        for block in range((depth - 4) // 6):
            stride = 2 if group and not block else 1
            hidden = _block(hidden, 16 * width * 2**group, stride, batch_norm)
    pool = layers.GlobalAveragePooling1D if len(input_shape) == 2 else layers.GlobalAveragePooling2D
    pooled = pool()(activated(hidden, batch_norm))
    return keras.Model(inputs, logits_layer(classes)(pooled))


def _block(hidden, channels: int, stride: int, batch_norm: bool):
    before = activated(hidden, batch_norm)
    changes = stride > 1 or hidden.shape[-1] != channels
    shortcut = convolved(before, channels, 1, stride, batch_norm) if changes else hidden
    residual = convolved(before, channels, 3, stride, batch_norm)
    residual = convolved(activated(residual, batch_norm), channels, 3, 1, batch_norm)
    return branch_sum(residual, shortcut, batch_norm)
