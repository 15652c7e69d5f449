"""Draws one figure into its files."""

from __future__ import annotations

import importlib
import io
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from temperature_check.base.files import write_atomically, write_text
from temperature_check.base.formats import PICTURES
from temperature_check.figures.style import add_mark, paper_style

if TYPE_CHECKING:
    from temperature_check.study.figures import FigureOfTasks, Panel


def make_figure(
    name: str, runs: pd.DataFrame, settings: FigureOfTasks, panels: list[Panel], stem: Path, mark: str = ""
) -> None:
    """Draw figure `name` and write it to stem.pdf and stem.png, and the numbers it shows to stem.csv.

    mark: a warning to write across the top of the figure.
    """
    module = importlib.import_module(f"temperature_check.figures.{name}")
    with paper_style():
        figure, numbers = module.draw(runs, settings, panels)
        if mark:
            add_mark(figure, mark)
        for extension in PICTURES:
            _save(figure, stem.with_suffix(f".{extension}"))
    write_text(stem.with_suffix(".csv"), numbers.convert_dtypes().to_csv(index=False))


def _save(figure, path: Path) -> None:
    dates = {"CreationDate": None} if path.suffix == ".pdf" else {}
    buffer = io.BytesIO()
    figure.savefig(buffer, format=path.suffix[1:], metadata=dates)
    write_atomically(path, lambda file: file.write(buffer.getvalue()))
