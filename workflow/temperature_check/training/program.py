"""The part of a program that is the same on every backend, written with `keras.ops`."""

from __future__ import annotations

from collections.abc import Callable
from types import UnionType
from typing import TYPE_CHECKING, ClassVar

import keras
import numpy as np
from keras import ops

from temperature_check.initialization.draw import logit_norm
from temperature_check.theory.layers import layers_of
from temperature_check.theory.loss import softmax_cross_entropy
from temperature_check.training.augmentation import augmented
from temperature_check.training.inputs import standardization
from temperature_check.training.progress import Trained

if TYPE_CHECKING:
    from temperature_check.data.dataset import Dataset
    from temperature_check.study.recipe import Training
    from temperature_check.training.plan import Plan

EXAMPLES_OF_A_CALL = 1024
DECAYED = ("kernel", "recurrent_kernel", "embeddings")
STEPS_OF_A_CALL = 256


class KerasProgram:
    """The `Program` of `training.backend` except `advance` and `step`, which a backend adds.

    trained: the network that steps and probes compute, in training mode. If it is another than `network`, the backend
        keeps the weights of both equal between its calls.
    compiled: the backend's compiler, from a function of tensors to a function of tensors.
    momentum: the class of the optimizer, SGD with momentum.
    """

    compiled: ClassVar[Callable[[Callable], Callable]]
    momentum: ClassVar[type[keras.optimizers.SGD]] = keras.optimizers.SGD

    def __init__(
        self,
        network: keras.Model,
        dataset: Dataset,
        training: Training,
        probe_size: int,
        trained: keras.Model | None = None,
    ):
        self.network, self.training, self.trained = network, training, trained or network
        self.standardize, self._probe_size = standardization(dataset.inputs["train"]), probe_size
        self.use(dataset)
        self.beta = keras.Variable(1.0, trainable=False, dtype=keras.config.floatx())
        self.learning_rate = keras.Variable(1.0, trainable=False, dtype=keras.config.floatx())
        self.optimizer = self.momentum(momentum=training.momentum)
        self.optimizer.build(self.trained.trainable_variables)
        self._probe = self.compiled(self.measure)
        self._infer = self.compiled(self._logits)

    def use(self, dataset: Dataset) -> None:
        """Take the examples of a data set whose arrays have the shapes and types of the first one's."""
        self.inputs = {split: ops.convert_to_tensor(array) for split, array in dataset.inputs.items()}
        self.labels = {split: ops.convert_to_tensor(array) for split, array in dataset.labels.items()}

    @property
    def training_examples(self) -> tuple:
        """Inputs and labels of the training examples, which compiled functions take as arguments."""
        return self.inputs["train"], self.labels["train"]

    def start(self, weights: list[np.ndarray], beta: float, learning_rate: float) -> None:
        """Set the weights, β and η, and clear the optimizer's state."""
        self.network.set_weights(weights)
        for variable in self.optimizer.variables:
            variable.assign(np.zeros(variable.shape, variable.dtype))
        self.learning_rate.assign(learning_rate)
        self.beta.assign(beta)

    def probe(self) -> tuple[float, float, float]:
        """Loss, accuracy and ‖Z‖ on the probe, batch norm in training mode. It changes nothing."""
        measured = self._probe(self.trained_values(), self.beta.value, self.training_examples)
        return tuple(ops.convert_to_numpy(measured).tolist())

    def logits(self, split: str) -> np.ndarray:
        """Unscaled logits z of a split, batch norm in inference mode."""
        inputs, values = self.inputs[split], self._network_values()
        starts = range(0, len(inputs), EXAMPLES_OF_A_CALL)
        parts = [self._infer(values, inputs[start : start + EXAMPLES_OF_A_CALL]) for start in starts]
        return np.concatenate([ops.convert_to_numpy(part) for part in parts])

    def infer(self, inputs: np.ndarray) -> np.ndarray:
        """Unscaled logits z of the given inputs, batch norm in inference mode."""
        return ops.convert_to_numpy(self._infer(self._network_values(), ops.convert_to_tensor(inputs)))

    def state(self) -> list[np.ndarray]:
        """Everything that steps change: weights, moving averages, the optimizer's state."""
        return [ops.convert_to_numpy(value) for group in self.groups() for value in tensors(group)]

    def restore(self, state: list[np.ndarray]) -> None:
        """Restore what `state` returned."""
        variables = [variable for group in self.groups() for variable in group]
        for variable, value in zip(variables, state, strict=True):
            variable.assign(value)

    def groups(self) -> tuple[list[keras.Variable], ...]:
        """The variables that steps change: trainable ones, moving averages, and those of the optimizer."""
        return self.trained.trainable_variables, self.trained.non_trainable_variables, self.optimizer.variables

    def prepared(self, inputs, changes):
        """Stored training inputs, augmented and standardized."""
        if self.training.augmentation:
            inputs = augmented(inputs, changes, self.training.augmentation.padding)
        return self.standardize(inputs)

    def loss(self, labels, logits, beta):
        """The mean loss of a training batch, with smoothed labels."""
        smoothing = self.training.label_smoothing
        targets = ops.one_hot(labels, logits.shape[-1], dtype=logits.dtype)
        if smoothing:
            targets = (1 - smoothing) * targets + smoothing / logits.shape[-1]
        return ops.mean(softmax_cross_entropy(targets, logits, beta))

    def clipped(self, gradients: list, beta) -> list:
        """Gradients g, scaled down if the norm of g/β over all weights is above `clip_norm`."""
        if not self.training.clip_norm:
            return gradients
        norm = ops.sqrt(sum(ops.sum(ops.square(gradient)) for gradient in gradients))
        largest = self.training.clip_norm * beta
        return [gradient * (largest / ops.maximum(norm, largest)) for gradient in gradients]

    def decayed(self, values: list, factor) -> list:
        """Trainable weights after the weight decay of a step, which lowers kernels and word vectors."""
        decay = self.training.weight_decay
        if not decay:
            return values
        names = [variable.name for variable in self.trained.trainable_variables]
        return [value * (1 - decay * factor) if name in DECAYED else value for name, value in zip(names, values)]

    def trained_values(self) -> list[list]:
        """The values of the trained network's variables."""
        return [tensors(group) for group in self.groups()[:2]]

    def _network_values(self) -> tuple[list, list]:
        return tensors(self.network.trainable_variables), tensors(self.network.non_trainable_variables)

    def measure(self, values, beta, training_examples):
        """Loss, accuracy and ‖Z‖ on the first training examples, the probe, at the given values, in one tensor."""
        inputs, labels = (array[: self._probe_size] for array in training_examples)
        logits, _ = self.trained.stateless_call(*values, self.standardize(inputs), training=True)
        loss = ops.mean(softmax_cross_entropy(labels, logits, beta))
        return ops.stack([loss, accuracy(labels, logits), logit_norm(beta * logits)])

    @staticmethod
    def read(plan: Plan, batches, probes) -> Trained:
        """What compiled steps measured, up to the first probe that is not finite, at which they stop.

        batches, probes: one row for each step. Rows of steps without a probe are ignored.
        """
        batches, probes = ops.convert_to_numpy(batches), ops.convert_to_numpy(probes)
        rows = np.flatnonzero(plan.probed)
        stops = rows[~np.isfinite(probes[rows]).all(axis=-1)]
        end = stops[0] + 1 if len(stops) else len(plan.examples)
        return Trained(batches[:end], [(int(row) + 1, *probes[row].tolist()) for row in rows if row < end])

    def _logits(self, values, inputs):
        return self.network.stateless_call(*values, self.standardize(inputs), training=False)[0]


def has_layer(network: keras.Model, kind: type[keras.Layer] | UnionType) -> bool:
    """Whether a layer of this kind is anywhere in the network."""
    return any(isinstance(layer, kind) for layer in layers_of(network))


def accuracy(labels, logits):
    """Share of examples whose largest logit is the label's, a tensor of the logits' type."""
    hits = ops.equal(ops.cast(ops.argmax(logits, axis=-1), "int32"), labels)
    return ops.mean(ops.cast(hits, logits.dtype))


def tensors(variables: list[keras.Variable]) -> list:
    """The values of variables, as the backend's tensors."""
    return [variable.value for variable in variables]
