"""The font of the figures."""

from __future__ import annotations

import importlib.util
from functools import cache
from pathlib import Path

FONT = "DejaVu Sans"
"""It comes with Matplotlib, so that figures look the same on every machine."""
LAST_CERTAIN = "\u024f"
"""The font has all printable letters up to this one, the end of the Latin alphabets."""


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

    folder = Path(importlib.util.find_spec("matplotlib").origin).parent
    return set(TTFont(folder / "mpl-data/fonts/ttf/DejaVuSans.ttf").getBestCmap())
