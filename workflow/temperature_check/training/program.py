"""What the programs of all backends share: all of a program that Keras can say for any backend."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, ClassVar

import keras
import numpy as np
from keras import ops

from temperature_check.losses import softmax_cross_entropy
from temperature_check.models.correlated import logit_norm
from temperature_check.training.inputs import standardization

if TYPE_CHECKING:
    from temperature_check.data import Dataset

EVALUATION_BATCH = 1024
STEPS_OF_A_CALL = 256


class KerasProgram:
    """The `Program` of `training.engine` but for `advance`, which a backend adds.

    compiled: the backend's compiler, from a function of tensors to a function of tensors.
    """

    compiled: ClassVar[Callable[[Callable], Callable]]

    def __init__(self, network: keras.Model, dataset: Dataset, momentum: float, probe_size: int):
        self.network = network
        self.standardize = standardization(dataset.inputs["train"])
        self.inputs = {split: ops.convert_to_tensor(array) for split, array in dataset.inputs.items()}
        self.labels = {split: ops.convert_to_tensor(array) for split, array in dataset.labels.items()}
        self.probe_examples = [values["train"][:probe_size] for values in (self.inputs, self.labels)]
        self.beta = keras.Variable(1.0, trainable=False, dtype=keras.config.floatx())
        self.optimizer = keras.optimizers.SGD(learning_rate=1.0, momentum=momentum)
        self.optimizer.build(network.trainable_variables)
        self._probe = self.compiled(self._measure)
        self._infer = self.compiled(self._logits)

    def start(self, weights: list[np.ndarray], beta: float, learning_rate: float) -> None:
        """Set the weights, β and η, and clear the optimizer's state."""
        self.network.set_weights(weights)
        for variable in self.optimizer.variables:
            variable.assign(np.zeros(variable.shape, variable.dtype))
        self.optimizer.learning_rate = learning_rate
        self.beta.assign(beta)

    def probe(self) -> tuple[float, float, float]:
        """Loss, accuracy and ‖Z‖ on the probe, batch norm in training mode; changes nothing."""
        measured = self._probe(self._network_values(), self.beta.value, *self.probe_examples)
        return tuple(ops.convert_to_numpy(measured).tolist())

    def logits(self, split: str) -> np.ndarray:
        """Unscaled logits z of a split, batch norm in inference mode."""
        inputs, values = self.inputs[split], self._network_values()
        starts = range(0, len(inputs), EVALUATION_BATCH)
        parts = [self._infer(values, inputs[start : start + EVALUATION_BATCH]) for start in starts]
        return np.concatenate([ops.convert_to_numpy(part) for part in parts])

    def has_layer(self, kind: type[keras.Layer]) -> bool:
        """Whether a layer of this kind is anywhere in the network."""
        return any(isinstance(layer, kind) for layer in self.network._flatten_layers())

    def _network_values(self) -> tuple[list, list]:
        return tensors(self.network.trainable_variables), tensors(self.network.non_trainable_variables)

    def _measure(self, values, beta, inputs, labels):
        logits, _ = self.network.stateless_call(*values, self.standardize(inputs), training=True)
        loss = ops.mean(softmax_cross_entropy(labels, logits, beta))
        hits = ops.equal(ops.cast(ops.argmax(logits, axis=-1), "int32"), labels)
        return ops.stack([loss, ops.mean(ops.cast(hits, loss.dtype)), logit_norm(beta * logits)])

    def _logits(self, values, inputs):
        return self.network.stateless_call(*values, self.standardize(inputs), training=False)[0]


def tensors(variables: list[keras.Variable]) -> list:
    """The values of variables, as the backend's tensors."""
    return [variable.value for variable in variables]


def calls(batches: np.ndarray) -> Iterator[tuple[np.ndarray, int]]:
    """Batches in parts of one shape, [STEPS_OF_A_CALL, batch size], each with its number of steps; the rest is padding.

    XLA compiles anew for each shape. A loop that is given the number of steps is compiled once.

    >>> [(part.shape, steps) for part, steps in calls(np.zeros((300, 20), np.int32))]
    [((256, 20), 256), ((256, 20), 44)]
    """
    for start in range(0, len(batches), STEPS_OF_A_CALL):
        part = batches[start : start + STEPS_OF_A_CALL]
        yield np.pad(part, ((0, STEPS_OF_A_CALL - len(part)), (0, 0))), len(part)
