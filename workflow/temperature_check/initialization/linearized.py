"""The linearized network, which shows what training would do if the kernel did not change."""

from __future__ import annotations

from collections.abc import Sequence

import keras
import numpy as np

from temperature_check.initialization.frozen import AroundNetwork, FrozenWeights, frozen_arrays
from temperature_check.theory.autodiff import jvp


@keras.saving.register_keras_serializable(package="temperature_check")
class Linearized(AroundNetwork):
    """A built network to first order in its weights, around its current weights θ0:

        z_lin(x, θ) = z(x, θ0) + ∂z/∂θ (x, θ0) · (θ - θ0)                  docs/theory.md, equation (14)

    θ are the network's own variables, which any optimizer can train with any loss. θ0 is stored separately. Batch norm
    has the statistics of the batch or the moving averages that belong to θ0.
    """

    def __init__(self, network: keras.Model, **kwargs):
        super().__init__(**kwargs)
        self.network = network
        self.start = FrozenWeights(network)
        self.built = True

    def call(self, inputs, training=False):
        """Logits z_lin, shape [n, classes]."""
        start = [variable.value for variable in self.start.start]
        change = [now.value - then for now, then in zip(self.network.trainable_variables, start)]
        (logits, state), (logits_change, _) = jvp(self.start.function(inputs, training), start, change)
        self.start.keep(state)
        return logits + logits_change

    def start_weights(self, weights: Sequence[np.ndarray]) -> list[np.ndarray]:
        """This model's weights at the start θ = θ0, for the network's `weights`; in the order of `get_weights`."""
        return [*weights, *frozen_arrays(self.network, weights)]


class Initialization:
    """Another initialization's network, linearized around the weights that it starts from."""

    def __init__(self, initialization):
        self._initialization = initialization
        self.network = Linearized(initialization.network)

    def use(self, probe: np.ndarray) -> None:
        """Set ‖Z0‖ on other examples."""
        self._initialization.use(probe)

    def weights(self, beta: float, z0: float | None, seed: int) -> list[np.ndarray] | None:
        """The weights of the other initialization, as start of the linearized network; None if it has none."""
        weights = self._initialization.weights(beta, z0, seed)
        return None if weights is None else self.network.start_weights(weights)

    def largest_norm(self, beta: float, seed: int) -> float:
        """The largest ‖Z0‖ of the other initialization."""
        return self._initialization.largest_norm(beta, seed)
