"""The record of a run."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

HISTORY = ("step", "loss", "accuracy", "logit_norm")
"""What a probe of a run measures, and the step after which it did."""


@dataclass(frozen=True)
class Record:
    """Arrays and the facts about them.

    arrays: for a run, `history_step`, `_loss`, `_accuracy`, `_logit_norm`, shape [points], which probes measured;
        `largest_loss`, the largest loss of a batch over all steps, a scalar; `epoch_accuracy`, the mean accuracy of the
        batches of each epoch, each before its step, shape [epochs]; `validation_logits` and, in the report phase,
        `test_logits`, shape [examples, classes], unscaled z. Empty if ‖Z0‖ is unreachable.
    facts: for a run, its status, measured ‖Z0‖, seconds, hardware, and what its key is made of; JSON values.
    """

    arrays: dict[str, np.ndarray]
    facts: dict = field(default_factory=dict)
