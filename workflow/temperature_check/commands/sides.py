"""What `compare` reads: a study, its table of runs, or published numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from temperature_check.base.digest import digest
from temperature_check.base.errors import UserError, one_line
from temperature_check.base.sums import check_sums
from temperature_check.base.tables import read_table
from temperature_check.evaluation.comparison import PAIR, Sample, of_published, of_runs
from temperature_check.evaluation.published import read_published
from temperature_check.runs.key import differences
from temperature_check.study.read import read_settings
from temperature_check.study.recipe import Recipe

RUNS = ("runs.parquet", "runs.csv")
"""Names of a study's table of runs: in its results, and as it is shipped."""
NEEDED = tuple(name for name in (*PAIR, "phase", "status", "test_accuracy") if name != "length")
OF_RUNS = {"phase", "seed", "test_accuracy"}
"""Columns that tell a table of runs from published numbers."""
TEXT = dict.fromkeys(("task", "phase", "data", "backend", "status", "code", "versions", "hardware"), str)
ORIGIN = ("backend", "threads", "hardware", "versions", "code")
TRAINING = (*Recipe.model_fields, "initialization")
"""The settings of a task that determine the numbers of a report run, beside its data and PAIR."""
UNUSED = ("title", "shard_by", "early_learning")
"""Settings of a task on which no accuracy depends."""
LONGEST = 40


@dataclass(frozen=True)
class Side:
    """One side of a comparison.

    settings: of the study, None if they are not known. claims: verdicts as JSON, None if there are none. runs: the
    table of all runs, None of published numbers.
    """

    name: str
    sample: Sample
    settings: Mapping | None = None
    claims: Path | None = None
    runs: pd.DataFrame | None = None


def read_side(path: Path) -> Side:
    """Read one side. Raises UserError if it is missing, unfinished, edited or wrong."""
    table = _table_of(path)
    check_sums(table.parent)
    if table.suffix != ".parquet" and not OF_RUNS & set(_header(table)):
        return Side(str(path), of_published(read_published(table)))
    runs = _checked(read_table(table) if table.suffix == ".parquet" else _read_csv(table), table)
    config, claims = (table.with_name(name) for name in ("config.yaml", "claims.json"))
    return Side(
        str(path),
        of_runs(runs),
        _settings(config) if config.exists() else None,
        claims if claims.exists() else None,
        runs,
    )


def _table_of(path: Path) -> Path:
    if not path.exists():
        raise UserError(f"{path}: not there; give a folder of results, a table of runs, or a CSV of published numbers")
    if not path.is_dir():
        return path
    found = [path / name for name in RUNS if (path / name).exists()]
    if not found:
        config = path / "config.yaml"
        finish = f"; finish it with `snakemake --configfile {config} -- {path / RUNS[0]}`" if config.exists() else ""
        raise UserError(f"{path}: no {' or '.join(RUNS)}, so that it is no finished study{finish}")
    return found[0]


def _header(path: Path) -> list[str]:
    try:
        return [*pd.read_csv(path, nrows=0, encoding="utf-8-sig")]
    except (UnicodeDecodeError, ValueError) as error:
        raise UserError(f"{path}: not a table in CSV ({one_line(error)})") from error


def _read_csv(path: Path) -> pd.DataFrame:
    try:
        # A task may be named nan.
        return pd.read_csv(path, dtype=TEXT, keep_default_na=False, na_values=_empty(path))
    except ValueError as error:
        raise UserError(f"{path}: damaged ({one_line(error)})") from error


def _empty(path: Path) -> dict[str, list[str]]:
    return {name: [""] for name in _header(path) if name not in TEXT}


def _checked(runs: pd.DataFrame, path: Path) -> pd.DataFrame:
    if absent := [name for name in NEEDED if name not in runs]:
        raise UserError(f"{path}: no column {', '.join(absent)}; print a table of runs with `runs --columns all --csv`")
    # Older tables have runs of one length.
    table = runs if "length" in runs else runs.assign(length=1.0)
    for name in ("beta", "z0", "seed", "length", "scaled_learning_rate", "test_accuracy"):
        if not pd.api.types.is_numeric_dtype(table[name]):
            wrong = next(value for value in table[name].dropna() if pd.isna(pd.to_numeric(value, errors="coerce")))
            raise UserError(f"{path}: {name} = {wrong!r}: should be a number")
    return table


def _settings(path: Path) -> Mapping:
    settings = read_settings(path)
    if not isinstance(settings, dict) or not all(isinstance(settings.get(name), dict) for name in ("tasks", "data")):
        raise UserError(f"{path}: should be a study, with tasks and data")
    return settings


def equal_tasks(first: Side, second: Side) -> list[str]:
    """The tasks that both train in the same way on the same data."""
    if first.settings is None or second.settings is None:
        return []
    return [task for task in _common(first, second) if _training(first, task) == _training(second, task)]


def different_settings(first: Side, second: Side) -> list[str]:
    """One line for each setting of common tasks that differs, and for each difference in what trained them."""
    lines = [_unknown(side) for side in (first, second) if side.runs is not None and side.settings is None]
    if first.settings is not None and second.settings is not None:
        lines += differences(*(_compared(side.settings, _common(first, second)) for side in (first, second)))
    if first.runs is not None and second.runs is not None:
        lines += differences(*_origins(first.runs, second.runs))
    return lines


def _origins(first: pd.DataFrame, second: pd.DataFrame) -> tuple[dict, dict]:
    """What trained the report runs of the tasks that both have."""
    reported = [runs[runs["phase"] == "report"] for runs in (first, second)]
    tasks = set(reported[0]["task"]) & set(reported[1]["task"])
    known = [name for name in ORIGIN if name in first and name in second]
    common = [runs.loc[runs["task"].isin(tasks), known] for runs in reported]
    return tuple({name: "; ".join(sorted(runs[name].astype(str).unique())) for name in known} for runs in common)


def _unknown(side: Side) -> str:
    return f"The settings of {side.name} are not known, because no config.yaml is beside its runs."


def _common(first: Side, second: Side) -> list[str]:
    return [task for task in first.settings["tasks"] if task in second.settings["tasks"]]


def _training(side: Side, name: str) -> tuple:
    task = side.settings["tasks"][name]
    return {key: task.get(key) for key in TRAINING}, side.settings["data"].get(task.get("data"))


def _compared(settings: Mapping, tasks: list[str]) -> dict:
    chosen = {name: settings["tasks"][name] for name in tasks}
    data = {task.get("data"): settings["data"].get(task.get("data")) for task in chosen.values()}
    own = {name: {key: task[key] for key in task if key not in UNUSED} for name, task in chosen.items()}
    return _short({"tasks": own, "data": data, "evaluation": settings.get("evaluation")})


def _short(value: object) -> object:
    """The settings with long values cut, such that different ones stay different."""
    if isinstance(value, dict):
        return {key: _short(each) for key, each in value.items()}
    text = str(value)
    return value if len(text) <= LONGEST else f"{text[:LONGEST]}… ({len(text)} characters, {digest(text, 6)})"
