"""Tables on disk, and questions to the table of runs."""

from __future__ import annotations

import io
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from temperature_check.errors import UserError
from temperature_check.files import write_atomically

SHORT_COLUMNS = (
    *("task", "phase", "beta", "z0", "scaled_learning_rate", "seed"),
    *("status", "validation_accuracy", "test_accuracy", "key"),
)


def read_shards(paths: Iterable[Path]) -> pd.DataFrame:
    """The runs of several shard tables, with their keys."""
    return pd.concat([pd.read_csv(path, dtype={"key": str}) for path in paths], ignore_index=True)


def write_table(path: Path, table: pd.DataFrame) -> None:
    """Write a table as parquet, atomically."""
    buffer = io.BytesIO()
    table.to_parquet(buffer, index=False)
    write_atomically(path, lambda file: file.write(buffer.getvalue()))


def read_table(path: Path) -> pd.DataFrame:
    """A table that `write_table` wrote. Raises UserError where it is missing or damaged."""
    if not path.exists():
        raise UserError(f"{path}: not there yet; make it with `snakemake {path}`")
    try:
        return pd.read_parquet(path)
    except (OSError, ValueError) as error:
        raise UserError(f"{path}: damaged ({' '.join(str(error).split())}); delete it and make it again") from error


def query(
    table: pd.DataFrame, where: str | None, sort: str | None, columns: str | None, limit: int | None
) -> pd.DataFrame:
    """Filter by an expression of pandas' `eval`, sort, pick columns, cut. Raises UserError for what there is not."""
    if where:
        table = _filtered(table, where)
    if sort:
        table = table.sort_values(_known(table, sort.lstrip("-")), ascending=not sort.startswith("-"), kind="stable")
    names = (
        [_known(table, name.strip()) for name in columns.split(",")] if columns not in (None, "all") else list(table)
    )
    return (table[names] if columns else table[list(SHORT_COLUMNS)]).head(limit or len(table))


def table_text(table: pd.DataFrame, csv: bool) -> str:
    """A table for reading, keys shortened, or as CSV in full precision."""
    if csv:
        return table.to_csv(index=False).rstrip()
    if table.empty:
        return "no runs"
    shortened = table.assign(key=table["key"].str[:12]) if "key" in table else table
    return shortened.to_string(index=False, na_rep="-", float_format=lambda value: f"{value:.4g}")


def _filtered(table: pd.DataFrame, where: str) -> pd.DataFrame:
    try:
        rows = table.eval(where)
    except Exception as error:
        reason = " ".join(str(error).split())
        raise UserError(f"--where {where!r}: {reason}; columns are {', '.join(table)}") from error
    if getattr(rows, "dtype", None) != "bool":
        raise UserError(f"--where {where!r}: should be true or false of each run, as in 'beta < 1'")
    return table[rows]


def _known(table: pd.DataFrame, column: str) -> str:
    if column not in table:
        raise UserError(f"no column {column!r}; columns are {', '.join(table)}")
    return column
