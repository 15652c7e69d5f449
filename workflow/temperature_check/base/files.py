"""Files that are written completely or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from temperature_check.base.errors import UserError


def write_atomically(path: Path, write: Callable) -> None:
    """Call `write(file)` on a temporary binary file beside `path`, then rename it to `path`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
        try:
            write(file)
            file.flush()
            os.fsync(file.fileno())
            os.chmod(file.name, 0o666 & ~_umask())
            os.replace(file.name, path)
        except BaseException:
            os.unlink(file.name)
            raise


def write_text(path: Path, text: str) -> None:
    """Write a text file atomically, in UTF-8."""
    write_atomically(path, lambda file: file.write(text.encode()))


def require_space(path: Path, needed: int) -> None:
    """Raise UserError if the disk of `path` has less than `needed` bytes free. The path need not exist yet."""
    existing = next(folder for folder in (path.absolute(), *path.absolute().parents) if folder.exists())
    if (free := shutil.disk_usage(existing).free) < needed:
        raise UserError(f"{path}: {free / 1e6:,.0f} MB of disk are free, {needed / 1e6:,.0f} MB are needed")


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
