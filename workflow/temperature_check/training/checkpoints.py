"""Checkpoints of a run that is not finished: the newest two, each checked when it is read."""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from temperature_check.errors import UserError
from temperature_check.record import Record
from temperature_check.store import read_arrays, write_arrays

log = logging.getLogger(__name__)
FILES = ("first.npz", "second.npz")


class Checkpoints:
    """The checkpoints of one run, in a folder of its own. Their facts have a `step`.

    Files take turns, so that there is always a whole one besides the one that is written.
    """

    def __init__(self, folder: Path, minutes: float):
        self.paths = [folder / name for name in FILES]
        self.folder, self.seconds = folder, 60 * minutes
        self._saved = time.monotonic()

    def newest(self) -> Record | None:
        """The newest one that is whole; a warning says that one is not. None where there is none."""
        read = {path: record for path in self.paths if path.exists() and (record := _whole(path))}
        if not read:
            return None
        path = max(read, key=lambda path: read[path].facts["step"])
        self.paths = [*(other for other in self.paths if other != path), path]
        log.info("going on from step %s, which was saved in %s", read[path].facts["step"], path)
        return read[path]

    def save_when_due(self, record: Callable[[], Record]) -> None:
        """Save what `record` gives in the place of the older file, if it is time."""
        if time.monotonic() - self._saved >= self.seconds:
            # Weights are noise to a compressor, which would take many times as long as the disk.
            write_arrays(self.paths[0], record(), np.savez)
            self.paths.reverse()
            self._saved = time.monotonic()

    def clear(self) -> None:
        """Delete them, for the run is finished; files that a killed process left half written included."""
        shutil.rmtree(self.folder, ignore_errors=True)


def _whole(path: Path) -> Record | None:
    try:
        return read_arrays(path, "a checkpoint", "the one before is used, or the run starts anew")
    except UserError as error:
        log.warning("warning: %s", error)
        return None
