"""Chosen rates, and the file that holds them."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from temperature_check.base.errors import UserError
from temperature_check.base.files import write_text

Cell = tuple[str, float, float | None]
"""Task, β, ‖Z0‖."""


@dataclass(frozen=True)
class ChosenRate:
    """The chosen rate of one cell.

    scaled_learning_rate: ηβ; None if no run reached the cell's ‖Z0‖.
    edge: `lowest` or `highest` if the rate is at that end of its grid, so that a better rate may exist beyond it.
    validation_accuracy: mean over `seeds` tuning seeds, with failed runs at chance.
    """

    beta: float
    z0: float | None
    scaled_learning_rate: float | None
    edge: str
    validation_accuracy: float | None
    seeds: int


def write_rates(path: Path, task: str, rates: list[ChosenRate]) -> None:
    """Write the chosen rates of a task as JSON, atomically."""
    document = {"task": task, "cells": [asdict(rate) for rate in rates]}
    write_text(path, json.dumps(document, indent=2) + "\n")


def read_rates(path: Path) -> dict[Cell, ChosenRate]:
    """The chosen rates by (task, β, ‖Z0‖). Raises UserError if the file is missing or damaged."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        rates = [ChosenRate(**cell) for cell in document["cells"]]
        return {(document["task"], rate.beta, rate.z0): rate for rate in rates}
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise UserError(f"{path}: not a file of chosen rates, or damaged; delete it and make it again") from error
