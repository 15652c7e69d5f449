"""Command `compare`: whether two studies agree."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from temperature_check.base.errors import UserError
from temperature_check.base.files import write_text
from temperature_check.commands.sides import Side, different_settings, equal_tasks, read_side
from temperature_check.evaluation.comparison import LEVEL, POWER, Sample, at_smallest_norm, compare
from temperature_check.tables.verdicts import changed_verdicts, read_verdicts

DIFFERENT = 3
"""Exit code if a cell differs."""
SHOWN = {
    "task": "task",
    "beta": "β",
    "z0": "‖Z0‖",
    "seeds": "seeds",
    "n_a": "n A",
    "n_b": "n B",
    "scaled_learning_rate_a": "ηβ A",
    "scaled_learning_rate_b": "ηβ B",
    "accuracy_a": "A, %",
    "accuracy_b": "B, %",
    "difference": "B - A",
    "within": "within ±",
    "detectable": "smallest seen",
}
POINTS = [SHOWN[name] for name in ("accuracy_a", "accuracy_b", "difference", "within", "detectable")]


def compare_paths(first: Path, second: Path, output: Path | None) -> tuple[str, bool]:
    """What to print, and whether any cell differs. output: CSV file for the numbers of all cells."""
    a, b = read_side(first), read_side(second)
    cells = compare(_sample(a, b), _sample(b, a), equal_tasks(a, b))
    _refuse_nothing(cells, a, b)
    if output:
        write_text(output, cells.to_csv(index=False))
    parts = [_heading(a, b, cells), _table(cells), *_settings(a, b), _summary(cells), *_verdicts(a, b)]
    return "\n\n".join(parts), bool(cells["differs"].any())


def _sample(side: Side, other: Side) -> Sample:
    # A study's cell without ‖Z0‖ has plain initialization, which is no cell of the other side's grid.
    return side.sample if side.runs is not None else at_smallest_norm(side.sample, other.sample)


def _refuse_nothing(cells: pd.DataFrame, a: Side, b: Side) -> None:
    if cells.empty:
        raise UserError(f"{a.name}, {b.name}: no common cell (task, β, ‖Z0‖); A has {_named(a)}; B has {_named(b)}")
    if cells["within"].isna().all():
        raise UserError(
            f"{a.name}, {b.name}: no spread between seeds is known in any common cell; a side needs cells of two runs"
            " or more, or published numbers a column sd or standard_error"
        )


def _named(side: Side) -> str:
    cells = side.sample.cells
    return "; ".join(f"{task} at β = {', '.join(f'{beta:g}' for beta in own)}" for task, own in _betas(cells)) or "none"


def _betas(cells: pd.DataFrame):
    return cells.groupby("task")["beta"].unique().items()


def _heading(a: Side, b: Side, cells: pd.DataFrame) -> str:
    sides = (
        f"{letter}: {s.name}, {len(s.sample.cells)} cells, {len(cells)} compared" for letter, s in zip("AB", (a, b))
    )
    return "\n".join(sides)


def _table(cells: pd.DataFrame) -> str:
    shown = cells[[*SHOWN]].rename(columns=SHOWN)
    marked = shown.assign(**{"": cells["differs"].map({True: "DIFFERS", False: ""})})
    points = dict.fromkeys(POINTS, "{:.2f}".format)
    return marked.to_string(index=False, na_rep="-", formatters=points, float_format="{:g}".format)


def _settings(a: Side, b: Side) -> list[str]:
    lines = different_settings(a, b)
    return ["\n".join(["What differs between A and B:", *(f"  {line}" for line in lines)])] if lines else []


def _summary(cells: pd.DataFrame) -> str:
    judged = cells["within"].notna().sum()
    lines = [
        f"{cells['differs'].sum()} of {judged} cells differ beyond their intervals, which hold all differences in"
        f" {1 - LEVEL:.0%} of comparisons if nothing differs.",
        f"Smallest difference that would be found with a power of {POWER:.0%}: {cells['detectable'].min():.2g} to"
        f" {cells['detectable'].max():.2g} points.",
    ]
    if judged < len(cells):
        lines.append(f"{len(cells) - judged} cells are not judged, because no spread is known in their task.")
    return "\n".join(lines)


def _verdicts(a: Side, b: Side) -> list[str]:
    if a.claims is None or b.claims is None:
        return []
    verdicts = read_verdicts(a.claims), read_verdicts(b.claims)
    changed, common = changed_verdicts(*verdicts), len(verdicts[0].index.intersection(verdicts[1].index))
    summary = f"{len(changed)} of {common} verdicts on claims differ, {int(changed['flip'].sum())} of them flip."
    if changed.empty:
        return [summary]
    shown = changed.assign(flip=changed["flip"].map({True: "FLIP", False: ""}))
    return [shown.rename(columns={"a": "A", "b": "B", "flip": ""}).to_string(index=False), summary]
