"""The store of finished runs, which all studies share.

Each run is a file named by its key. It is written atomically and checked when it is read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from temperature_check.base.arrays import read_arrays, read_part, write_arrays
from temperature_check.base.errors import UserError
from temperature_check.base.files import write_text
from temperature_check.base.record import Record

VERSION = "1"
"""Version of the folder's layout. A store of another version is refused."""
WHAT, REMEDY = "a stored run", "delete it to have the run trained again"


@dataclass(frozen=True)
class Store:
    """The folder of finished runs. Raises UserError when a store of another version is first used."""

    folder: Path

    @cached_property
    def root(self) -> Path:
        """The folder, after a check of its version."""
        version = self.folder / "VERSION"
        found = version.read_text(encoding="utf-8").strip() if version.exists() else VERSION
        if found != VERSION:
            raise UserError(
                f"{self.folder}: a store of version {found}, and this program has version {VERSION}; move it away, or"
                " use the program that wrote it"
            )
        return self.folder

    def path(self, key: str) -> Path:
        """The file of the run `key`."""
        return self.root / key[:2] / f"{key}.npz"

    def checkpoints(self, key: str) -> Path:
        """The folder of the checkpoints of an unfinished run."""
        return self.root / "checkpoints" / key

    def list_keys(self, start: str = "") -> Iterator[str]:
        """The keys of all finished runs, or of those whose key begins with `start`."""
        folder = start[:2] if len(start) >= 2 else f"{start}*"
        return (path.stem for path in sorted(self.root.glob(f"{folder}/{start}*.npz")))

    def has(self, key: str) -> bool:
        """Whether the run is stored. Raises UserError if its file is damaged; the file is not deleted."""
        return self.path(key).exists() and bool(self.read(key))

    def read(self, key: str) -> Record:
        """The record of a finished run. Raises UserError if it is missing or damaged."""
        return read_arrays(self.path(key), WHAT, REMEDY)

    def facts(self, key: str) -> dict:
        """The facts of a finished run. Raises UserError if it is missing or damaged."""
        return self.part(key).facts

    def part(self, key: str, names: Iterable[str] = ()) -> Record:
        """The facts of a finished run and some of its arrays, if it has them. It is not verified as a whole.

        Raises UserError if it is missing or damaged.
        """
        return read_part(self.path(key), names, WHAT, REMEDY)

    def write(self, key: str, record: Record) -> None:
        """Store a record atomically."""
        if not (self.root / "VERSION").exists():
            write_text(self.root / "VERSION", f"{VERSION}\n")
        write_arrays(self.path(key), record)
