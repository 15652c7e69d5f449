"""How a command ends if an error occurs."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from temperature_check.base.errors import UserError

log = logging.getLogger("temperature_check")


@contextmanager
def exit_on_user_error() -> Iterator[None]:
    """Turn a UserError or an error of the file system into one line and exit code 1."""
    try:
        yield
    except UserError as error:
        log.error("error: %s", error)
        sys.exit(1)
    except OSError as error:
        log.error("error: %s: %s", error.filename or "input or output", error.strerror or error)
        sys.exit(1)
