"""Lists of SHA-256 sums, by which an edited file is noticed."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from temperature_check.base.errors import UserError

SUMS = "SHA256SUMS"
"""Name of the list of a folder, in the format that `sha256sum` writes and `sha256sum --check` reads."""
LINE = re.compile(r"(?P<sum>[0-9a-f]{64}) [ *](?P<name>.+)")


def check_sums(folder: Path) -> None:
    """Raise UserError if a file that the list of a folder names is missing or was edited. A folder may have no list."""
    sums = folder / SUMS
    if not sums.exists():
        return
    for number, line in enumerate(sums.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
        listed = LINE.fullmatch(line)
        if not listed:
            raise UserError(f"{sums}:{number}: should be a SHA-256 sum and a name, as `sha256sum` writes them")
        _check(folder / listed["name"], listed["sum"], sums)


def _check(path: Path, expected: str, sums: Path) -> None:
    if not path.exists():
        state = "is missing"
    elif hashlib.sha256(path.read_bytes()).hexdigest() != expected:
        state = "was edited"
    else:
        return
    raise UserError(
        f"{path}: {state}, by {sums}; restore it with `git checkout {path}` or, if its change is meant, write the sums"
        " anew as results/reference/README.md says"
    )
