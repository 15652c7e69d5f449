"""Writes one table for reading into its files."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from temperature_check.base.files import write_text
from temperature_check.tables.markup import latex, markdown


def make_table(name: str, runs: pd.DataFrame, settings, titles: dict[str, str], stem: Path) -> None:
    """Write table `name` as numbers to stem.csv, and for reading to stem.md (Markdown) and stem.tex (LaTeX, booktabs).

    Below the table for reading, sentences say what was found.
    settings: of the table. titles: what to call each task, in the order of the rows.
    """
    module = importlib.import_module(f"temperature_check.tables.{name}")
    numbers = module.compute(runs, settings, titles)
    shown = module.display(numbers)
    write_text(stem.with_suffix(".csv"), numbers.to_csv(index=False))
    table = _typed(shown, markdown).to_markdown(index=False, disable_numparse=True)
    said = module.sentences(numbers)
    write_text(stem.with_suffix(".md"), "\n\n".join([table, *map(markdown, said)]) + "\n")
    write_text(stem.with_suffix(".tex"), "\n\n".join([_booktabs(_typed(shown, latex)), *map(latex, said)]) + "\n")


def _typed(shown: pd.DataFrame, markup: Callable[[str], str]) -> pd.DataFrame:
    """The table in a markup that shows its headings and cells as they are."""
    return shown.map(markup).rename(columns=markup)


def _booktabs(shown: pd.DataFrame) -> str:
    return shown.style.hide(axis="index").to_latex(hrules=True, column_format="l" * len(shown.columns))
