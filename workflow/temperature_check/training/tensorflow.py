"""TensorFlow: steps in a compiled loop over data that stay on the device."""

from __future__ import annotations

import functools
import os
from typing import TYPE_CHECKING

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf

from temperature_check.training.backend import NoGPU
from temperature_check.training.joined import in_few_kernels
from temperature_check.training.plan import Plan
from temperature_check.training.program import STEPS_OF_A_CALL, KerasProgram, accuracy, has_layer, tensors

if TYPE_CHECKING:
    from temperature_check.data.dataset import Dataset
    from temperature_check.study.engine import EngineSettings
    from temperature_check.study.recipe import Training
    from temperature_check.training.progress import Trained


def use_device(settings: EngineSettings) -> str | None:
    """Set the device, and the number of threads on a CPU.

    Returns the name of a GPU, and None for a CPU. Raises NoGPU if a GPU is required and there is none.
    """
    if tf.config.threading.get_intra_op_parallelism_threads() != settings.threads:
        tf.config.threading.set_intra_op_parallelism_threads(settings.threads)
        tf.config.threading.set_inter_op_parallelism_threads(1)
        tf.config.set_visible_devices(tf.config.list_physical_devices("GPU")[: settings.device == "gpu"], "GPU")
    return _use_gpu(settings.deterministic) if settings.device == "gpu" else None


def _use_gpu(deterministic: bool) -> str:
    gpus = tf.config.get_visible_devices("GPU")
    if not gpus:
        raise NoGPU("TensorFlow")
    # Tensor cores would round float32 to 10 bits. At small ‖Z0‖ the copies of a network differ by as little.
    tf.config.experimental.enable_tensor_float_32_execution(False)
    if deterministic:
        tf.config.experimental.enable_op_determinism()
    return tf.config.experimental.get_device_details(gpus[0])["device_name"]


class Momentum(keras.optimizers.SGD):
    """Keras's SGD, in one kernel per weight instead of six."""

    def update_step(self, gradient, variable, learning_rate):
        """v ← μv - ηg, then θ ← θ + v."""
        if not self.momentum:
            return super().update_step(gradient, variable, learning_rate)
        velocity = self.momentums[self._get_variable_index(variable)]
        tf.raw_ops.ResourceApplyKerasMomentum(
            var=variable.handle,
            accum=velocity.value.handle,
            lr=tf.cast(learning_rate, variable.dtype),
            grad=gradient,
            momentum=tf.cast(self.momentum, variable.dtype),
        )


class Program(KerasProgram):
    """The `Program` of `training.backend`, in TensorFlow."""

    compiled = staticmethod(functools.partial(tf.function, reduce_retracing=True))
    momentum = Momentum

    def __init__(
        self, network: keras.Model, dataset: Dataset, training: Training, settings: EngineSettings, probe_size: int
    ):
        # XLA fuses the many small operations of a step. In a loop on CPU, convolutions and the derivatives of a
        # linearized network are many times slower in XLA than in TensorFlow's own kernels.
        slow = training.linearized or has_layer(network, keras.layers.Conv1D | keras.layers.Conv2D)
        fused = settings.device == "gpu" or not slow
        self._few_kernels = None if fused else in_few_kernels(network, training.batch_size)
        trained = self._few_kernels.network if self._few_kernels else network
        super().__init__(network, dataset, training, probe_size, trained)
        self._advance = tf.function(self._steps, jit_compile=fused)
        self._step_on = tf.function(self._step_on_stored, jit_compile=fused)

    def start(self, weights: list[np.ndarray], beta: float, learning_rate: float) -> None:
        """Set the weights, β and η, and clear the optimizer's state."""
        super().start(weights, beta, learning_rate)
        if self._few_kernels:
            self._few_kernels.load()

    def restore(self, state: list[np.ndarray]) -> None:
        """Restore what `state` returned."""
        super().restore(state)
        self._store()

    def advance(self, plan: Plan) -> Trained:
        """Train all steps of `plan`, up to the first probe that is not finite."""
        padded = Plan(*map(tf.constant, plan.padded(STEPS_OF_A_CALL)))
        return self.read(plan, *self._advance(padded, tf.constant(len(plan.examples)), self.training_examples))

    def step(self, inputs: np.ndarray, labels: np.ndarray, factor: float):
        """Train one step on the given batch. Returns its loss and accuracy."""
        return self._step_on(tf.constant(inputs), tf.constant(labels), tf.constant(factor, self.learning_rate.dtype))

    def _steps(self, plan, steps, training_examples):
        # XLA compiles `for step in tf.range(steps)` anew for every number of steps.
        step, finite = tf.constant(0), tf.constant(True)
        batches, probes = (tf.zeros((STEPS_OF_A_CALL, columns), self.beta.dtype) for columns in (2, 3))
        while tf.logical_and(step < steps, finite):
            inputs, labels = (tf.gather(values, plan.examples[step]) for values in training_examples)
            batch = self._step(self.prepared(inputs, plan.changes[step]), labels, plan.factors[step])
            batches = _with_row(batches, step, batch)
            if plan.probed[step]:
                probe = self.measure(self.trained_values(), self.beta.value, training_examples)
                probes, finite = _with_row(probes, step, probe), tf.reduce_all(tf.math.is_finite(probe))
            step += 1
        self._store()
        return batches, probes

    def _step_on_stored(self, inputs, labels, factor):
        batch = self._step(self.standardize(inputs), labels, factor)
        self._store()
        return batch

    def _store(self) -> None:
        if self._few_kernels:
            self._few_kernels.store()

    def _step(self, inputs, labels, factor):
        with tf.GradientTape() as tape:
            logits = self.trained(inputs, training=True)
            loss = self.loss(labels, logits, self.beta)
        variables = self.trained.trainable_variables
        # The gradient of word vectors has one row per token of the batch. Its norm must be that of the summed rows.
        gradients = [tf.convert_to_tensor(gradient) for gradient in tape.gradient(loss, tensors(variables))]
        if self.training.weight_decay:
            for variable, value in zip(variables, self.decayed(tensors(variables), factor)):
                variable.assign(value)
        self.optimizer.learning_rate = self.learning_rate * factor
        self.optimizer.apply(self.clipped(gradients, self.beta.value), variables)
        return tf.stack([loss, accuracy(labels, logits)])


def _with_row(table, row, values):
    return tf.where(tf.range(len(table))[:, None] == row, values, table)
