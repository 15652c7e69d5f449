"""Choice of learning rates: for each cell (β, ‖Z0‖), that with the highest mean validation accuracy of tuning runs."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd

from temperature_check.errors import UserError, unreachable_norm
from temperature_check.files import write_text

TIE_DECIMALS = 12

Cell = tuple[str, float, float | None]


@dataclass(frozen=True)
class ChosenRate:
    """The rate of one cell.

    scaled_learning_rate: ηβ, None where no run reached the cell's ‖Z0‖.
    edge: `lowest` or `highest` where the best rate is at that end of its grid, a better one may lie beyond; or empty.
    validation_accuracy: mean over `seeds` tuning seeds, failed runs counted at chance.
    """

    beta: float
    z0: float | None
    scaled_learning_rate: float | None
    edge: str
    validation_accuracy: float | None
    seeds: int


def choose_rates(runs: pd.DataFrame) -> list[ChosenRate]:
    """The rate of each cell of a table of tuning runs; ties go to the smaller rate.

    Raises UserError where no run at all reached a ‖Z0‖ of the grid.
    """
    for z0, cells in runs.groupby("z0"):
        if (cells["status"] == "unreachable").all():
            raise unreachable_norm(cells["task"].iloc[0], z0)
    return [_choose(beta, z0, cell) for (beta, z0), cell in runs.groupby(["beta", "z0"], dropna=False)]


def _choose(beta: float, z0: float, cell: pd.DataFrame) -> ChosenRate:
    norm = None if pd.isna(z0) else float(z0)
    reached = cell[cell["status"] != "unreachable"]
    if reached.empty:
        return ChosenRate(float(beta), norm, None, "", None, 0)
    counted = reached["validation_accuracy"].where(reached["status"] == "ok", 1 / reached["classes"])
    means = counted.groupby(reached["scaled_learning_rate"]).mean().round(TIE_DECIMALS).sort_index()
    best = means.idxmax()
    edge = {means.index[0]: "lowest", means.index[-1]: "highest"}.get(best, "")
    return ChosenRate(float(beta), norm, float(best), edge, float(means[best]), reached["seed"].nunique())


def write_rates(path: Path, task: str, rates: list[ChosenRate]) -> None:
    """Write the chosen rates of a task as JSON, atomically."""
    document = {"task": task, "cells": [asdict(rate) for rate in rates]}
    write_text(path, json.dumps(document, indent=2) + "\n")


def read_rates(path: Path) -> dict[Cell, ChosenRate]:
    """The chosen rates by (task, β, ‖Z0‖). Raises UserError where the file is missing or damaged."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        rates = [ChosenRate(**cell) for cell in document["cells"]]
        return {(document["task"], rate.beta, rate.z0): rate for rate in rates}
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise UserError(f"{path}: not a file of chosen rates, or damaged; delete it and make it again") from error
