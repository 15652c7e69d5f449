"""What a user is meant to read when something is wrong: one line."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager

log = logging.getLogger("temperature_check")


class UserError(Exception):
    """Something a user can mend; the message is one line: what is wrong, where, and what would be right."""


def unreachable_norm(task: str, z0: float, bound: str = "") -> UserError:
    """The error of an initial logit norm that no cell of a task reaches; `bound` says what is the largest."""
    return UserError(f"tasks.{task}.grid.z0 = {z0:g}: no β of the grid reaches it{bound}; leave it out or raise β")


def no_gpu(backend: str) -> UserError:
    """The error of a study that asks for a GPU where a backend sees none."""
    return UserError(
        f"engine.device = 'gpu': {backend} sees no GPU here; ask for a job with one, install {backend} with its support"
        " for GPUs, or set engine.device to cpu"
    )


@contextmanager
def exit_on_user_error() -> Iterator[None]:
    """Turn what a user can mend, errors of the file system included, into one line and exit code 1."""
    try:
        yield
    except UserError as error:
        log.error("error: %s", error)
        sys.exit(1)
    except OSError as error:
        log.error("error: %s: %s", error.filename or "input or output", error.strerror or error)
        sys.exit(1)
