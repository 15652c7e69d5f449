"""Wide residual networks: Zagoruyko and Komodakis, arXiv:1605.07146."""

import keras
from keras import layers


def wide_resnet(depth: int, width: int, input_shape: tuple[int, ...], classes: int) -> keras.Model:
    """WRN-depth-width with batch norm: pre-activation basic blocks in three groups of (depth - 4)/6.

    Groups have 16, 32 and 64 times `width` channels; the second and third halve the image. He initialization. Where the
    shape changes, the shortcut is a 1×1 convolution of the block's pre-activated input.
    """
    inputs = keras.Input(input_shape)
    hidden = _convolution(16, 3, 1)(inputs)
    for group in range(3):
        for block in range((depth - 4) // 6):
            hidden = _block(hidden, 16 * width * 2**group, stride=2 if group and not block else 1)
    pooled = layers.GlobalAveragePooling2D()(_activated(hidden))
    return keras.Model(inputs, layers.Dense(classes, kernel_initializer="lecun_normal", name="logits")(pooled))


def _block(hidden, channels: int, stride: int):
    activated = _activated(hidden)
    changes = stride > 1 or hidden.shape[-1] != channels
    shortcut = _convolution(channels, 1, stride)(activated) if changes else hidden
    residual = _convolution(channels, 3, stride)(activated)
    residual = _convolution(channels, 3, 1)(_activated(residual))
    return layers.Add()([residual, shortcut])


def _activated(hidden):
    return layers.ReLU()(layers.BatchNormalization(momentum=0.9, epsilon=1e-5)(hidden))


def _convolution(channels: int, size: int, stride: int) -> layers.Conv2D:
    return layers.Conv2D(channels, size, stride, padding="same", use_bias=False, kernel_initializer="he_normal")
