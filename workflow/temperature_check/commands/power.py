"""How many seeds the comparisons of a study need, from the spread of its finished runs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from temperature_check.base.paths import StudyPaths
from temperature_check.base.tables import read_table
from temperature_check.evaluation.power import accuracy_comparisons, slope_comparisons
from temperature_check.study.study import Study
from temperature_check.tables.markup import markdown

COLUMNS = ("task", "comparison", "pilot n", "spread", "s a seed", "smallest effect", "n needed", "s in all")


def power_text(study: Study, points: float, slope: float, confidence: float, power: float) -> str:
    """A Markdown table of all comparisons of a finished study, one row each."""
    paths = StudyPaths(study.study)
    accuracies = accuracy_comparisons(read_table(Path(paths.runs)), points, confidence, power)
    tables = (read_table(file) if file.exists() else None for file in map(Path, (paths.events, paths.largest_rates)))
    slopes = slope_comparisons(*tables, slope, confidence, power)
    rows = [_row(study, row) for table in (accuracies, slopes) for row in table.itertuples()]
    return "\n".join([_line(COLUMNS), _line(["---"] * len(COLUMNS)), *map(_line, rows)])


def _row(study: Study, row) -> list[str]:
    unit = " points" if np.isfinite(row.seconds) else ""
    needed = f"{row.needed:g}" if np.isfinite(row.needed) else "> 1000"
    seconds = f"{row.seconds:.2g}" if unit else "–"
    whole = f"{row.seconds * row.needed:.0f}" if unit and np.isfinite(row.needed) else "–"
    spread = "–" if pd.isna(row.spread) else f"{row.spread:.2g}{unit}"
    needed = "–" if pd.isna(row.needed) else needed
    title = markdown(study.tasks[row.task].title)
    return [title, row.comparison, str(row.pilot), spread, seconds, f"{row.effect:g}{unit}", needed, whole]


def _line(cells) -> str:
    return f"| {' | '.join(cells)} |"
