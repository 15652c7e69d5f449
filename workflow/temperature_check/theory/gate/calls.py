"""What each operation of a network really receives and gives, recorded in one eager call."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import keras
import numpy as np
from keras import ops, tree

from temperature_check.theory.gate.faults import DataFault


@dataclass(eq=False)
class Call:
    """One call of a layer or another operation, with all arguments as Keras resolved them."""

    operation: keras.Operation
    arguments: tuple
    options: dict
    inner: list[Call] = field(default_factory=list)
    """The calls that were made during this one."""

    @property
    def name(self) -> str:
        """The operation's name and kind."""
        return f"layer {self.operation.name} ({type(self.operation).__name__})"


class Called(keras.Model):
    """A model that calls another one by Keras's rules, so that layers inside get the mode from the context.

    The inner model's own `call` need not take `training`. All variables are those of the inner model.
    """

    def __init__(self, inner: keras.Model):
        super().__init__(name=f"{inner.name}_called", dtype=inner.dtype_policy, autocast=False)
        self.inner = inner
        self.built = True

    def call(self, inputs, training=None):
        """The outputs of the inner model."""
        return self.inner(inputs, training=training)


def recorded(network: keras.Model, inputs: np.ndarray, training: bool) -> tuple[object, list[Call]]:
    """The outputs of an eager call and the calls inside it, of which inner ones come first. State is restored.

    Raises DataFault for a token that an embedding does not have.
    """
    calls, faults = [], []
    with _recorder(calls, faults), kept_state(network):
        try:
            outputs = network(inputs, training=training)
        except Exception:
            if not faults:
                raise
    if faults:
        raise faults[0]
    return outputs, calls


@contextmanager
def kept_state(network: keras.Model) -> Iterator[None]:
    """Restore all variables at the end: weights, moving averages and seeds."""
    before = [(variable, ops.convert_to_numpy(variable.value)) for variable in network.variables]
    try:
        yield
    finally:
        for variable, value in before:
            variable.assign(value)


@contextmanager
def _recorder(calls: list[Call], faults: list[DataFault]) -> Iterator[None]:
    original, open_calls = keras.Operation.__call__, []

    def record(operation, *arguments, **options):
        inside = open_calls and isinstance(open_calls[-1].operation, keras.layers.RNN)
        if inside or not _is_concrete((arguments, options)):
            return original(operation, *arguments, **options)
        faults.extend(_unknown_tokens(operation, arguments))
        open_calls.append(call := Call(operation, arguments, options))
        try:
            outputs = original(operation, *arguments, **options)
        finally:
            open_calls.pop()
        calls.append(call)
        if open_calls:
            open_calls[-1].inner.append(call)
        return outputs

    keras.Operation.__call__ = record
    try:
        yield
    finally:
        keras.Operation.__call__ = original


def _is_concrete(arguments) -> bool:
    """Whether all tensors have values. Those inside a loop or a compiled function have none."""
    try:
        for value in tree.flatten(arguments):
            if ops.is_tensor(value):
                ops.convert_to_numpy(value)
    except Exception:
        return False
    return not any(isinstance(value, keras.KerasTensor) for value in tree.flatten(arguments))


def _unknown_tokens(operation: keras.Operation, arguments: tuple) -> list[DataFault]:
    if not isinstance(operation, keras.layers.Embedding) or not arguments:
        return []
    tokens, size = ops.convert_to_numpy(arguments[0]), operation.input_dim
    wrong = tokens[(tokens < 0) | (tokens >= size)]
    known = f"layer {operation.name} has a vocabulary of {size}, tokens 0 to {size - 1}"
    return [DataFault(f"token {wrong.flat[0]:.0f} in x; {known}")] if wrong.size else []
