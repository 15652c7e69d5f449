"""ResNet-50: He, Zhang, Ren and Sun, arXiv:1512.03385, in its version 1.5."""

import functools

import keras
from keras import layers, ops

from temperature_check.networks.logits import logits_layer
from temperature_check.networks.residual import activated, branch_sum, convolved, normalized

GROUPS = ((64, 3), (128, 4), (256, 6), (512, 3))


def build(batch_norm: bool, input_shape: tuple[int, ...], classes: int) -> keras.Model:
    """A 7×7 convolution and max pooling, then bottleneck blocks in four groups of 3, 4, 6 and 3.

    The 7×7 convolution, the pooling and each of the last three groups halve the image. A group does so in the 3×3
    convolution of its first block (version 1.5), and not in the 1×1 convolution before it as in the paper. Padding is
    equal on all sides, so that the network is the same function of its weights as torchvision's. He initialization.

    Without batch norm, a block whose shortcut is the identity multiplies the second moment by up to 1.2, because of the
    ReLU after the sum. All 12 of these blocks together multiply it by about 8.
    """
    inputs = keras.Input(input_shape)
    hidden = activated(_convolution(inputs, 64, 7, 2, batch_norm), batch_norm)
    # Zeros around the image change no maximum after a ReLU.
    hidden = MaximumOfNine()(layers.ZeroPadding2D(1)(hidden))
    for channels, blocks in GROUPS:
        for block in range(blocks):
            stride = 2 if channels > 64 and not block else 1
            hidden = _bottleneck(hidden, channels, stride, batch_norm)
    pooled = layers.GlobalAveragePooling2D()(hidden)
    return keras.Model(inputs, logits_layer(classes)(pooled))


@keras.saving.register_keras_serializable(package="temperature_check")
class MaximumOfNine(layers.Layer):
    """Max pooling of 3×3 with stride 2, as the maximum of nine shifted images.

    Its gradient gives the same bits every time on a GPU. The compiled gradient of Keras's layer does not.
    """

    def call(self, images):
        """Maxima, with half as many rows and columns."""
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
    return convolved(padded, channels, size, stride, batch_norm, padding="valid")
