"""Derivatives of functions of tensors along directions, by the Keras backend in use: TensorFlow or JAX.

compiled: the backend's compiler, from a function of tensors to a function of tensors.
jvp: Jacobian-vector product, forward mode. vjp: vector-Jacobian product, reverse mode. Both nest.
"""

import keras

if keras.backend.backend() == "jax":
    from temperature_check.autodiff.jax import compiled, jvp, vjp
else:
    from temperature_check.autodiff.tensorflow import compiled, jvp, vjp

__all__ = ["compiled", "jvp", "vjp"]
