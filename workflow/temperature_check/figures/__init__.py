"""The figure stage.

A figure is a module of this package with `draw(runs, settings, titles)`: tables in, figure and plotted numbers out.
"""

from __future__ import annotations

import importlib
import io
from pathlib import Path

import pandas as pd
from pydantic import BaseModel

from temperature_check.figures.style import paper_style
from temperature_check.files import write_atomically, write_text
from temperature_check.paths import FIGURE_FORMATS


def make_figure(name: str, runs: pd.DataFrame, settings: BaseModel, titles: dict[str, str], stem: Path) -> None:
    """Draw figure `name` and write it to stem.pdf and stem.png, and the numbers it shows to stem.csv.

    titles: the tasks of the study and how figures call them.
    """
    module = importlib.import_module(f"temperature_check.figures.{name}")
    with paper_style():
        figure, numbers = module.draw(runs, settings, titles)
        for extension in FIGURE_FORMATS[:2]:
            _save(figure, stem.with_suffix(f".{extension}"))
    write_text(stem.with_suffix(".csv"), numbers.to_csv(index=False))


def _save(figure, path: Path) -> None:
    dates = {"CreationDate": None} if path.suffix == ".pdf" else {}
    buffer = io.BytesIO()
    figure.savefig(buffer, format=path.suffix[1:], metadata=dates)
    write_atomically(path, lambda file: file.write(buffer.getvalue()))
