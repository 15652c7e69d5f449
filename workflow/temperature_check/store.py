"""Finished runs, each a file named by its key: written atomically, checked when read, shared between studies."""

from __future__ import annotations

import json
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from temperature_check.errors import UserError
from temperature_check.files import write_atomically
from temperature_check.record import Record

UNREADABLE = (OSError, ValueError, KeyError, EOFError, NotImplementedError, zipfile.BadZipFile, zlib.error)


@dataclass(frozen=True)
class Store:
    """The directory of finished runs. Files are NumPy's zip format, whose members carry CRC-32 checksums."""

    root: Path

    def path(self, key: str) -> Path:
        """Where the run `key` lies."""
        return self.root / key[:2] / f"{key}.npz"

    def has(self, key: str) -> bool:
        """Whether the run is there and whole; a damaged file is a UserError and stays where it is."""
        return self.path(key).exists() and bool(self.read(key))

    def read(self, key: str) -> Record:
        """The record of a finished run. Raises UserError where it is missing or damaged."""
        return read_arrays(self.path(key), "a stored run", "delete it to have the run trained again")

    def write(self, key: str, record: Record) -> None:
        """Keep a record, in one step: a reader sees all of it or nothing."""
        write_arrays(self.path(key), record)


def write_arrays(path: Path, record: Record) -> None:
    """Write arrays and facts to one npz file, atomically; the same record gives the same bytes."""
    facts = np.array(json.dumps(record.facts, sort_keys=True))
    write_atomically(path, lambda file: np.savez_compressed(file, facts=facts, **record.arrays))


def read_arrays(path: Path, what: str, remedy: str) -> Record:
    """Read what `write_arrays` wrote, every checksum verified, nothing unpickled.

    Raises UserError, naming the file, `what` it should be and the `remedy`.
    """
    try:
        with zipfile.ZipFile(path) as file:
            if damaged := file.testzip():
                raise zipfile.BadZipFile(f"checksum of {damaged}")
        with np.load(path, allow_pickle=False) as file:
            arrays = dict(file)
        return Record(facts=json.loads(str(arrays.pop("facts"))), arrays=arrays)
    except UNREADABLE as error:
        raise UserError(f"{path}: not {what}, or damaged ({_reason(error)}); {remedy}") from error


def _reason(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__
