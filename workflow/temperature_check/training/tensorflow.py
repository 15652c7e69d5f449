"""TensorFlow: epochs as one compiled loop over data that stays on the device."""

from __future__ import annotations

import functools
import os
from typing import TYPE_CHECKING

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf

from temperature_check.losses import softmax_cross_entropy
from temperature_check.training.program import KerasProgram, calls, tensors

if TYPE_CHECKING:
    from temperature_check.data import Dataset


def use_threads(threads: int) -> None:
    """Compute on the CPU with this many threads, whatever else there is. Has to come before the first computation."""
    if tf.config.threading.get_intra_op_parallelism_threads() != threads:
        tf.config.set_visible_devices([], "GPU")
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(1)


class Program(KerasProgram):
    """The `Program` of `training.engine`, in TensorFlow."""

    compiled = staticmethod(functools.partial(tf.function, reduce_retracing=True))

    def __init__(self, network: keras.Model, dataset: Dataset, momentum: float, probe_size: int):
        super().__init__(network, dataset, momentum, probe_size)
        # XLA fuses the many small operations of a recurrent layer; in a loop on CPU, its convolutions are many times
        # slower than TensorFlow's own.
        self._advance = tf.function(self._steps, jit_compile=self.has_layer(keras.layers.RNN))

    def advance(self, batches: np.ndarray) -> None:
        """One step of training for each row of `batches`, indices of training examples."""
        for part, steps in calls(batches):
            self._advance(tf.constant(part), tf.constant(steps))

    def _steps(self, batches, steps):
        # XLA compiles `for step in tf.range(steps)` anew for every number of steps.
        step = tf.constant(0)
        while step < steps:
            self._step(*(tf.gather(values["train"], batches[step]) for values in (self.inputs, self.labels)))
            step += 1

    def _step(self, inputs, labels):
        with tf.GradientTape() as tape:
            logits = self.network(self.standardize(inputs), training=True)
            loss = tf.reduce_mean(softmax_cross_entropy(labels, logits, self.beta))
        variables = self.network.trainable_variables
        self.optimizer.apply(tape.gradient(loss, tensors(variables)), variables)
