"""Queries of the table of all runs."""

from __future__ import annotations

import pandas as pd

from temperature_check.base.errors import UserError, one_line
from temperature_check.runs.columns import RUN

SHORT_COLUMNS = (*RUN, "status", "validation_accuracy", "test_accuracy", "key")


def query(
    table: pd.DataFrame, where: str | None, sort: str | None, columns: str | None, limit: int | None
) -> pd.DataFrame:
    """Filter with pandas' `eval`, sort, choose columns, limit rows. Raises UserError for a wrong filter or column."""
    if where:
        table = _filtered(table, where)
    if sort:
        table = table.sort_values(_known(table, sort.lstrip("-")), ascending=not sort.startswith("-"), kind="stable")
    return table[_names(table, columns)].head(limit or len(table))


def table_text(table: pd.DataFrame, csv: bool) -> str:
    """A table for reading, keys shortened, or as CSV in full precision."""
    if csv:
        return table.to_csv(index=False).rstrip()
    if table.empty:
        return "no runs"
    shortened = table.assign(key=table["key"].str[:12]) if "key" in table else table
    return shortened.to_string(index=False, na_rep="-", float_format=lambda value: f"{value:.4g}")


def _names(table: pd.DataFrame, columns: str | None) -> list[str]:
    """The columns to show, each once, in the order in which they were first given."""
    if columns is None:
        return list(SHORT_COLUMNS)
    asked = [name.strip() for name in columns.split(",")]
    return list(dict.fromkeys(name for part in asked for name in (table if part == "all" else [_known(table, part)])))


def _filtered(table: pd.DataFrame, where: str) -> pd.DataFrame:
    try:
        rows = table.eval(where)
    except Exception as error:
        raise UserError(f"--where {where!r}: {one_line(error)}; columns are {', '.join(table)}") from error
    if getattr(rows, "dtype", None) != "bool":
        raise UserError(f"--where {where!r}: should be true or false for each run, as in 'beta < 1'")
    return table[rows]


def _known(table: pd.DataFrame, column: str) -> str:
    if column not in table:
        raise UserError(f"no column {column!r}; columns are {', '.join(table)}")
    return column
