"""JAX: epochs as one compiled loop over data that stays on the device.

The weights, the optimizer's state (which η is part of) and β are values that a function is given and returns; between
calls they lie in the variables of Keras. Computes on the CPU, whatever else there is.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

os.environ["JAX_PLATFORMS"] = "cpu"

import jax
import keras
import numpy as np
from keras import ops

from temperature_check.losses import softmax_cross_entropy
from temperature_check.training.program import KerasProgram, calls, tensors

if TYPE_CHECKING:
    from temperature_check.data import Dataset


def use_threads(threads: int) -> None:
    """Compute with this many threads. Has to come before the first computation, when JAX reads the number.

    The number of threads that share one operation, on which last bits depend, is set on every system. JAX has a few
    more, which compile and dispatch: that a job keeps to its cores is left to `training.cores`.
    """
    os.environ["PJRT_NPROC"] = os.environ["NPROC"] = str(threads)


class Program(KerasProgram):
    """The `Program` of `training.engine`, in JAX."""

    compiled = staticmethod(jax.jit)

    def __init__(self, network: keras.Model, dataset: Dataset, momentum: float, probe_size: int):
        super().__init__(network, dataset, momentum, probe_size)
        # On CPU, XLA's convolutions are several times slower inside a compiled loop than outside: there they have one
        # thread and none of the library of kernels.
        self._loop = self._loop_on_host if self.has_layer(keras.layers.Conv2D) else self._loop_on_device
        self._one_step, self._many_steps = jax.jit(self._step), jax.jit(self._steps)

    def advance(self, batches: np.ndarray) -> None:
        """One step of training for each row of `batches`, indices of training examples."""
        network, optimizer = self.network, self.optimizer
        groups = (network.trainable_variables, network.non_trainable_variables, optimizer.variables)
        data = (self.inputs["train"], self.labels["train"], self.beta.value)
        state = self._loop([tensors(group) for group in groups], data, batches)
        for variables, values in zip(groups, state):
            for variable, value in zip(variables, values):
                variable.assign(value)

    def _loop_on_device(self, state, data, batches):
        for part, steps in calls(batches):
            state = self._many_steps(state, data, part, steps)
        return state

    def _loop_on_host(self, state, data, batches):
        for indices in batches:
            state = self._one_step(state, data, indices)
        return state

    def _steps(self, state, data, batches, steps):
        return jax.lax.fori_loop(0, steps, lambda step, state: self._step(state, data, batches[step]), state)

    def _step(self, state, data, indices):
        weights, other, optimizer = state
        inputs, labels, beta = data
        gradient = jax.grad(self._loss, has_aux=True)
        gradients, other = gradient(weights, other, inputs[indices], labels[indices], beta)
        weights, optimizer = self.optimizer.stateless_apply(optimizer, gradients, weights)
        return [weights, other, optimizer]

    def _loss(self, weights, other, inputs, labels, beta):
        logits, other = self.network.stateless_call(weights, other, self.standardize(inputs), training=True)
        return ops.mean(softmax_cross_entropy(labels, logits, beta)), other
