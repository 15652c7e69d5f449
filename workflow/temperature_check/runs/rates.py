"""Chosen rates, and the file that holds them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from temperature_check.base.errors import UserError
from temperature_check.base.files import write_text

Cell = tuple[str, float, float | None]
"""Task, β, ‖Z0‖."""
TIE_DECIMALS = 12
"""Decimals to which values are compared, so that rounding errors of means decide no tie."""


@dataclass(frozen=True)
class ChosenRate:
    """The chosen rate of one cell at one length of its runs.

    scaled_learning_rate: ηβ; None if no run reached the cell's ‖Z0‖.
    edge: `lowest`, `highest` or `both` if the rate is at that end of those that were tried, or not clearly better than
        the rate there, so that a better rate may exist beyond it; else empty.
    validation_accuracy: mean over `seeds` tuning seeds, with failed runs at chance.
    length: the number of epochs, as a multiple of that of the task.
    fitted: whether all tuning seeds fit the training data.
    """

    beta: float
    z0: float | None
    scaled_learning_rate: float | None
    edge: str
    validation_accuracy: float | None
    seeds: int
    length: float = 1.0
    fitted: bool = False


Rates = Mapping[Cell, tuple[ChosenRate, ...]]
"""By cell, the rate at the length of the task and, if the cell takes another length, the rate at that one."""


def best_rate(scores: Mapping[float, float]) -> float:
    """The rate with the highest score; of several, the smallest.

    >>> best_rate({0.1: 0.5, 1.0: 0.75, 10.0: 0.75})
    1.0
    """
    return min(scores, key=lambda rate: (-round(scores[rate], TIE_DECIMALS), rate))


def write_rates(path: Path, task: str, rates: list[ChosenRate]) -> None:
    """Write the chosen rates of a task as JSON, atomically."""
    document = {"task": task, "cells": [asdict(rate) for rate in rates]}
    write_text(path, json.dumps(document, indent=2) + "\n")


def read_rates(path: Path) -> Rates:
    """The chosen rates by (task, β, ‖Z0‖). Raises UserError if the file is missing or damaged."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        found: dict[Cell, tuple[ChosenRate, ...]] = {}
        for rate in (ChosenRate(**cell) for cell in document["cells"]):
            cell = (document["task"], rate.beta, rate.z0)
            found[cell] = (*found.get(cell, ()), rate)
        return found
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise UserError(f"{path}: not a file of chosen rates, or damaged; delete it and make it again") from error
