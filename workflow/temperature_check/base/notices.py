"""TensorFlow's notices at its import, which say nothing about an error, are left out of a command's messages."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from temperature_check.base.imports import around_import

LONGEST_WAIT = 5
"""Seconds until what the filter still holds is no longer waited for."""
NOTICE = "^(WARNING: All log messages before absl::InitializeLog|I[0-9]{4} )"
"""Lines of the level of information, and the line above them. Warnings and errors are shown."""


def silence_notices() -> None:
    """Leave TensorFlow's notices out of standard error, during its import and after it. Errors are shown as ever."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "1")
    around_import("tensorflow", _filtered)


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
