"""Derivatives of functions of tensors along directions, by the Keras backend in use: TensorFlow or JAX.

compiled: the backend's compiler, from a function of tensors to a function of tensors.
jvp: Jacobian-vector product, forward mode. vjp: vector-Jacobian product, reverse mode. Both nest.
double_precision: a context in which float64 can be had.
twice_differentiable: a context in which a network has to be traced for its second derivatives to be right.
"""

import keras

if keras.backend.backend() == "jax":
    from temperature_check.autodiff.jax import compiled, double_precision, jvp, twice_differentiable, vjp
else:
    from temperature_check.autodiff.tensorflow import compiled, double_precision, jvp, twice_differentiable, vjp

__all__ = ["compiled", "double_precision", "jvp", "twice_differentiable", "vjp"]
