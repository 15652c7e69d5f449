"""Finds a range of learning rates to start a search in, by a few real steps from the model's own weights.

A predicted rate is that of full batches and of the first step, so it can be far too large or too small. Steps of SGD on
batches tell which rate is survived.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass

import keras
import numpy as np
from keras import ops
from scipy.special import log_softmax

from temperature_check.commands.user_data import Examples
from temperature_check.losses import SoftmaxCrossentropy
from temperature_check.theory.gate.calls import kept_state
from temperature_check.theory.gate.checks import CheckedKernel

FACTOR = math.sqrt(10)
"""Ratio of neighboring rates that are tried."""
FACTORS_DOWN, FACTORS_UP = 14, 4
LARGEST_RISE = 1.1
"""The loss may at most become this many times as large as at the start."""
WIDTH = 30
"""Ratio of the largest rate of the range to the smallest."""
DEAD = 1e-6
"""Logits differ between examples by less than this part of their size if the network is dead."""


@dataclass(frozen=True)
class RateRange:
    """The largest rate at which steps lowered the loss, and what was tried. Without such a rate, `highest` is None."""

    beta: float
    predicted: float
    """The smaller of the predicted rates, which was tried first."""
    lowest: float | None
    highest: float | None
    smallest_tried: float
    largest_tried: float
    loss_before: float
    loss_after: float | None
    """The losses over all examples before and after the steps at the highest rate."""

    def text(self, steps: int, batch_size: int) -> str:
        """The range and its reason in one line."""
        what = f"{steps} steps on batches of {batch_size}"
        if self.highest is None:
            tried = f"from {self.smallest_tried:.1g} to {self.largest_tried:.1g}"
            return f"β {self.beta:g}: no rate passed {tried}: at none did {what} lower the loss"
        losses = f"{self.loss_before:.4g} to {self.loss_after:.4g}"
        largest = "the largest tried" if self.highest == self.largest_tried else "the largest"
        bounds = f"η {self.lowest:.1g} to {self.highest:.1g}"
        reason = f"{largest} at which {what} lowered the loss, {losses} (predicted: {self.predicted:.2g})"
        return f"β {self.beta:g}: {bounds}: {reason}"

    def row(self) -> dict:
        """The fields by name."""
        return asdict(self)


class Steps(keras.Model):
    """A model whose outputs are βz, so that β changes without another compilation. The mode is always the given one."""

    def __init__(self, inner: keras.Model, training: bool):
        super().__init__(name="steps", dtype=inner.dtype_policy, autocast=False)
        self.inner, self.in_training = inner, training
        self.beta = keras.Variable(1.0, trainable=False, name="beta", dtype=keras.config.floatx())
        self.built = True

    def call(self, inputs, training=None):
        """βz."""
        return self.beta * ops.cast(self.inner(inputs, training=self.in_training), self.beta.dtype)


class RateSearch:
    """Trials of learning rates from the weights that the model has, which are restored after each.

    steps: number of steps of SGD with heavy-ball momentum. batch_size: the batches are drawn from the examples.
    """

    def __init__(
        self, kernel: CheckedKernel, examples: Examples, momentum: float, steps: int, batch_size: int, seed: int
    ):
        self._kernel, self._examples, self._steps = kernel, examples, steps
        self.batch_size, self._seed = min(batch_size, len(examples.labels)), seed
        self._model = Steps(kernel.network, kernel.training)
        compiler = keras.backend.backend() == "jax"
        self._model.compile(
            keras.optimizers.SGD(1.0, momentum=momentum), loss=SoftmaxCrossentropy(1.0), jit_compile=compiler
        )
        self._model.optimizer.build(self._model.trainable_variables)
        self._fresh = [(v, ops.convert_to_numpy(v.value)) for v in self._model.optimizer.variables]

    def find(self, beta: float, predicted: float) -> RateRange:
        """The range at an inverse temperature, from trials at the predicted rate and at neighbors of it."""
        before, found, tried, after = self._loss(beta), None, [predicted], self.loss_after(predicted, beta)
        upwards = after is not None
        if upwards:
            found = (predicted, after)
        for k in range(1, 1 + (FACTORS_UP if upwards else FACTORS_DOWN)):
            rate = predicted * FACTOR ** (k if upwards else -k)
            tried.append(rate)
            after = self.loss_after(rate, beta)
            if after is not None:
                found = (rate, after)
            if upwards == (after is None):
                break
        highest, after = found or (None, None)
        return RateRange(beta, predicted, highest and highest / WIDTH, highest, min(tried), max(tried), before, after)

    def loss_after(self, rate: float, beta: float) -> float | None:
        """The loss over the examples after the steps, or None if they fail.

        They fail if the loss becomes infinite, rises by more than a tenth of its first value, or is not lower at the
        end, or if the network dies: its logits no longer depend on the inputs.
        """
        with kept_state(self._kernel.network):
            self._restart(rate, beta)
            first = self._loss(beta)
            alive, loss = self._is_alive(), first
            for step, batch in enumerate(self._batches(), start=1):
                if not math.isfinite(float(np.ravel(self._model.train_on_batch(*batch))[0])):
                    return None
                if step < 5 or step % 5 == 0 or step == self._steps:
                    loss = self._loss(beta)
                    if not loss <= LARGEST_RISE * first:
                        return None
            return loss if loss < first and (self._is_alive() or not alive) else None

    def _restart(self, rate: float, beta: float) -> None:
        for variable, value in self._fresh:
            variable.assign(value)
        self._model.optimizer.learning_rate = rate
        self._model.beta.assign(beta)

    def _batches(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        random, order = np.random.default_rng(self._seed), []
        for _ in range(self._steps):
            if len(order) < self.batch_size:
                order = list(random.permutation(len(self._examples.labels)))
            chosen, order = order[: self.batch_size], order[self.batch_size :]
            yield self._examples.inputs[chosen], self._examples.labels[chosen]

    def _logits(self) -> np.ndarray:
        return self._kernel.logits(self._kernel.network.get_weights()).astype(np.float64)

    def _loss(self, beta: float) -> float:
        with np.errstate(all="ignore"):
            log_probabilities = log_softmax(beta * self._logits(), axis=-1)
        labels = self._examples.labels
        return float(-log_probabilities[np.arange(len(labels)), labels].mean())

    def _is_alive(self) -> bool:
        logits = self._logits()
        return bool(np.ptp(logits, axis=0).max() > DEAD * np.abs(logits).max())
