"""What figures are drawn with: Matplotlib without a user's defaults, and its own font."""

from __future__ import annotations

import contextlib
import importlib.util
import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from temperature_check.base.imports import around_import

FONT = "DejaVu Sans"
"""It comes with Matplotlib, so that figures look the same on every machine."""
LAST_CERTAIN = "\u024f"
"""The font has all printable letters up to this one, the end of the Latin alphabets."""


def settle_drawing() -> None:
    """Let Matplotlib be imported without a user's backend and matplotlibrc, with which its import may fail.

    Keras imports it too. What of a user's settings is set later is put aside by the style of the figures.
    """
    os.environ["MPLBACKEND"] = "agg"
    around_import("matplotlib", _its_own_defaults)


@contextlib.contextmanager
def _its_own_defaults() -> Iterator[None]:
    """Import in the folder of the matplotlibrc that comes with Matplotlib, because that of the folder comes first."""
    with contextlib.chdir(_data()):
        yield


def _data() -> Path:
    return Path(importlib.util.find_spec("matplotlib").origin).resolve().parent / "mpl-data"


def letters_without_picture(text: str) -> list[str]:
    """The letters of a text that the font lacks.

    >>> letters_without_picture("WRN-10-1 × β, ‖Z0‖"), letters_without_picture("数字")
    ([], ['数', '字'])
    """
    unusual = [letter for letter in text if letter > LAST_CERTAIN]
    return [letter for letter in unusual if ord(letter) not in _pictures()]


@cache
def _pictures() -> set[int]:
    # Matplotlib would read a user's defaults when it is imported.
    from fontTools.ttLib import TTFont

    return set(TTFont(_data() / "fonts/ttf/DejaVuSans.ttf").getBestCmap())
