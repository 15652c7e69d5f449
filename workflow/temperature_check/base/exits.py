"""How a command ends if an error occurs."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from temperature_check.base.errors import UserError, one_line

log = logging.getLogger("temperature_check")


@contextmanager
def exit_on_user_error() -> Iterator[None]:
    """Turn a UserError or an error of the file system into one line for each error, and exit code 1.

    If the program that reads the output has ended, as `| head -1` does, this program ends without a word.
    """
    try:
        yield
    except UserError as error:
        _refuse(error.lines)
    except BrokenPipeError:
        _leave_closed_pipe()
    except OSError as error:
        _refuse([f"{error.filename or 'input or output'}: {error.strerror or one_line(error)}"])


def _refuse(lines: list[str]) -> None:
    for line in lines:
        log.error("error: %s", line)
    sys.exit(1)


def _leave_closed_pipe() -> None:
    # Python writes what is left of the output when it ends, which would fail again.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(1)
