"""Faults of a user's model or data, each told in one line. Importing this module loads no backend."""

from __future__ import annotations

import re

LONGEST_REASON = 200
MODES = ("training", "inference")
"""Modes in which a network is called."""


class ModelFault(ValueError):
    """The model cannot be used. The message is one line that says why and what would be right."""


class DataFault(ValueError):
    """Inputs or labels cannot be used. The message is one line that says why and what would be right."""


def reason(error: BaseException) -> str:
    """The type and the message of an error of a user's code or a library, in one short line.

    >>> reason(ValueError("first,\\n  second")), reason(KeyError())
    ('ValueError: first, second', 'KeyError')
    """
    text = re.sub(r"\x1b\[\d*m|\{\{function_node [^}]*\}\}", "", str(error))
    text = re.split(r"Arguments received by|Call arguments received|\[Op:", text)[0]
    if text.lstrip().startswith("in user code"):
        text = [line for line in text.splitlines() if line.strip()][-1]
    words = " ".join(text.split())
    kind = type(error).__name__
    if len(words) > LONGEST_REASON:
        words = f"{words[:LONGEST_REASON].rstrip()} ..."
    return f"{kind}: {words}" if words and words != kind else kind


def is_out_of_memory(error: BaseException) -> bool:
    """Whether a backend ran out of memory."""
    named = type(error).__name__ in ("ResourceExhaustedError", "MemoryError")
    return named or "RESOURCE_EXHAUSTED" in str(error)
