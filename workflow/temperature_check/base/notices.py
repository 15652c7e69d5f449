"""TensorFlow's notices at its import, which say nothing about an error, are left out of a command's messages."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.abc import MetaPathFinder

LIBRARY = "tensorflow"
LONGEST_WAIT = 5
"""Seconds until what the filter still holds is no longer waited for."""
NOTICE = "^(WARNING: All log messages before absl::InitializeLog|I[0-9]{4} )"
"""Lines of the level of information, and the line above them. Warnings and errors are shown."""


def silence_notices() -> None:
    """Leave TensorFlow's notices out of standard error, during its import and after it. Errors are shown as ever."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "1")
    if LIBRARY not in sys.modules:
        sys.meta_path.insert(0, _QuietImport())


class _QuietImport(MetaPathFinder):
    """Finds the library as ever, and filters standard error while it is imported."""

    def find_spec(self, name: str, path=None, target=None):
        if name != LIBRARY:
            return None
        sys.meta_path.remove(self)
        try:
            spec = importlib.util.find_spec(name)
        finally:
            # Who only asks whether the library is installed does not import it.
            sys.meta_path.insert(0, self)
        if spec:
            _filter_import(spec.loader)
        return spec


def _filter_import(loader) -> None:
    import_it = loader.exec_module

    def exec_module(module) -> None:
        loader.exec_module = import_it
        with _filtered():
            import_it(module)

    loader.exec_module = exec_module


@contextmanager
def _filtered() -> Iterator[None]:
    """Filter file descriptor 2 by a process of its own, which shows the last words of an import that crashes."""
    with suppress(OSError, AttributeError):
        sys.stderr.flush()
    if not (grep := shutil.which("grep")):
        yield
        return
    kept = os.dup(2)
    process = subprocess.Popen([grep, "-vE", "--line-buffered", NOTICE], stdin=subprocess.PIPE, stdout=kept)
    os.dup2(process.stdin.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        process.stdin.close()
        # A process that the library started may keep the pipe open.
        with suppress(subprocess.TimeoutExpired):
            process.wait(LONGEST_WAIT)
