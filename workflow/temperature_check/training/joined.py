"""Residual networks in fewer and larger kernels, for TensorFlow on a CPU.

The kernels of small convolutional networks take as long to start as to compute. Both copies of a correlated pair become
one network with twice the channels and grouped convolutions, whose weights are those of the copies side by side.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence

import keras
import tensorflow as tf

CHANNELWISE = (
    keras.layers.Add,
    keras.layers.GlobalAveragePooling1D,
    keras.layers.GlobalAveragePooling2D,
    keras.layers.ReLU,
    keras.layers.Rescaling,
)
"""Layers without weights that treat each channel alone, and so serve both copies."""
CONVOLUTIONS = (keras.layers.Conv1D, keras.layers.Conv2D)
LARGEST_JOINED = 2**17
"""Largest number of values of a batch in one layer at which copies are joined. Twice as many take 1 MiB. Grouped
convolutions of more are slower than separate ones: docs/benchmarks.md."""


class InFewKernels:
    """The training mode of a network, and where its weights are.

    network: what is trained instead. It has the same function and the same loss, up to rounding.
    """

    def __init__(self, network: keras.Model, groups: Sequence[Sequence[keras.Model]]):
        parts = [joined(copies) for copies in groups]
        self.network = parts[0] if len(parts) == 1 else type(network)(*parts)
        # Keras would call it built only after a call.
        self.network.built = True
        self._pairs = [pair for part, copies in zip(parts, groups) for pair in _weights_of(part, copies)]

    def load(self) -> None:
        """Give the trained network the weights of the copies."""
        for weight, parts in self._pairs:
            weight.assign(tf.concat([part.value for part in parts], axis=-1))

    def store(self) -> None:
        """Give the copies the weights of the trained network."""
        for weight, parts in self._pairs:
            for part, value in zip(parts, tf.split(weight.value, len(parts), axis=-1)):
                part.assign(value)


def in_few_kernels(network: keras.Model, batch_size: int) -> InFewKernels | None:
    """A residual network, or a pair of copies of one, in few kernels.

    None if it would be no faster, if the network has other layers than those of `networks.residual` or computes in
    another type than float32, or if there are no derivatives of grouped convolutions here, which TensorFlow has on
    processors for which it uses oneDNN.
    """
    copies = getattr(network, "copies", (network,))
    if not (_is_residual(copies[0]) and has_grouped_convolutions()):
        return None
    if batch_size * _largest_output(copies[0]) <= LARGEST_JOINED:
        return InFewKernels(network, [copies])
    normalized = any(isinstance(layer, keras.layers.BatchNormalization) for layer in copies[0].layers)
    return InFewKernels(network, [(copy,) for copy in copies]) if normalized else None


def joined(copies: Sequence[keras.Model]) -> keras.Model:
    """A new network that is one residual network, or a pair of copies as in equation (4), in training mode."""
    twins = {id(same[0]): same for same in zip(*(network.layers for network in copies), strict=True)}
    return keras.models.clone_model(copies[0], clone_function=lambda layer: _joined_layer(copies, *twins[id(layer)]))


@functools.cache
def has_grouped_convolutions() -> bool:
    """Whether grouped convolutions can be differentiated here."""
    try:
        with tf.GradientTape() as tape:
            images, kernel = tf.ones((1, 2, 2, 4)), tf.ones((1, 1, 2, 4))
            tape.watch([images, kernel])
            outputs = tf.nn.conv2d(images, kernel, 1, "SAME")
        tape.gradient(outputs, [images, kernel])
    except tf.errors.OpError:
        return False
    return True


class Convolution1D(keras.layers.Conv1D):
    """Keras's layer by TensorFlow's kernel for groups, where Keras would use XLA."""

    def call(self, inputs):
        """Outputs, shape [n, length, filters]."""
        return _convolved(self, inputs[:, None], self.kernel[None], (1, *self.strides))[:, 0]


class Convolution2D(keras.layers.Conv2D):
    """Keras's layer by TensorFlow's kernel for groups, where Keras would use XLA."""

    def call(self, inputs):
        """Outputs, shape [n, rows, columns, filters]."""
        return _convolved(self, inputs, self.kernel, self.strides)


class BatchNorm(keras.layers.BatchNormalization):
    """Keras's layer in training mode, in one kernel. Its second derivatives are not used."""

    def call(self, inputs, training=None, mask=None):
        """Normalized inputs. The moving averages change."""
        count = tf.cast(tf.size(inputs) // inputs.shape[-1], inputs.dtype)
        # The kernel's variance is divided by n - 1, and Keras's by n.
        ratio = count / (count - 1)
        outputs, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
            x=inputs if len(inputs.shape) == 4 else inputs[:, None],
            scale=self.gamma,
            offset=self.beta,
            mean=self.moving_mean,
            variance=ratio * self.moving_variance,
            epsilon=self.epsilon,
            exponential_avg_factor=1 - self.momentum,
            is_training=True,
        )
        self.moving_mean.assign(mean)
        self.moving_variance.assign(variance / ratio)
        return tf.reshape(outputs, tf.shape(inputs))


