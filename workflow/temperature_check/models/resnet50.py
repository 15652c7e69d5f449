"""ResNet-50: He, Zhang, Ren and Sun, arXiv:1512.03385, in its version 1.5."""

import functools

import keras
from keras import layers, ops

from temperature_check.models.logits import logits_layer
from temperature_check.models.residual import activated, branch_sum, convolution, normalized

GROUPS = ((64, 3), (128, 4), (256, 6), (512, 3))


def resnet50(batch_norm: bool, input_shape: tuple[int, ...], classes: int) -> keras.Model:
    """A 7×7 convolution and max pooling, then bottleneck blocks in four groups of 3, 4, 6 and 3.

    Each of convolution, pooling and the last three groups halves the image, by the 3×3 convolution of a group's first
    block (version 1.5; the paper's is by the 1×1 convolution before it). Padding is equal on all sides, as in
    torchvision, whose function of the same weights this is. He initialization.

    Without batch norm, the ReLU after the sum lets a block whose shortcut is the identity multiply the second moment by
    up to 1.2: all 12 of them together by about 8.
    """
    inputs = keras.Input(input_shape)
    hidden = activated(_convolution(inputs, 64, 7, 2, batch_norm), batch_norm)
    # Zeros about the image change no maximum after a ReLU.
    hidden = MaximumOfNine()(layers.ZeroPadding2D(1)(hidden))
    for channels, blocks in GROUPS:
        for block in range(blocks):
            stride = 2 if channels > 64 and not block else 1
            hidden = _bottleneck(hidden, channels, stride, batch_norm)
    pooled = layers.GlobalAveragePooling2D()(hidden)
    return keras.Model(inputs, logits_layer(classes)(pooled))


@keras.saving.register_keras_serializable(package="temperature_check")
class MaximumOfNine(layers.Layer):
    """Max pooling of 3×3 with stride 2, as the maximum of nine images.

    Its gradient gives the same bits each time on a GPU, which that of Keras's layer does not when it is compiled.
    """

    def call(self, images):
        """Maxima, half as many rows and columns."""
        rows, columns = ((size - 3) // 2 * 2 + 1 for size in images.shape[1:3])
        parts = [images[:, i : i + rows : 2, j : j + columns : 2] for i in range(3) for j in range(3)]
        return functools.reduce(ops.maximum, parts)


def _bottleneck(hidden, channels: int, stride: int, batch_norm: bool):
    residual = activated(_convolution(hidden, channels, 1, 1, batch_norm), batch_norm)
    residual = activated(_convolution(residual, channels, 3, stride, batch_norm), batch_norm)
    residual = normalized(_convolution(residual, 4 * channels, 1, 1, batch_norm), batch_norm)
    shortcut = hidden
    if hidden.shape[-1] != 4 * channels:
        shortcut = normalized(_convolution(hidden, 4 * channels, 1, stride, batch_norm), batch_norm)
    return layers.ReLU()(branch_sum(residual, shortcut, batch_norm))


def _convolution(hidden, channels: int, size: int, stride: int, batch_norm: bool):
    padded = layers.ZeroPadding2D(size // 2)(hidden) if size > 1 else hidden
    return convolution(channels, size, stride, batch_norm, padding="valid")(padded)
