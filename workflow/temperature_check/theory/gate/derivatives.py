"""Finds the layer of a network that the backend cannot differentiate, by each recorded call in isolation."""

from __future__ import annotations

import inspect

import keras
from keras import ops, tree

from temperature_check.theory.autodiff import compiled, jvp, twice_differentiable, vjp
from temperature_check.theory.gate.calls import Call
from temperature_check.theory.gate.faults import reason

ON_JAX = ("UpSampling2D", "Resizing", "SpectralNormalization")
"""Keras's layers that lack derivatives in TensorFlow only. A test checks each on JAX."""


def fault(calls: list[Call], second: bool, error: BaseException) -> str:
    """What lacks first or second derivatives, and which backend has them. error: what failed in the whole network."""
    order = "second" if second else "forward"
    backend = {"tensorflow": "TensorFlow", "jax": "JAX"}[keras.backend.backend()]
    call = next((call for call in calls if not _differentiable(call, second)), None)
    if call is None:
        return f"{backend} cannot compute {order} derivatives of the model ({reason(error)})"
    return f"{backend} cannot compute {order} derivatives of {call.name}; {_advice(call.operation, backend)}"


def _advice(operation: keras.Operation, backend: str) -> str:
    if backend == "JAX":
        return "write it in keras.ops that have them"
    if _is_kerass(operation) and type(operation).__name__ in ON_JAX:
        return "JAX has them: set KERAS_BACKEND=jax"
    if _is_kerass(operation):
        return "try KERAS_BACKEND=jax"
    return "write it in keras.ops and try KERAS_BACKEND=jax"


def _is_kerass(operation: keras.Operation) -> bool:
    code = operation.function if isinstance(operation, keras.layers.Lambda) else type(operation)
    module = inspect.getmodule(code)
    return module is not None and module.__name__.partition(".")[0] == "keras"


def _differentiable(call: Call, second: bool) -> bool:
    """Whether one call can be differentiated like a network with its weights and inputs as variables."""
    try:
        function, point = _function(call)
        cotangent = ops.ones_like(function(point))
        product = _twice if second else _once
        compiled(lambda at: product(function, at, cotangent))(point)
    except Exception:
        return False
    return True


def _once(function, point: list, cotangent):
    return jvp(function, point, vjp(function, point, cotangent))[1]


def _twice(function, point: list, cotangent):
    gradient, velocity = jvp(lambda at: vjp(function, at, cotangent), point, point)

    def product(both: list):
        return jvp(function, both[: len(point)], both[len(point) :])[1]

    return jvp(product, [*point, *gradient], [*point, *velocity])[1]


def _function(call: Call):
    """The call as a function of its variables: trainable weights, then inputs of a float type."""
    operation, leaves = call.operation, tree.flatten((call.arguments, call.options))
    weights = operation.trainable_variables if isinstance(operation, keras.Layer) else []
    places = [i for i, leaf in enumerate(leaves) if ops.is_tensor(leaf) and keras.backend.is_float_dtype(leaf.dtype)]

    def function(point: list):
        values = list(leaves)
        for place, value in zip(places, point[len(weights) :]):
            values[place] = value
        arguments, options = tree.pack_sequence_as((call.arguments, call.options), values)
        with twice_differentiable():
            outputs = _outputs(operation, point[: len(weights)], arguments, options)
        parts = [part for part in tree.flatten(outputs) if keras.backend.is_float_dtype(part.dtype)]
        return ops.concatenate([ops.reshape(part, (-1,)) for part in parts])

    return function, [*(ops.convert_to_tensor(v.value) for v in weights), *(leaves[place] for place in places)]


def _outputs(operation: keras.Operation, weights: list, arguments: tuple, options: dict):
    if not isinstance(operation, keras.Layer):
        return operation.call(*arguments, **options)
    others = [ops.convert_to_tensor(variable.value) for variable in operation.non_trainable_variables]
    return operation.stateless_call(weights, others, *arguments, **options)[0]
