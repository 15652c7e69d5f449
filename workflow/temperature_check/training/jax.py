"""JAX: steps in a compiled loop over data that stay on the device.

The weights, the optimizer's state (with the rate of a step), β and η are arguments of compiled functions. Between calls
they are in the variables of Keras.
"""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING

import jax
import jax.numpy as jnp
import keras
import numpy as np

from temperature_check.training.backend import NoGPU
from temperature_check.training.plan import Plan
from temperature_check.training.program import STEPS_OF_A_CALL, KerasProgram, accuracy, has_layer, tensors

if TYPE_CHECKING:
    from temperature_check.data.dataset import Dataset
    from temperature_check.study.engine import EngineSettings
    from temperature_check.study.recipe import Training
    from temperature_check.training.progress import Trained

DETERMINISTIC = "--xla_gpu_deterministic_ops=true"


def use_device(settings: EngineSettings) -> str | None:
    """Set the device, and the number of threads on a CPU.

    Returns the name of a GPU, and None for a CPU. It must be called before the first computation, at which JAX reads
    these settings. Raises NoGPU if a GPU is required and there is none. The number of threads that share one operation,
    on which last bits depend, is set on every system. JAX has a few more threads, which compile and dispatch.
    `base.slots` binds all of them to the cores of the job.
    """
    os.environ["PJRT_NPROC"] = os.environ["NPROC"] = str(settings.threads)
    if settings.device == "cpu":
        jax.config.update("jax_platforms", "cpu")
        return None
    jax.config.update("jax_platforms", "cuda,cpu")
    # Tensor cores would round float32 to 10 bits. At small ‖Z0‖ the copies of a network differ by as little.
    jax.config.update("jax_default_matmul_precision", "float32")
    if settings.deterministic and DETERMINISTIC not in (flags := os.environ.get("XLA_FLAGS", "")):
        os.environ["XLA_FLAGS"] = f"{flags} {DETERMINISTIC}".strip()
    return _gpu_name()


def _gpu_name() -> str:
    try:
        return jax.devices("cuda")[0].device_kind
    except RuntimeError as error:
        raise NoGPU("JAX") from error


class Program(KerasProgram):
    """The `Program` of `training.backend`, in JAX."""

    compiled = staticmethod(jax.jit)

    def __init__(
        self, network: keras.Model, dataset: Dataset, training: Training, settings: EngineSettings, probe_size: int
    ):
        super().__init__(network, dataset, training, probe_size)
        # On a CPU, XLA's convolutions are several times slower inside a compiled loop, because they have one thread and
        # no library of kernels there.
        convolutional = has_layer(network, keras.layers.Conv1D | keras.layers.Conv2D)
        on_host = settings.device == "cpu" and convolutional
        self._loop = self._loop_on_host if on_host else self._loop_on_device
        self._one_step, self._many_steps = jax.jit(self._step_of_plan), jax.jit(self._steps)
        self._step_on = jax.jit(self._step_on_stored)
        optimizer = self.optimizer
        self._rate_at = next(i for i, v in enumerate(optimizer.variables) if v is optimizer.learning_rate)

    def advance(self, plan: Plan) -> Trained:
        """Train all steps of `plan`, up to the first probe that is not finite."""
        state, batches, probes = self._loop(self._state(), self.training_examples, self._scales(), plan)
        self._keep(state)
        return self.read(plan, batches, probes)

    def step(self, inputs: np.ndarray, labels: np.ndarray, factor: float):
        """Train one step on the given batch. Returns its loss and accuracy."""
        state, batch = self._step_on(self._state(), inputs, labels, self._scales(), factor)
        self._keep(state)
        return batch

    def _state(self) -> list[list]:
        return [tensors(group) for group in self.groups()]

    def _scales(self) -> tuple:
        return self.beta.value, self.learning_rate.value

    def _keep(self, state: list[list]) -> None:
        for variables, values in zip(self.groups(), state):
            for variable, value in zip(variables, values):
                variable.assign(value)

    def _loop_on_device(self, state, data, scales, plan):
        return self._many_steps(state, data, scales, plan.padded(STEPS_OF_A_CALL), len(plan.examples))

    def _loop_on_host(self, state, data, scales, plan):
        batches, probes = [], np.zeros((len(plan.examples), 3))
        for index, row in enumerate(zip(*plan)):
            state, batch = self._one_step(state, data, scales, Plan(*row))
            batches.append(batch)
            if plan.probed[index]:
                probes[index] = self._probe(state[:2], scales[0], data)
                if not np.isfinite(probes[index]).all():
                    break
        return state, np.stack(batches), probes

    def _steps(self, state, data, scales, plan, steps):
        def one(carried):
            step, state, batches, probes, _ = carried
            row = Plan(*(array[step] for array in plan))
            state, batch = self._step_of_plan(state, data, scales, row)
            measure, skip = partial(self.measure, state[:2], scales[0], data), partial(jnp.zeros, 3, probes.dtype)
            probe = jax.lax.cond(row.probed, measure, skip)
            return step + 1, state, batches.at[step].set(batch), probes.at[step].set(probe), jnp.isfinite(probe).all()

        empty = [jnp.zeros((STEPS_OF_A_CALL, columns), scales[0].dtype) for columns in (2, 3)]
        begun = (0, state, *empty, True)
        return jax.lax.while_loop(lambda carried: (carried[0] < steps) & carried[-1], one, begun)[1:4]

    def _step_of_plan(self, state, data, scales, row):
        inputs, labels = (array[row.examples] for array in data)
        return self._step(state, self.prepared(inputs, row.changes), labels, scales, row.factors)

    def _step_on_stored(self, state, inputs, labels, scales, factor):
        return self._step(state, self.standardize(inputs), labels, scales, factor)

    def _step(self, state, inputs, labels, scales, factor):
        weights, other, optimizer = state
        beta, learning_rate = scales
        differentiated = jax.value_and_grad(self._loss, has_aux=True)
        (loss, (other, hits)), gradients = differentiated(weights, other, inputs, labels, beta)
        optimizer = [learning_rate * factor if i == self._rate_at else value for i, value in enumerate(optimizer)]
        gradients = self.clipped(gradients, beta)
        weights, optimizer = self.optimizer.stateless_apply(optimizer, gradients, self.decayed(weights, factor))
        return [weights, other, optimizer], jnp.stack([loss, hits])

    def _loss(self, weights, other, inputs, labels, beta):
        logits, other = self.network.stateless_call(weights, other, inputs, training=True)
        return self.loss(labels, logits, beta), (other, accuracy(labels, logits))
