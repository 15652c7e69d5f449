"""JAX: steps in a compiled loop over data that stay on the device.

The weights, the optimizer's state (with the rate of a step), β and η are arguments of compiled functions. Between calls
they are in the variables of Keras.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import jax
import keras
import numpy as np

from temperature_check.training.backend import NoGPU
from temperature_check.training.plan import Plan
from temperature_check.training.program import STEPS_OF_A_CALL, KerasProgram, tensors

if TYPE_CHECKING:
    from temperature_check.data.dataset import Dataset
    from temperature_check.study.engine import EngineSettings
    from temperature_check.study.recipe import Training

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
        on_host = settings.device == "cpu" and self.has_layer(keras.layers.Conv2D)
        self._loop = self._loop_on_host if on_host else self._loop_on_device
        self._one_step, self._many_steps = jax.jit(self._step_of_plan), jax.jit(self._steps)
        self._step_on = jax.jit(self._step_on_stored)
        optimizer = self.optimizer
        self._rate_at = next(i for i, v in enumerate(optimizer.variables) if v is optimizer.learning_rate)

    def advance(self, plan: Plan) -> None:
        """Train all steps of `plan`."""
        data = (self.inputs["train"], self.labels["train"])
        self._keep(self._loop(self._state(), data, self._scales(), plan))

    def step(self, inputs: np.ndarray, labels: np.ndarray, factor: float) -> None:
        """Train one step on the given batch."""
        self._keep(self._step_on(self._state(), inputs, labels, self._scales(), factor))

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
        for row in zip(*plan):
            state = self._one_step(state, data, scales, Plan(*row))
        return state

    def _steps(self, state, data, scales, plan, steps):
        def one(step, state):
            return self._step_of_plan(state, data, scales, Plan(*(array[step] for array in plan)))

        return jax.lax.fori_loop(0, steps, one, state)

    def _step_of_plan(self, state, data, scales, row):
        inputs, labels = (array[row.examples] for array in data)
        return self._step(state, self.prepared(inputs, row.changes), labels, scales, row.factors)

    def _step_on_stored(self, state, inputs, labels, scales, factor):
        return self._step(state, self.standardize(inputs), labels, scales, factor)

    def _step(self, state, inputs, labels, scales, factor):
        weights, other, optimizer = state
        beta, learning_rate = scales
        gradients, other = jax.grad(self._loss, has_aux=True)(weights, other, inputs, labels, beta)
        optimizer = [learning_rate * factor if i == self._rate_at else value for i, value in enumerate(optimizer)]
        weights, optimizer = self.optimizer.stateless_apply(optimizer, gradients, self.decayed(weights, factor))
        return [weights, other, optimizer]

    def _loss(self, weights, other, inputs, labels, beta):
        logits, other = self.network.stateless_call(weights, other, inputs, training=True)
        return self.loss(labels, logits, beta), other
