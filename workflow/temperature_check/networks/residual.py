"""Parts of residual networks, with or without batch norm.

Without batch norm, convolutions have biases, which start at zero, and the sum of a block's two branches is divided by
√2. With He initialization each branch keeps the second moment of its input, except for what zeros beyond the edge of
the image take away. An undivided sum would therefore double the second moment in every block, and logits would grow as
2^(blocks/2).
"""

from keras import layers


def convolved(hidden, channels: int, size: int, stride: int, batch_norm: bool, padding: str = "same"):
    """`hidden` after a convolution with He initialization, over the rows and columns of images or along sequences."""
    kind = layers.Conv1D if len(hidden.shape) == 3 else layers.Conv2D
    initialization = {"use_bias": not batch_norm, "kernel_initializer": "he_normal"}
    return kind(channels, size, stride, padding=padding, **initialization)(hidden)


def normalized(hidden, batch_norm: bool):
    """`hidden` after batch norm, with PyTorch's settings: momentum 0.9 of moving averages, ε = 1e-5."""
    return layers.BatchNormalization(momentum=0.9, epsilon=1e-5)(hidden) if batch_norm else hidden


def activated(hidden, batch_norm: bool):
    """`hidden` after batch norm and ReLU."""
    return layers.ReLU()(normalized(hidden, batch_norm))


def branch_sum(residual, shortcut, batch_norm: bool):
    """The sum of a block's two branches, divided by √2 without batch norm."""
    total = layers.Add()([residual, shortcut])
    return total if batch_norm else layers.Rescaling(0.5**0.5)(total)
