"""The terminal: which characters it can show, colors, and progress."""

from __future__ import annotations

import codecs
import io
import logging
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import TextIO, TypeVar

SPELLINGS = {
    **{"α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "epsilon", "η": "eta", "θ": "theta"},
    **{"λ": "lambda", "μ": "mu", "π": "pi", "σ": "sigma", "τ": "tau", "Θ": "Theta", "Σ": "Sum", "∂": "d"},
    **{"‖": "|", "−": "-", "–": "-", "—": "-", "×": "x", "·": "*", "√": "sqrt ", "²": "^2", "∞": "inf"},
    **{"→": "->", "↦": "->", "≤": "<=", "≥": ">=", "≠": "!=", "≈": "~", "∝": "~", "…": "...", "±": "+-"},
    **{"\N{COMBINING TILDE}": "~", "“": '"', "”": '"', "‘": "'", "’": "'", "\N{NO-BREAK SPACE}": " "},
}
"""What is written for a character that a terminal lacks. Other characters become question marks."""
SPELL = "temperature_check.spell"
RED, PLAIN = "\x1b[31m", "\x1b[0m"

T = TypeVar("T")


def settle_terminal() -> None:
    """Let standard output and standard error spell the characters that their encoding lacks."""
    codecs.register_error(SPELL, _spell)
    sys.stdout, sys.stderr = map(_spelling, (sys.stdout, sys.stderr))


def _spelling(stream: TextIO | None) -> TextIO | None:
    # A closed stream is None, and a captured one may be of another class.
    if not isinstance(stream, io.TextIOWrapper):
        return stream
    stream.reconfigure(errors=SPELL)
    ascii_only = codecs.lookup(stream.encoding).name == "ascii"
    return _Ascii(stream.buffer, encoding="latin-1", line_buffering=True) if ascii_only else stream


class _Ascii(io.TextIOWrapper):
    """A stream of ASCII that says it has Latin letters, because Typer would send UTF-8 to a stream of ASCII."""

    def write(self, text: str) -> int:
        return super().write(text.encode("ascii", SPELL).decode("ascii"))


def _spell(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(SPELLINGS.get(letter, "?") for letter in error.object[error.start : error.end]), error.end


def colored() -> bool:
    """Whether messages may have colors: standard error is a terminal that knows them, and NO_COLOR is not set."""
    known = os.environ.get("TERM") != "dumb" and not os.environ.get("NO_COLOR")
    return known and sys.stderr is not None and sys.stderr.isatty()


class MessageFormatter(logging.Formatter):
    """Messages as they are; on a terminal with colors the word `error` is red."""

    def format(self, record: logging.LogRecord) -> str:
        """The line of a message."""
        text = super().format(record)
        error = record.levelno >= logging.ERROR and text.startswith("error:") and colored()
        return text.replace("error:", f"{RED}error:{PLAIN}", 1) if error else text


def with_progress(items: Sequence[T], what: str) -> Iterator[T] | Iterable[T]:
    """The items, with a progress bar on a terminal that knows colors."""
    if not colored() or len(items) < 2:
        return items
    from rich.console import Console
    from rich.progress import track

    return track(items, description=what, console=Console(stderr=True), transient=True)
