"""What is measured of a run while it trains."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from temperature_check.base.record import HISTORY

MOST_PARTS = 256
"""Number of arrays that are kept apart. Those of a stream have one step each, and may be on a GPU."""


class Trained(NamedTuple):
    """What a program measured at steps that it trained.

    batches: loss and accuracy of each step's batch before the step, [steps, 2]. The loss is the one that is minimized.
    probes: for each probe, the number of steps before it, loss, accuracy and ‖Z‖.
    """

    batches: np.ndarray
    probes: list[tuple[int, float, float, float]]

    def after(self, steps: int) -> Trained:
        """The same, if `steps` steps were trained before."""
        return Trained(self.batches, [(steps + step, *values) for step, *values in self.probes])


class Progress:
    """All that was measured of a run so far."""

    def __init__(self, probe: tuple[float, float, float]):
        self.rows, self.batches = [(0, *probe)], [np.empty((0, 2), np.float32)]

    @classmethod
    def of(cls, saved: Mapping[str, np.ndarray]) -> Progress:
        """The progress whose `saved` was given."""
        progress = cls(saved["rows"][0, 1:])
        progress.rows = [(int(row[0]), *row[1:].tolist()) for row in saved["rows"]]
        progress.batches = [saved["batches"]]
        return progress

    def add(self, trained: Trained) -> None:
        """Add what was measured in the next steps."""
        self.batches.append(trained.batches)
        self.rows += trained.probes
        if len(self.batches) > MOST_PARTS:
            self.batches = [self._all_batches()]

    @property
    def finite(self) -> bool:
        """Whether the last probe was finite. A run ends when one is not."""
        return bool(np.isfinite(self.rows[-1]).all())

    def saved(self) -> dict[str, np.ndarray]:
        """Arrays from which `of` makes the same progress."""
        return {"rows": np.array(self.rows), "batches": self._all_batches()}

    def arrays(self, steps_of_epoch: int) -> dict[str, np.ndarray]:
        """The arrays of a finished run's record: `history_*`, `largest_loss` and `epoch_accuracy`."""
        history = dict(zip(HISTORY, zip(*self.rows), strict=True))
        losses, hits = self._all_batches().T
        epochs = len(hits) // steps_of_epoch
        return {f"history_{name}": np.array(column) for name, column in history.items()} | {
            "largest_loss": losses.max(initial=0.0),
            "epoch_accuracy": hits[: epochs * steps_of_epoch].reshape(epochs, steps_of_epoch).mean(axis=1),
        }

    def _all_batches(self) -> np.ndarray:
        return np.concatenate([np.asarray(batches) for batches in self.batches])
