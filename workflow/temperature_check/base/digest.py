"""A short hash of a value."""

from __future__ import annotations

import hashlib
import json


def digest(value: object, length: int = 32) -> str:
    """The start of the hexadecimal SHA-256 of a JSON value. The order of keys in dictionaries does not matter.

    >>> digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})
    True
    """
    text = json.dumps(value, sort_keys=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:length]
