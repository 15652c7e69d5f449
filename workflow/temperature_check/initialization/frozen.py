"""Weights of a network that training does not change, in addition to those that it trains."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import keras
import numpy as np


class FrozenWeights(keras.layers.Layer):
    """A second, untrainable set of weights for a built network. The layer is z(·, θ0), and the network is z(·, θ).

    It has moving averages of its own, which follow the batches as the network's would at θ0. A frozen copy of the
    network cannot replace it, because Keras puts frozen batch norm into inference mode.
    """

    def __init__(self, network: keras.Model, **kwargs):
        super().__init__(dtype=network.dtype_policy, **kwargs)
        # This is a bound method and not a layer, because this layer would own the weights of a layer.
        self._evaluate = network.stateless_call
        self.start = [self._copy(variable) for variable in network.trainable_variables]
        self.state = [self._copy(variable) for variable in network.non_trainable_variables]
        self.built = True

    def call(self, inputs, training=False):
        """z(·, θ0), shape [n, classes]."""
        logits, state = self.function(inputs, training)([variable.value for variable in self.start])
        self.keep(state)
        return logits

    def function(self, inputs, training: bool) -> Callable[[list], tuple]:
        """The function θ ↦ (z(inputs, θ), new moving averages) at this layer's moving averages."""
        state = [variable.value for variable in self.state]
        return lambda weights: self._evaluate(weights, state, inputs, training=training)

    def keep(self, state: list) -> None:
        """Store new moving averages that `function` returned."""
        for variable, value in zip(self.state, state):
            variable.assign(value)

    def _copy(self, variable: keras.Variable) -> keras.Variable:
        value = keras.ops.convert_to_numpy(variable.value)
        return self.add_weight(variable.shape, lambda *_, **__: value, variable.dtype, trainable=False)


class AroundNetwork(keras.Model):
    """A model whose only configuration is the built `network` inside it."""

    def get_config(self):
        """The network, as Keras serializes it."""
        return {**super().get_config(), "network": keras.saving.serialize_keras_object(self.network)}

    @classmethod
    def from_config(cls, config):
        """The model that `get_config` describes."""
        return cls(keras.saving.deserialize_keras_object(config.pop("network")), **config)


def frozen_arrays(network: keras.Model, weights: Sequence[np.ndarray]) -> list[np.ndarray]:
    """The weights of FrozenWeights(network) for the network's `weights`, both in the order of `get_weights`."""
    given = {id(variable): value for variable, value in zip(network.weights, weights, strict=True)}
    variables = (*network.trainable_variables, *network.non_trainable_variables)
    return [given.get(id(v), keras.ops.convert_to_numpy(v.value)) for v in variables]
