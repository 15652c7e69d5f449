"""A network whose initial logits are a given function of x, whatever β: equal Z0 as vectors, and one kernel."""

from __future__ import annotations

from collections.abc import Sequence

import keras
import numpy as np

from temperature_check.models.frozen import FrozenWeights, frozen_arrays


@keras.saving.register_keras_serializable(package="temperature_check")
class Shifted(keras.Model):
    """A built network with its initial logits replaced:

        z'(x, θ) = z(x, θ) - z(x, θ0) + Z0(x)/β,    Z0(x) = s z(x, θ')         docs/theory.md, equation (15)

    with θ trained, and θ0, other weights θ' and the scale s/β fixed. As s/β is a weight, one compiled program serves
    every β. With batch norm in training mode Z0 is a function of the batch.
    """

    def __init__(self, network: keras.Model, **kwargs):
        super().__init__(**kwargs)
        self.scale = self.add_weight((), "zeros", trainable=False, name="scale")
        self.network = network
        self.start = FrozenWeights(network)
        self.initial = FrozenWeights(network)
        self.built = True

    def call(self, inputs, training=False):
        """Logits z', shape [n, classes]."""
        change = self.network(inputs, training=training) - self.start(inputs, training=training)
        return change + self.scale * self.initial(inputs, training=training)

    def start_weights(
        self, weights: Sequence[np.ndarray], initial: Sequence[np.ndarray], scale: float
    ) -> list[np.ndarray]:
        """This model's weights at θ = θ0, for the network's `weights`, θ' and s/β; in the order of `get_weights`."""
        frozen = (frozen_arrays(self.network, values) for values in (weights, initial))
        return [np.array(scale, self.scale.dtype), *weights, *(array for arrays in frozen for array in arrays)]

    def get_config(self):
        """The network, as Keras serializes it."""
        return {**super().get_config(), "network": keras.saving.serialize_keras_object(self.network)}

    @classmethod
    def from_config(cls, config):
        """The model that `get_config` describes."""
        return cls(keras.saving.deserialize_keras_object(config.pop("network")), **config)
