"""Convolutional networks in fewer and larger kernels, for TensorFlow on a CPU.

The kernels of small convolutional networks take as long to start as to compute. Both copies of a correlated pair become
one network with twice the channels and grouped convolutions. The copies keep their variables, which the joined network
reads, so that the pair is trained as before.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence

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


def in_few_kernels(copies: Sequence[keras.Model], batch_size: int) -> Callable | None:
    """The training mode of one network, or of a pair of copies, as a function of inputs that reads their variables.

    None if it would be no faster, if a network has other layers than those of `networks.residual` or computes in
    another type than float32, or if there are no derivatives of grouped convolutions here, which TensorFlow has on
    processors for which it uses oneDNN.
    """
    normalized = any(isinstance(layer, keras.layers.BatchNormalization) for layer in copies[0].layers)
    if not (_is_residual(copies[0]) and has_grouped_convolutions()):
        return None
    if batch_size * _largest_output(copies[0]) <= LARGEST_JOINED:
        return joined(copies)
    return _difference([joined([network]) for network in copies]) if normalized else None


def joined(copies: Sequence[keras.Model]) -> keras.Model:
    """A network whose training mode is that of a residual network, or of a pair of copies, with their variables.

    Batch norm is one kernel, and convolutions of copies are one grouped convolution.
    """
    twins = {id(same[0]): same for same in zip(*(network.layers for network in copies), strict=True)}
    return keras.models.clone_model(copies[0], clone_function=lambda layer: _joined_layer(*twins[id(layer)]))


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


class Joined(keras.layers.Layer):
    """The same layer of all copies. Its inputs have the channels of the first copy, then those of the second."""

    def __init__(self, *copies: keras.layers.Layer):
        super().__init__()
        self.copies = copies
        self.built = True

    def all(self, name: str):
        """A weight of all copies, joined along its last axis."""
        return tf.concat([getattr(layer, name).value for layer in self.copies], axis=-1)


class JoinedConvolution(Joined):
    """A grouped convolution; without groups if all copies read the same channels."""

    def call(self, inputs):
        """Outputs of all copies."""
        layer, kernel = self.copies[0], self.all("kernel")
        images, strides = _images(inputs), layer.strides
        if len(inputs.shape) == 3:
            kernel, strides = kernel[None], (1, *strides)
        outputs = tf.nn.conv2d(images, kernel, strides, layer.padding.upper())
        if layer.use_bias:
            outputs = tf.nn.bias_add(outputs, self.all("bias"))
        return outputs[:, 0] if len(inputs.shape) == 3 else outputs


class JoinedBatchNorm(Joined):
    """Batch norm in training mode, in one kernel."""

    def call(self, inputs, mask=None):
        """Outputs of all copies, whose moving averages change."""
        images, layer = _images(inputs), self.copies[0]
        count = tf.cast(tf.size(inputs) // inputs.shape[-1], inputs.dtype)
        # The kernel's variance is divided by n - 1, and Keras's by n.
        ratio = count / (count - 1)
        outputs, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
            x=images,
            scale=self.all("gamma"),
            offset=self.all("beta"),
            mean=self.all("moving_mean"),
            variance=ratio * self.all("moving_variance"),
            epsilon=layer.epsilon,
            exponential_avg_factor=1 - layer.momentum,
            is_training=True,
        )
        self._keep("moving_mean", mean)
        self._keep("moving_variance", variance / ratio)
        return tf.reshape(outputs, tf.shape(inputs))

    def _keep(self, name: str, values) -> None:
        for layer, value in zip(self.copies, tf.split(values, len(self.copies))):
            getattr(layer, name).assign(value)


class JoinedLogits(Joined):
    """The last layer: logits of one network, or those of two copies subtracted and divided by √2, equation (4)."""

    def call(self, inputs):
        """Logits z, shape [n, classes]."""
        parts = tf.split(inputs, len(self.copies), axis=-1)
        return _pair_logits([layer(part) for layer, part in zip(self.copies, parts)])


def _pair_logits(logits: list):
    return logits[0] if len(logits) == 1 else (logits[0] - logits[1]) * 0.5**0.5


def _difference(networks: list[keras.Model]) -> Callable:
    return lambda inputs, training: _pair_logits([network(inputs, training=training) for network in networks])


def _largest_output(network: keras.Model) -> int:
    return max(math.prod(layer.output.shape[1:]) for layer in network.layers)


def _images(inputs):
    """Images, or sequences as images of one row."""
    return inputs if len(inputs.shape) == 4 else inputs[:, None]


def _joined_layer(*copies: keras.layers.Layer) -> keras.layers.Layer:
    if isinstance(copies[0], CHANNELWISE):
        return copies[0]
    if isinstance(copies[0], CONVOLUTIONS):
        return JoinedConvolution(*copies)
    return (JoinedLogits if isinstance(copies[0], keras.layers.Dense) else JoinedBatchNorm)(*copies)


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
