"""Parts of residual networks, with batch norm or with variances that are set at initialization alone.

Without batch norm, convolutions have biases, zero at the start, and the sum of a block's two branches is divided by √2:
with He initialization each branch keeps the second moment of what it is given (less what zeros beyond the edge of the
image take away), so that the sum would double it with every block, and logits grow as 2^(blocks/2).
"""

from keras import layers


def convolution(channels: int, size: int, stride: int, batch_norm: bool, padding: str = "same") -> layers.Conv2D:
    """A convolution with He initialization."""
    initialization = {"use_bias": not batch_norm, "kernel_initializer": "he_normal"}
    return layers.Conv2D(channels, size, stride, padding=padding, **initialization)


def normalized(hidden, batch_norm: bool):
    """`hidden` after batch norm, with PyTorch's settings: moving averages keep 0.9 of themselves a step, ε = 1e-5."""
    return layers.BatchNormalization(momentum=0.9, epsilon=1e-5)(hidden) if batch_norm else hidden


def activated(hidden, batch_norm: bool):
    """`hidden` after batch norm and ReLU."""
    return layers.ReLU()(normalized(hidden, batch_norm))


def branch_sum(residual, shortcut, batch_norm: bool):
    """The sum of a block's two branches, over √2 without batch norm."""
    total = layers.Add()([residual, shortcut])
    return total if batch_norm else layers.Rescaling(0.5**0.5)(total)