class Logits(keras.layers.Layer):
    """The last layers of all copies, and the difference of their outputs divided by √2 if there are two."""

    def __init__(self, *copies: keras.layers.Dense):
        super().__init__()
        self.copies = copies
        self.built = True

    def call(self, inputs):
        """Logits z, shape [n, classes]."""
        parts = tf.split(inputs, len(self.copies), axis=-1)
        logits = [layer(part) for layer, part in zip(self.copies, parts)]
        return logits[0] if len(logits) == 1 else (logits[0] - logits[1]) * 0.5**0.5


def _convolved(layer: keras.layers.Conv1D | keras.layers.Conv2D, images, kernel, strides: tuple[int, int]):
    outputs = tf.nn.conv2d(images, kernel, strides, layer.padding.upper())
    return tf.nn.bias_add(outputs, layer.bias) if layer.use_bias else outputs


def _joined_layer(copies: Sequence[keras.Model], *twins: keras.layers.Layer) -> keras.layers.Layer:
    layer, config = twins[0], twins[0].get_config()
    if isinstance(layer, keras.layers.Dense):
        return Logits(*twins)
    if isinstance(layer, keras.layers.BatchNormalization):
        return BatchNorm.from_config(config)
    if not isinstance(layer, CONVOLUTIONS):
        return type(layer).from_config(config)
    shared = layer.input is copies[0].inputs[0]
    kind = Convolution1D if isinstance(layer, keras.layers.Conv1D) else Convolution2D
    channels = {"filters": len(twins) * layer.filters, "groups": 1 if shared else len(twins)}
    return kind.from_config({**config, **channels, "kernel_initializer": "zeros"})


def _weights_of(network: keras.Model, copies: Sequence[keras.Model]) -> list[tuple[keras.Variable, list]]:
    """The weights of a joined network that the copies have in parts, along the last axis."""
    found = []
    for same in zip(*(copy.layers for copy in copies), strict=True):
        if same[0].weights and not isinstance(same[0], keras.layers.Dense):
            own = network.get_layer(same[0].name).weights
            found += [(weight, parts) for weight, *parts in zip(own, *(layer.weights for layer in same), strict=True)]
    return found


def _largest_output(network: keras.Model) -> int:
    return max(math.prod(layer.output.shape[1:]) for layer in network.layers)


def _is_residual(network: keras.Model) -> bool:
    """Whether all layers are known, only convolutions read the input, which copies share, and Dense is the last."""
    layers = [layer for layer in network.layers if not isinstance(layer, keras.layers.InputLayer)]
    if not all(map(_is_known, layers)):
        return False
    first = [layer for layer in layers if layer.input is network.inputs[0]]
    dense = [layer for layer in layers if isinstance(layer, keras.layers.Dense)]
    return all(isinstance(layer, CONVOLUTIONS) for layer in first) and dense == layers[-1:]


def _is_known(layer: keras.layers.Layer) -> bool:
    if layer.compute_dtype != "float32":
        return False
    if isinstance(layer, CONVOLUTIONS):
        plain = layer.activation is keras.activations.linear and layer.groups == 1 and set(layer.dilation_rate) == {1}
        return plain and layer.padding in ("same", "valid")
    if isinstance(layer, keras.layers.BatchNormalization):
        return layer.trainable and layer.center and layer.scale and not layer.renorm
    return isinstance(layer, (*CHANNELWISE, keras.layers.Dense))
