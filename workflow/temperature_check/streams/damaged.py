"""Data of TensorFlow Datasets that cannot be read, as an error in one line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from temperature_check.errors import UserError


@contextmanager
def unreadable(what: str) -> Iterator[None]:
    """Turn TensorFlow's errors of damaged records, and TFDS's of damaged descriptions, into a UserError of `what`."""
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
    """What an error says, in one line, without the names of TensorFlow's operations."""
    text = " ".join(str(error).split()).rpartition("}} ")[2].partition(" [Op:")[0].partition(" [[{{")[0]
    return text or type(error).__name__
