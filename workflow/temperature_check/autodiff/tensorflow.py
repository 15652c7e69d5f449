"""TensorFlow's derivatives."""

from __future__ import annotations

import functools
from collections.abc import Callable

import tensorflow as tf

compiled = functools.partial(tf.function, reduce_retracing=True)


def jvp(function: Callable, point: list, direction: list) -> tuple:
    """The value of `function` at `point` and its derivative along `direction`, a list of tensors like `point`."""
    with tf.autodiff.ForwardAccumulator(point, direction) as accumulator:
        value = function(point)
    return value, accumulator.jvp(value, unconnected_gradients=tf.UnconnectedGradients.ZERO)


def vjp(function: Callable, point: list, cotangent) -> list:
    """The gradient of ⟨cotangent, function⟩ at `point`, a list of tensors like `point`."""
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(point)
        value = function(point)
    return tape.gradient(value, point, cotangent, unconnected_gradients=tf.UnconnectedGradients.ZERO)
