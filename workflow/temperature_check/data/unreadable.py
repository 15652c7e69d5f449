"""Errors in one line about data of TensorFlow Datasets that cannot be read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from temperature_check.base.errors import UserError, one_line


@contextmanager
def unreadable(what: str) -> Iterator[None]:
    """Turn errors of TensorFlow and TFDS about damaged data into a UserError about `what`."""
    from google.protobuf.json_format import ParseError
    from tensorflow.errors import OpError

    try:
        yield
    except (OpError, ParseError, OSError, ValueError) as error:
        raise UserError(f"{what} cannot be read ({reason(error)}); {remedy('the directory')}") from error


def remedy(what: object) -> str:
    """What to do about a damaged data directory."""
    return f"delete {what} to have it prepared again, or copy it whole"


def reason(error: BaseException) -> str:
    """The message of an error in one line, without the names of TensorFlow's operations."""
    text = one_line(error).rpartition("}} ")[2].partition(" [Op:")[0].partition(" [[{{")[0]
    return text or type(error).__name__
