"""Tables of published accuracies, one row per cell. docs/comparing.md has their columns."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Annotated

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from temperature_check.base.errors import UserError, one_line
from temperature_check.runs.columns import CELL

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Spread = Annotated[float, Field(ge=0, allow_inf_nan=False)]
REQUIRED = ("task", "beta", "accuracy", "source")


class Published(BaseModel):
    """A published mean test accuracy, in percent, and where it was published."""

    model_config = ConfigDict(str_strip_whitespace=True)

    task: Annotated[str, Field(min_length=1)]
    beta: Positive
    accuracy: Annotated[float, Field(gt=1, le=100, allow_inf_nan=False)]
    """In percent. One of at most 1 would be below chance, and is a fraction."""
    source: Annotated[str, Field(min_length=1)]
    z0: Positive | None = None
    n: Annotated[int, Field(ge=1)] = 1
    sd: Spread | None = None
    standard_error: Spread | None = None

    @model_validator(mode="after")
    def _one_spread(self) -> Published:
        spreads = [spread for spread in (self.sd, self.standard_error) if spread is not None]
        if len(spreads) == 2:
            raise ValueError("give sd or standard_error, not both")
        if spreads and self.n < 2:
            raise ValueError("a spread is of several runs; give their number n")
        return self

    def row(self) -> dict:
        """The values with the standard deviation between runs, NaN if it is not known."""
        sd = self.sd if self.standard_error is None else self.standard_error * self.n**0.5
        return self.model_dump(include={*CELL, "n", "accuracy", "source"}) | {"sd": sd}


def read_published(path: Path) -> pd.DataFrame:
    """A CSV file of published accuracies. Columns: CELL, `n`, `accuracy`, `sd`, `source`.

    Raises UserError if a column is missing, a value is not what it should be, or a cell is there twice.
    """
    rows = _rows(path)
    if absent := [name for name in REQUIRED if name not in rows[0]]:
        raise UserError(f"{path}: no column {', '.join(absent)}; published numbers need {', '.join(REQUIRED)}")
    table = pd.DataFrame([_checked(row, f"{path}:{line}") for line, row in enumerate(rows, 2)])
    table = table.astype({"z0": float, "sd": float})
    if (twice := table.duplicated([*CELL])).any():
        cell = table.loc[twice, [*CELL]].iloc[0].to_dict()
        raise UserError(f"{path}: {', '.join(f'{name} = {value}' for name, value in cell.items())} is there twice")
    return table


def _rows(path: Path) -> list[dict]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = [*csv.DictReader(file)]
    except (UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"{path}: not a table in CSV ({one_line(error)})") from error
    if not rows:
        raise UserError(f"{path}: no rows; published numbers need {', '.join(REQUIRED)}")
    return rows


def _checked(row: dict, where: str) -> dict:
    given = {name: value for name, value in row.items() if name and value}
    try:
        return Published.model_validate(given).row()
    except ValidationError as error:
        first = error.errors()[0]
        name = f"{first['loc'][0]} = {given.get(first['loc'][0], '')!r}: " if first["loc"] else ""
        raise UserError(f"{where}: {name}{first['msg'].removeprefix('Value error, ')}") from None
