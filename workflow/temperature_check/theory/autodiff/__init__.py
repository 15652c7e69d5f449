"""Derivatives of functions of tensors along directions, by the Keras backend in use: TensorFlow or JAX.

compiled: the backend's compiler, from a function of tensors to a function of tensors.
jvp: Jacobian-vector product. vjp: vector-Jacobian product. Both can be nested.
double_precision: a context in which float64 can be used.
twice_differentiable: a context in which a network must be traced, so that its second derivatives are correct.
"""

import importlib

import keras

_module = importlib.import_module(f"temperature_check.theory.autodiff.{keras.backend.backend()}")

compiled = _module.compiled
double_precision = _module.double_precision
jvp = _module.jvp
twice_differentiable = _module.twice_differentiable
vjp = _module.vjp
