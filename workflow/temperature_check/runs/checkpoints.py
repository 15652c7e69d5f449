"""Checkpoints of an unfinished run. The newest two are kept, and each is checked when it is read."""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from temperature_check.base.arrays import read_arrays, write_arrays
from temperature_check.base.errors import UserError
from temperature_check.base.record import Record

log = logging.getLogger(__name__)
FILES = ("first.npz", "second.npz")


class Checkpoints:
    """The checkpoints of one run, in a folder of its own. The facts of each checkpoint have a `step`.

    Two files take turns, so that one is always complete while the other is written.
    """

    def __init__(self, folder: Path, minutes: float):
        self.paths = [folder / name for name in FILES]
        self.folder, self.seconds = folder, 60 * minutes
        self._saved = time.monotonic()

    def newest(self) -> Record | None:
        """The newest complete checkpoint, or None if there is none. Logs a warning for each damaged file."""
        read = {path: record for path in self.paths if path.exists() and (record := _whole(path))}
        if not read:
            return None
        path = max(read, key=lambda path: read[path].facts["step"])
        self.paths = [*(other for other in self.paths if other != path), path]
        log.info("going on from step %s, which was saved in %s", read[path].facts["step"], path)
        return read[path]

    def save_when_due(self, record: Callable[[], Record]) -> None:
        """If it is time, write what `record` returns over the older file."""
        if time.monotonic() - self._saved >= self.seconds:
            # Weights hardly compress, and compression would take many times as long as writing.
            write_arrays(self.paths[0], record(), np.savez)
            self.paths.reverse()
            self._saved = time.monotonic()

    def clear(self) -> None:
        """Delete the folder of the run, with all checkpoints and any incomplete files of killed processes."""
        shutil.rmtree(self.folder, ignore_errors=True)


def _whole(path: Path) -> Record | None:
    try:
        return read_arrays(path, "a checkpoint", "the one before is used, or the run starts anew")
    except UserError as error:
        log.warning("warning: %s", error)
        return None
