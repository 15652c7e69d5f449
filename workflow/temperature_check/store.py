"""Finished runs, each a file named by its key: written atomically, checked when read, shared between studies."""

from __future__ import annotations

import hashlib
import json
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from temperature_check.errors import UserError
from temperature_check.files import write_atomically
from temperature_check.record import Record

UNREADABLE = (OSError, ValueError, KeyError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error)


@dataclass(frozen=True)
class Store:
    """The directory of finished runs. Files are NumPy's npz format, with a SHA-256 checksum of all they hold."""

    root: Path

    def path(self, key: str) -> Path:
        """Where the run `key` lies."""
        return self.root / key[:2] / f"{key}.npz"

    def checkpoints(self, key: str) -> Path:
        """The folder of the checkpoints of a run that is not finished."""
        return self.root / "checkpoints" / key

    def has(self, key: str) -> bool:
        """Whether the run is there and whole; a damaged file is a UserError and stays where it is."""
        return self.path(key).exists() and bool(self.read(key))

    def read(self, key: str) -> Record:
        """The record of a finished run. Raises UserError where it is missing or damaged."""
        return read_arrays(self.path(key), "a stored run", "delete it to have the run trained again")

    def write(self, key: str, record: Record) -> None:
        """Keep a record, in one step: a reader sees all of it or nothing."""
        write_arrays(self.path(key), record)


def write_arrays(path: Path, record: Record, save: Callable = np.savez_compressed) -> None:
    """Write arrays and facts to one npz file, atomically; the same record gives the same bytes."""
    facts = json.dumps(record.facts, sort_keys=True)
    extra = {"facts": np.array(facts), "checksum": np.array(_checksum(record.arrays, facts))}
    write_atomically(path, lambda file: save(file, **extra, **record.arrays))


def read_arrays(path: Path, what: str, remedy: str) -> Record:
    """Read what `write_arrays` wrote, its checksum verified, nothing unpickled.

    Raises UserError, naming the file, `what` it should be and the `remedy`.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = dict(file)
        facts, checksum = str(arrays.pop("facts")), str(arrays.pop("checksum"))
        if checksum != _checksum(arrays, facts):
            raise ValueError("its checksum does not agree")
        return Record(facts=json.loads(facts), arrays=arrays)
    except UNREADABLE as error:
        raise UserError(f"{path}: not {what}, or damaged ({_reason(error)}); {remedy}") from error


def _checksum(arrays: dict[str, np.ndarray], facts: str) -> str:
    content = hashlib.sha256(facts.encode())
    for name, array in sorted(arrays.items()):
        content.update(f"{name} {array.dtype} {array.shape}".encode())
        content.update(np.ascontiguousarray(array).tobytes())
    return content.hexdigest()


def _reason(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__
