"""The unit of work. Its methods affect its numbers, so every key covers the code of this module."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Run:
    """One training of one network.

    beta: inverse temperature β of the loss CE(softmax(βz)).
    z0: required initial norm ‖Z0‖ of the scaled logits Z = βz, per example; None with plain initialization.
    scaled_learning_rate: ηβ, whose values are in the grid of a study.
    length: the number of epochs, as a multiple of that of the task.
    """

    task: str
    phase: str
    beta: float
    z0: float | None
    scaled_learning_rate: float
    seed: int
    length: float = 1.0

    @property
    def learning_rate(self) -> float:
        """η, the rate of gradient descent on the weights."""
        return self.scaled_learning_rate / self.beta
