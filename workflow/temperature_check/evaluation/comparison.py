"""Whether two studies have the same test accuracy in every cell. docs/comparing.md has the method and what it can see.

Accuracies are in percent, and differences and spreads, standard deviations of a run, in points.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

from temperature_check.evaluation.cells import report_runs
from temperature_check.runs.columns import CELL

LEVEL = 0.05
"""Largest probability that any cell is said to differ if none does."""
POWER = 0.8
"""Probability with which the smallest difference that is printed would be found."""
RERUN_SPREAD = 0.6
"""Spread of the difference between a run and its rerun elsewhere, at least. docs/comparing.md has its measurement."""
PAIR = (*CELL, "seed", "scaled_learning_rate", "length", "data", "backend")
"""What a run and its rerun have in common, in addition to the settings of their task."""
SIDES = ("_a", "_b")
COLUMNS = (
    *(*CELL, "seeds"),
    *(f"{name}{side}" for name in ("scaled_learning_rate", "n", "accuracy") for side in SIDES),
    *("difference", "within", "detectable", "differs"),
)


class Sample(NamedTuple):
    """The accuracies of one side of a comparison.

    cells: CELL, `scaled_learning_rate`, the number `n` of runs, their mean `accuracy`, how many `failed`, and the
        degrees of freedom `dof` of their spread, 0 if it is not known.
    residuals: CELL, `residual`, and the `row` that it shares with residuals of other cells, which are correlated with
        it. In each cell the squares add up to dof · spread².
    runs: PAIR, `accuracy` and whether it `failed`; none if they are not known.
    """

    cells: pd.DataFrame
    residuals: pd.DataFrame
    runs: pd.DataFrame


def of_runs(runs: pd.DataFrame) -> Sample:
    """The report runs of a table of all runs, at the length and the chosen rate of their cell. Failed runs count."""
    table = report_runs(runs)
    table = table.assign(accuracy=100 * table["test_accuracy"], failed=table["status"] == "failed")
    cells = table.groupby([*CELL], dropna=False, as_index=False).agg(
        scaled_learning_rate=("scaled_learning_rate", "first"),
        n=("seed", "size"),
        accuracy=("accuracy", "mean"),
        failed=("failed", "sum"),
    )
    residuals = _residuals(table, "accuracy")
    return Sample(cells.assign(dof=cells["n"] - 1), residuals, table[[*PAIR, "accuracy", "failed"]])


def of_published(table: pd.DataFrame) -> Sample:
    """The numbers that `published.read_published` read."""
    known = table["sd"].notna()
    cells = table.assign(dof=(table["n"] - 1).where(known, 0), failed=0, scaled_learning_rate=np.nan)
    # One residual with the right square, in a row of its own.
    size = table["sd"].fillna(0) * np.sqrt(table["n"] - 1)
    residuals = table[[*CELL]].assign(row=table.index, residual=size)
    unknown = {"scaled_learning_rate": np.nan, "seed": 0, "length": np.nan, "data": "", "backend": "", "failed": False}
    return Sample(cells, residuals, table.assign(**unknown)[[*PAIR, "accuracy", "failed"]][:0])


def at_smallest_norm(sample: Sample, other: Sample) -> Sample:
    """The sample with cells that have no ‖Z0‖ at the smallest ‖Z0‖ of the other side's task and β."""
    smallest = other.cells.groupby(["task", "beta"])["z0"].min().rename("smallest").reset_index()

    def filled(table: pd.DataFrame) -> pd.DataFrame:
        found = table[["task", "beta"]].merge(smallest, how="left", on=["task", "beta"])["smallest"]
        return table.assign(z0=table["z0"].fillna(found.set_axis(table.index)))

    return sample._replace(cells=filled(sample.cells), residuals=filled(sample.residuals))


def compare(first: Sample, second: Sample, equal: Collection[str] = ()) -> pd.DataFrame:
    """One row per common cell: the `difference` of mean accuracies, second minus first, and whether it `differs`.

    equal: tasks whose settings are equal on both sides. In these, runs are paired with their reruns, of the same PAIR.
    `seeds` is `same` in cells with pairs, whose other runs are left out, and else `other`.
    within: half the width of the interval, around 0, that holds the differences of all cells with probability
    1 - LEVEL if no cell differs. detectable: the difference that is found with probability POWER. Both are NaN, and the
    cell counts as not different, if no spread is known in its task.
    Columns: COLUMNS.
    """
    paired, unpaired = _paired(first, second, equal), _unpaired(first, second)
    if unpaired.cells.empty:
        return pd.DataFrame(columns=[*COLUMNS])
    lone = unpaired._replace(cells=_without(unpaired.cells, paired.cells))
    kinds = ((paired, RERUN_SPREAD), (lone, 0.0))
    table = pd.concat([_spreads(kind, floor) for kind, floor in kinds if len(kind.cells)], ignore_index=True)
    return _judged(table).sort_values([*CELL], ignore_index=True)[[*COLUMNS]]


def _without(cells: pd.DataFrame, others: pd.DataFrame) -> pd.DataFrame:
    found = cells.merge(others[[*CELL]], how="left", on=[*CELL], indicator="found")
    return found[found["found"] == "left_only"].drop(columns="found")


