"""Writes one table for reading into its files."""

from __future__ import annotations

import importlib
from pathlib import Path

import pandas as pd

from temperature_check.base.files import write_text

SYMBOLS = {"β": r"$\beta$", "‖Z0‖": r"$\|Z_0\|$", "–": "--"}


def make_table(name: str, runs: pd.DataFrame, settings, titles: dict[str, str], stem: Path) -> None:
    """Write table `name` as numbers to stem.csv, and for reading to stem.md (Markdown) and stem.tex (LaTeX, booktabs).

    settings: of the table. titles: what to call each task, in the order of the rows.
    """
    module = importlib.import_module(f"temperature_check.tables.{name}")
    numbers = module.compute(runs, settings, titles)
    shown = module.display(numbers)
    write_text(stem.with_suffix(".csv"), numbers.to_csv(index=False))
    write_text(stem.with_suffix(".md"), shown.to_markdown(index=False, disable_numparse=True) + "\n")
    write_text(stem.with_suffix(".tex"), _latex(shown))


def _latex(shown: pd.DataFrame) -> str:
    style = shown.style.format(escape="latex").format_index(axis="columns", escape="latex").hide(axis="index")
    text = style.to_latex(hrules=True, column_format="l" * len(shown.columns))
    for symbol, command in SYMBOLS.items():
        text = text.replace(symbol, command)
    return text
