"""How the verdicts of two studies differ."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd

from temperature_check.base.errors import UserError
from temperature_check.claims.verdict import NOT_REPRODUCED, REPRODUCED
from temperature_check.tables.claims import VERSION

FLIP = {REPRODUCED, NOT_REPRODUCED}


def read_verdicts(path: Path) -> pd.Series:
    """The verdicts that `write_claims` wrote as JSON, by claim and task.

    Raises UserError if the file is damaged or of another version.
    """
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
        version = table["version"] if isinstance(table, dict) else "none"
        if version != VERSION:
            raise UserError(
                f"{path}: version = {version}: should be {VERSION}, that of the claims judged here; make it anew with"
                f" `snakemake {path.with_suffix('.md')}`"
            )
        verdicts = {(c["claim"], v["task"]): v["verdict"] for c in table["claims"] for v in c["verdicts"]}
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(f"{path}: damaged; make it anew with `snakemake {path.with_suffix('.md')}`") from error
    return pd.Series(verdicts, pd.MultiIndex.from_tuples([*verdicts], names=["claim", "task"]), dtype=str)


def changed_verdicts(first: pd.Series, second: pd.Series) -> pd.DataFrame:
    """The verdicts that differ, of claims and tasks that both have. Columns: `claim`, `task`, `a`, `b`, `flip`.

    flip: whether it is *reproduced* on one side and *not reproduced* on the other.
    """
    both = pd.concat({"a": first, "b": second}, axis=1, join="inner").reset_index()
    changed = both[both["a"] != both["b"]].reset_index(drop=True)
    flips = [{row.a, row.b} == FLIP for row in changed.itertuples()]
    return changed.assign(flip=pd.Series(flips, dtype=bool))
