"""What a run leaves behind."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class Record:
    """Arrays and the facts about them.

    arrays, of a run: `history_step`, `_loss`, `_accuracy`, `_logit_norm`, shape [points]; `validation_logits` and, in
        the report phase, `test_logits`, shape [examples, classes], unscaled z. None for an unreachable cell.
    facts, of a run: status, measured ‖Z0‖, seconds, threads, fingerprints and versions; JSON values.
    """

    arrays: dict[str, np.ndarray]
    facts: dict = field(default_factory=dict)
