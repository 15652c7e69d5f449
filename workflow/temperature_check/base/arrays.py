"""A record in one npz file, with a version and a SHA-256 checksum of its arrays and facts."""

from __future__ import annotations

import hashlib
import json
import zipfile
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

from temperature_check.base.errors import UserError, one_line
from temperature_check.base.files import write_atomically
from temperature_check.base.record import Record

VERSION = 1
"""Version of the file format. A file of another version is refused."""
UNREADABLE = (OSError, ValueError, KeyError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error)


def write_arrays(path: Path, record: Record, save: Callable = np.savez_compressed) -> None:
    """Write a record to one npz file, atomically. Equal records give equal bytes."""
    facts = json.dumps(record.facts, sort_keys=True).encode()
    checksum = np.array(_checksum(record.arrays, facts))
    extra = {"version": np.array(VERSION), "facts": np.frombuffer(facts, np.uint8), "checksum": checksum}
    write_atomically(path, lambda file: save(file, **extra, **record.arrays))


def read_arrays(path: Path, what: str, remedy: str) -> Record:
    """Read a file of `write_arrays` and verify its checksum. Nothing is unpickled.

    Raises UserError if the file is missing, damaged or of another version. The message names the file, `what` it
    should be and the `remedy`.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            _refuse_other_version(file)
            arrays = {name: file[name] for name in file.files if name != "version"}
        facts, checksum = arrays.pop("facts").tobytes(), str(arrays.pop("checksum"))
        if checksum != _checksum(arrays, facts):
            raise ValueError("its checksum does not agree")
        return Record(facts=json.loads(facts), arrays=arrays)
    except UNREADABLE as error:
        raise UserError(f"{path}: not {what}, or damaged ({one_line(error)}); {remedy}") from error


def read_part(path: Path, names: Iterable[str], what: str, remedy: str) -> Record:
    """Read the facts and those of the arrays `names` that there are, which is fast. The checksum is not verified.

    Raises UserError as `read_arrays` does.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            _refuse_other_version(file)
            arrays = {name: file[name] for name in names if name in file.files}
            return Record(facts=json.loads(file["facts"].tobytes()), arrays=arrays)
    except UNREADABLE as error:
        raise UserError(f"{path}: not {what}, or damaged ({one_line(error)}); {remedy}") from error


def _refuse_other_version(file: np.lib.npyio.NpzFile) -> None:
    version = int(file["version"]) if "version" in file.files else 0
    if version != VERSION:
        raise ValueError(f"it is of version {version}, and this program reads version {VERSION}")


def _checksum(arrays: dict[str, np.ndarray], facts: bytes) -> str:
    content = hashlib.sha256(facts)
    for name, array in sorted(arrays.items()):
        content.update(f"{name} {array.dtype} {array.shape}".encode())
        content.update(np.ascontiguousarray(array).tobytes())
    return content.hexdigest()
