"""TensorFlow: epochs as one compiled function over data that stays on the device.

On CPU the program is compiled without XLA, which is many times slower on convolutions in a loop, and without oneDNN,
which is slower on networks of this size.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf

from temperature_check.losses import softmax_cross_entropy
from temperature_check.models.correlated import logit_norm

if TYPE_CHECKING:
    from temperature_check.data import Dataset

EVALUATION_BATCH = 1024


def use_threads(threads: int) -> None:
    """Compute on the CPU with this many threads, whatever else there is. Has to come before the first computation."""
    if tf.config.threading.get_intra_op_parallelism_threads() != threads:
        tf.config.set_visible_devices([], "GPU")
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(1)


class Program:
    """The `Program` of `training.engine`, in TensorFlow."""

    def __init__(self, network: keras.Model, dataset: Dataset, momentum: float, probe_size: int):
        self.network = network
        self.inputs = {split: tf.constant(array) for split, array in dataset.inputs.items()}
        self.labels = {split: tf.constant(array) for split, array in dataset.labels.items()}
        self.probe_size = probe_size
        self.beta = tf.Variable(1.0)
        self.optimizer = keras.optimizers.SGD(learning_rate=1.0, momentum=momentum)
        self.optimizer.build(network.trainable_variables)

    def start(self, weights: list[np.ndarray], beta: float, learning_rate: float) -> None:
        """Set the weights, β and η, and clear the optimizer's state."""
        self.network.set_weights(weights)
        for variable in self.optimizer.variables:
            variable.assign(np.zeros(variable.shape, variable.dtype))
        self.optimizer.learning_rate = learning_rate
        self.beta.assign(beta)

    def advance(self, batches: np.ndarray) -> None:
        """One step of training for each row of `batches`, indices of training examples."""
        self._advance(tf.constant(batches))

    def probe(self) -> tuple[float, float, float]:
        """Loss, accuracy and ‖Z‖ on the probe, batch norm in training mode; changes nothing."""
        return tuple(self._probe().numpy().tolist())

    def logits(self, split: str) -> np.ndarray:
        """Unscaled logits z of a split, batch norm in inference mode."""
        inputs = self.inputs[split]
        parts = [
            self._infer(inputs[start : start + EVALUATION_BATCH]) for start in range(0, len(inputs), EVALUATION_BATCH)
        ]
        return np.concatenate([part.numpy() for part in parts])

    @tf.function(input_signature=[tf.TensorSpec([None, None], tf.int32)], reduce_retracing=True)
    def _advance(self, batches):
        for indices in batches:
            self._step(tf.gather(self.inputs["train"], indices), tf.gather(self.labels["train"], indices))

    def _step(self, inputs, labels):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(softmax_cross_entropy(labels, self.network(inputs, training=True), self.beta))
        variables = self.network.trainable_variables
        self.optimizer.apply(tape.gradient(loss, [variable.value for variable in variables]), variables)

    @tf.function
    def _probe(self):
        inputs, labels = (values["train"][: self.probe_size] for values in (self.inputs, self.labels))
        state = ([variable.value for variable in group] for group in _variables(self.network))
        logits, _ = self.network.stateless_call(*state, inputs, training=True)
        loss = tf.reduce_mean(softmax_cross_entropy(labels, logits, self.beta))
        hits = tf.equal(tf.argmax(logits, axis=-1, output_type=tf.int32), labels)
        return tf.stack([loss, tf.reduce_mean(tf.cast(hits, tf.float32)), logit_norm(self.beta * logits)])

    @tf.function(reduce_retracing=True)
    def _infer(self, inputs):
        return self.network(inputs, training=False)


def _variables(network: keras.Model):
    return network.trainable_variables, network.non_trainable_variables
