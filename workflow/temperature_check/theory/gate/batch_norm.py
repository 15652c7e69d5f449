"""The mode that each batch norm of a network is really in, from what it receives."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import keras

from temperature_check.theory.gate.calls import Call

TRAINING, FROZEN, INFERENCE = "in training mode", "frozen", "called in inference mode"


@dataclass(frozen=True)
class BatchNormModes:
    """Numbers of batch-norm layers in each mode. A layer that is ever in training mode counts as in training mode."""

    training: int
    frozen: int
    inference: int

    @property
    def uses_examples(self) -> bool:
        """Whether the statistics are those of the examples in any layer."""
        return self.training > 0

    def text(self, asked: str) -> str:
        """The modes in words. asked: the mode that the network was called in."""
        count = self.training + self.frozen + self.inference
        if not count:
            return f"the model has no batch norm ({asked} mode)"
        if self.training == count:
            return "batch norm in training mode, with the statistics of these examples"
        if asked == "inference" and not self.training:
            return "batch norm in inference mode, with moving averages"
        rest = {FROZEN: self.frozen, INFERENCE: self.inference}
        others = "".join(f"; {number} {mode}: moving averages" for mode, number in rest.items() if number)
        statistics = ", with the statistics of these examples" if self.training else ""
        return f"{self.training} of {count} batch-norm layers {TRAINING}{statistics}{others}"


def batch_norm_modes(calls: list[Call]) -> BatchNormModes:
    """The modes of the batch-norm layers that were called."""
    modes: dict[int, str] = {}
    for call in calls:
        if isinstance(call.operation, keras.layers.BatchNormalization):
            mode = _mode(call)
            if mode == TRAINING or id(call.operation) not in modes:
                modes[id(call.operation)] = mode
    counts = Counter(modes.values())
    return BatchNormModes(counts[TRAINING], counts[FROZEN], counts[INFERENCE])


def _mode(call: Call) -> str:
    training = call.options.get("training", call.arguments[1] if len(call.arguments) > 1 else None)
    if not call.operation.trainable:
        return FROZEN
    return TRAINING if training else INFERENCE
