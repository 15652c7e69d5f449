"""A network whose initial scaled logits Z0 and initial kernel are the same at every β."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache

import keras
import numpy as np
from keras import ops

from temperature_check.base.seeds import sequence
from temperature_check.initialization.draw import SEEDS_KEPT, draw_weights, logit_norm
from temperature_check.initialization.frozen import AroundNetwork, FrozenWeights, frozen_arrays


@keras.saving.register_keras_serializable(package="temperature_check")
class Shifted(AroundNetwork):
    """A built network with its initial logits replaced:

        z'(x, θ) = z(x, θ) - z(x, θ0) + Z0(x)/β,    Z0(x) = s z(x, θ')         docs/theory.md, equation (15)

    θ is trained. θ0, other weights θ' and the scale s/β are fixed. The scale is a weight, so that one compiled program
    serves every β. With batch norm in training mode Z0 is a function of the batch.
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


class Initialization:
    """A network whose initial logits are replaced by logits of norm z0. Z0 and the kernel are the same at every β.

    Z0 is the function of a second, independent draw of the network's weights, scaled to norm z0 on the probe with batch
    norm in training mode.
    """

    def __init__(self, build: Callable[[], keras.Model], probe: np.ndarray):
        self.network = Shifted(build())
        self.use(probe)

    def use(self, probe: np.ndarray) -> None:
        """Set ‖Z0‖ on other examples."""
        self._probe = probe
        self._draw = lru_cache(SEEDS_KEPT)(self._draw_and_measure)

    def weights(self, beta: float, z0: float, seed: int) -> list[np.ndarray]:
        """The weights that `seed` draws, with the logits that it draws scaled to norm z0/β."""
        weights, initial, norm = self._draw(seed)
        return self.network.start_weights(weights, initial, z0 / (beta * norm))

    def largest_norm(self, beta: float, seed: int) -> float:
        """Infinite, because every norm is reachable."""
        return float("inf")

    def _draw_and_measure(self, seed: int) -> tuple[list[np.ndarray], list[np.ndarray], float]:
        second_seed = int(sequence(seed, "initial logits").generate_state(1)[0])
        weights, initial = (draw_weights(self.network.network, each).weights for each in (seed, second_seed))
        self.network.network.set_weights(initial)
        logits = self.network.network(self._probe, training=True)
        return weights, initial, float(ops.convert_to_numpy(logit_norm(logits)))
