"""TensorFlow's derivatives."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext

import tensorflow as tf

double_precision = nullcontext
compiled = functools.partial(tf.function, reduce_retracing=True)
ZERO = tf.UnconnectedGradients.ZERO


@contextmanager
def twice_differentiable() -> Iterator[None]:
    """Correct the second derivatives of batch norm and similar layers while a network is traced.

    `tf.nn.moments` treats the mean inside the variance as constant, which makes second derivatives wrong.
    """
    original, tf.nn.moments = tf.nn.moments, _moments
    try:
        yield
    finally:
        tf.nn.moments = original


def _moments(x, axes, shift=None, keepdims=False, name=None):
    mean = tf.reduce_mean(x, axes, keepdims=True)
    variance = tf.reduce_mean(tf.math.squared_difference(x, mean), axes, keepdims=keepdims)
    return (mean if keepdims else tf.squeeze(mean, axes)), variance


def jvp(function: Callable, point: list, direction: list) -> tuple:
    """The value of `function` at `point` and its derivative along `direction`, a list of tensors like `point`."""
    try:
        return _forward(function, point, direction)
    except TypeError:
        # Forward mode has no rule for loops, such as that of a recurrent layer that is not unrolled.
        return _twice_backward(function, point, direction)


def vjp(function: Callable, point: list, cotangent) -> list:
    """The gradient of ⟨cotangent, function⟩ at `point`, a list of tensors like `point`."""
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(point)
        value = function(point)
    return _gradient(tape, value, point, cotangent)


def _forward(function: Callable, point: list, direction: list) -> tuple:
    with tf.autodiff.ForwardAccumulator(point, direction) as accumulator:
        value = function(point)
    return value, accumulator.jvp(value, unconnected_gradients=ZERO)


def _twice_backward(function: Callable, point: list, direction: list) -> tuple:
    """The derivative along `direction`, which is that of the gradient, linear in the cotangent, by the cotangent."""
    with tf.GradientTape(watch_accessed_variables=False) as outer:
        with tf.GradientTape(watch_accessed_variables=False) as inner:
            inner.watch(point)
            value = function(point)
        parts = tf.nest.flatten(value)
        cotangent = [tf.zeros_like(part) for part in parts]
        outer.watch(cotangent)
        gradient = _gradient(inner, parts, point, cotangent)
    derivative = outer.gradient(gradient, cotangent, direction, unconnected_gradients=ZERO)
    return value, tf.nest.pack_sequence_as(value, derivative)


def _gradient(tape: tf.GradientTape, value, point: list, cotangent) -> list:
    gradient = tape.gradient(value, point, cotangent, unconnected_gradients=ZERO)
    # The gradient of an embedding is an IndexedSlices object.
    return [tf.convert_to_tensor(part) for part in gradient]
