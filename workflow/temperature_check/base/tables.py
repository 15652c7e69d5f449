"""Tables on disk."""

from __future__ import annotations

import io
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from temperature_check.base.errors import UserError, one_line
from temperature_check.base.files import write_atomically


def read_shards(paths: Iterable[Path]) -> pd.DataFrame:
    """The runs of several shard tables, with their keys."""
    return pd.concat(map(_read_shard, paths), ignore_index=True)


def _read_shard(path: Path) -> pd.DataFrame:
    # A task may be named nan. Only ‖Z0‖ and rates may be missing.
    text = dict.fromkeys(("task", "phase", "key"), str)
    return pd.read_csv(path, dtype=text, keep_default_na=False, na_values={"z0": [""], "scaled_learning_rate": [""]})


def write_table(path: Path, table: pd.DataFrame) -> None:
    """Write a table as parquet, atomically."""
    buffer = io.BytesIO()
    table.to_parquet(buffer, index=False)
    write_atomically(path, lambda file: file.write(buffer.getvalue()))


def read_table(path: Path) -> pd.DataFrame:
    """A table that `write_table` wrote. Raises UserError if it is missing or damaged."""
    if not path.exists():
        raise UserError(f"{path}: not there yet; make it with `snakemake {path}`")
    try:
        return pd.read_parquet(path)
    except (OSError, ValueError) as error:
        raise UserError(f"{path}: damaged ({one_line(error)}); delete it and make it again") from error