def _residuals(table: pd.DataFrame, column: str) -> pd.DataFrame:
    means = table.groupby([*CELL], dropna=False)[column].transform("mean")
    return table[[*CELL]].assign(row=table["seed"], residual=table[column] - means)


def _paired(first: Sample, second: Sample, equal: Collection[str]) -> Sample:
    """The differences of runs from their reruns. share: the variance of their mean, relative to that of one."""
    trained = first.runs[first.runs["task"].isin(equal)]
    pairs = trained.merge(second.runs, on=[*PAIR], suffixes=SIDES)
    failed = (pairs["failed_a"] | pairs["failed_b"]).astype(int)
    pairs = pairs.assign(failed=failed, difference=pairs["accuracy_b"] - pairs["accuracy_a"])
    cells = pairs.groupby([*CELL], dropna=False, as_index=False).agg(
        scaled_learning_rate=("scaled_learning_rate", "first"),
        n=("seed", "size"),
        failed=("failed", "sum"),
        **{name: (name, "mean") for name in ("accuracy_a", "accuracy_b", "difference")},
    )
    both = {f"{name}{side}": cells[name] for name in ("scaled_learning_rate", "n") for side in SIDES}
    cells = cells.assign(**both, dof=cells["n"] - 1, share=1 / cells["n"], seeds="same")
    return Sample(cells, _residuals(pairs, "difference"), pairs)


def _unpaired(first: Sample, second: Sample) -> Sample:
    """The differences of means. share: the variance of one, relative to that of a run."""
    cells = first.cells.merge(second.cells, on=[*CELL], suffixes=SIDES)
    sums = {name: cells[f"{name}_a"] + cells[f"{name}_b"] for name in ("dof", "failed")}
    share = 1 / cells["n_a"] + 1 / cells["n_b"]
    cells = cells.assign(**sums, difference=cells["accuracy_b"] - cells["accuracy_a"], share=share, seeds="other")
    sides = zip(SIDES, (first, second))
    residuals = [one.residuals.assign(row=[f"{row}{side}" for row in one.residuals["row"]]) for side, one in sides]
    return Sample(cells, pd.concat(residuals, ignore_index=True), first.runs[:0])


def _spreads(sample: Sample, floor: float) -> pd.DataFrame:
    """The cells with their `spread`, its degrees of freedom `freedom`, and its `floor`."""
    cells = sample.cells.reset_index(drop=True).rename_axis("cell").reset_index()
    residuals = sample.residuals.merge(cells[[*CELL, "cell"]], on=[*CELL])
    parts = []
    for task, own in cells.groupby("task"):
        table = residuals[residuals["task"] == task].pivot_table(index="row", columns="cell", values="residual")
        table = table.reindex(columns=own["cell"]).fillna(0)
        usual = own["failed"].to_numpy() == 0
        spread, freedom = pooled_spread(table.to_numpy(), own["dof"].to_numpy(), usual)
        parts.append(own.assign(spread=spread, freedom=freedom, floor=floor))
    return pd.concat(parts)


def pooled_spread(residuals: np.ndarray, dof: np.ndarray, usual: np.ndarray) -> tuple[np.ndarray, float]:
    """The spread of each cell of a task: that pooled over cells or, if it is larger, that of the cell.

    residuals: of shape [rows, cells]. dof: degrees of freedom of each cell. usual: which cells are pooled, if any has
    degrees of freedom.
    Returns the spreads and the degrees of freedom of the pooled one, by Satterthwaite. They are fewer than the sum of
    those of the cells, because one seed gives all cells of a task the same data. With no degrees of freedom the
    spreads are NaN.

    >>> spread, freedom = pooled_spread(np.array([[3.0, 0], [-3, 0], [0, 4], [0, -4]]), np.array([1, 1]), [True, True])
    >>> spread.round(2), round(freedom, 2)
    (array([5.  , 5.66]), 1.85)
    """
    squares, known = residuals.T @ residuals, dof > 0
    pool = known & usual if (known & usual).any() else known
    if not pool.any():
        return np.full(len(dof), np.nan), 0.0
    pooled, weights = squares[np.ix_(pool, pool)], dof[pool].astype(float)
    total = np.trace(pooled)
    spread = np.sqrt(np.maximum(total / weights.sum(), np.diag(squares) / np.maximum(dof, 1)))
    if not total:
        return spread, float(weights.sum())
    return spread, float(total**2 / (pooled**2 / np.sqrt(np.outer(weights, weights))).sum())


def _judged(cells: pd.DataFrame) -> pd.DataFrame:
    """The cells with `within`, `detectable` and `differs`."""
    # With a floor, something is known even from one pair.
    alone = cells["spread"].isna() & (cells["floor"] > 0)
    spread, freedom = cells["spread"].mask(alone, 0.0), cells["freedom"].mask(alone, np.inf)
    tail = LEVEL / 2 / max(spread.notna().sum(), 1)
    critical = np.maximum(stats.t.isf(tail, freedom) * spread, stats.norm.isf(tail) * cells["floor"])
    certain = stats.t.ppf(POWER, freedom) * np.maximum(spread, cells["floor"])
    within, detectable = (np.sqrt(cells["share"]) * size for size in (critical, critical + certain))
    return cells.assign(within=within, detectable=detectable, differs=cells["difference"].abs() > within)
