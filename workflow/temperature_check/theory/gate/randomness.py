"""Finds the layers of a network that draw random numbers, whether or not they have a seed."""

from __future__ import annotations

import keras
import numpy as np
from keras import ops, tree

from temperature_check.theory.gate.calls import Call, kept_state, recorded

REPEATS, MORE_REPEATS = 8, 32
"""Number of times that a call is repeated, and that of a layer whose seed advances. Few repeats may be equal by chance:
a random flip of two images looks the same in one of four."""


def random_layers(network: keras.Model, inputs: np.ndarray, training: bool) -> list[str]:
    """The innermost layers whose outputs differ between calls with equal weights."""
    _, calls = recorded(network, inputs, training)
    with kept_state(network):
        before = _seeds(calls)
        network(inputs, training=training)
        # A recurrent layer draws masks in inference mode too, and does not use them. So an advance proves nothing.
        suspects = [call for call in calls if any(before[key] != seed for key, seed in _seeds([call]).items())]
        if not _varies(network, Call(network, (inputs,), {"training": training}), REPEATS):
            return _names([call for call in suspects if _varies(network, call, MORE_REPEATS)])
        return _names(_innermost(network, calls))


def _innermost(network: keras.Model, calls: list[Call]) -> list[Call]:
    random, found = set(), []
    for call in calls:
        inside = any(id(inner) in random for inner in call.inner)
        if inside or _varies(network, call, REPEATS):
            random.add(id(call))
            found += [call] * (not inside)
    return found


def _names(calls: list[Call]) -> list[str]:
    return list(dict.fromkeys(call.operation.name for call in calls))


def _varies(network: keras.Model, call: Call, repeats: int) -> bool:
    """Whether repeated calls from equal variables give other outputs. Seeds are not variables here: they advance."""
    seeds = {id(generator.state) for layer in network._flatten_layers() for generator in layer._seed_generators}
    state = [(v, ops.convert_to_numpy(v.value)) for v in network.variables if id(v) not in seeds]

    def outputs() -> list[np.ndarray]:
        for variable, value in state:
            variable.assign(value)
        found = call.operation(*call.arguments, **call.options)
        return [ops.convert_to_numpy(part) for part in tree.flatten(found) if ops.is_tensor(part)]

    first = outputs()
    return any(not all(map(_equal, first, outputs())) for _ in range(repeats - 1))


def _equal(first: np.ndarray, second: np.ndarray) -> bool:
    """Equal up to the rounding of sums in another order."""
    if first.dtype.kind in "biu" or first.shape != second.shape:
        return np.array_equal(first, second)
    rounding = {"float64": 1e-10, "float32": 1e-4}.get(str(first.dtype), 1e-1)
    first, second = first.astype(np.float64), second.astype(np.float64)
    scale = np.abs(first[np.isfinite(first)]).max(initial=0)
    return np.allclose(first, second, rtol=0, atol=rounding * scale, equal_nan=True)


def _seeds(calls: list[Call]) -> dict[int, bytes]:
    """By seed of a layer, its state."""
    layers = [call.operation for call in calls if isinstance(call.operation, keras.Layer)]
    states = [generator.state for layer in layers for generator in layer._seed_generators]
    return {id(state): ops.convert_to_numpy(state.value).tobytes() for state in states}
