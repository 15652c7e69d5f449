"""How many seeds the comparisons of a study need, from the spread of its finished runs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from temperature_check.base.paths import StudyPaths
from temperature_check.base.tables import read_table
from temperature_check.evaluation.power import MOST, accuracy_comparisons, slope_comparisons
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
    return pd.DataFrame(rows, columns=[*COLUMNS]).to_markdown(index=False, disable_numparse=True)


def _row(study: Study, row) -> list[str]:
    timed, bounded = np.isfinite(row.seconds), np.isfinite(row.needed)
    unit = " points" if timed else ""
    return [
        markdown(study.tasks[row.task].title),
        row.comparison,
        str(row.pilot),
        f"{row.spread:.2g}{unit}",
        f"{row.seconds:.2g}" if timed else "–",
        f"{row.effect:g}{unit}",
        f"{row.needed:g}" if bounded else f"> {MOST}",
        f"{row.seconds * row.needed:.0f}" if timed and bounded else "–",
    ]
