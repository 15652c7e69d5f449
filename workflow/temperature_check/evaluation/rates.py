"""Choice of learning rates by the mean validation accuracy of tuning runs, for each cell (β, ‖Z0‖)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pandas as pd

from temperature_check.base.errors import UserError
from temperature_check.runs.rates import ChosenRate, best_rate


def choose_rates(runs: pd.DataFrame, seeds: int, lengths: Sequence[float] = (1.0,)) -> list[ChosenRate]:
    """The rates of each cell of a table of tuning runs: at the first length, and at the one that the cell takes.

    At a length it is the rate with the highest mean of those that all `seeds` were trained with. Ties go to the smaller
    rate. Failed runs count at chance, 1/classes. A cell takes the first of `lengths` at which all seeds fit the
    training data at this rate and none failed, or else the last one.
    Raises UserError if no run at all reached a ‖Z0‖ of the grid.
    """
    for z0, cells in runs.groupby("z0"):
        if (cells["status"] == "unreachable").all():
            task = cells["task"].iloc[0]
            raise UserError(f"tasks.{task}.grid.z0 = {z0:g}: no β of the grid reaches it; leave it out or raise β")
    cells = runs.groupby(["beta", "z0"], dropna=False)
    return [rate for cell in cells for rate in _of_cell(*cell, seeds, lengths)]


def counted_accuracy(tuned: pd.DataFrame) -> pd.Series:
    """Validation accuracy of tuning runs, with failed runs at chance, 1/classes."""
    return tuned["validation_accuracy"].where(tuned["status"] == "ok", 1 / tuned["classes"])


def _of_cell(cell: tuple, runs: pd.DataFrame, seeds: int, lengths: Sequence[float]) -> list[ChosenRate]:
    beta, z0 = float(cell[0]), None if pd.isna(cell[1]) else float(cell[1])
    if (runs["status"] == "unreachable").all():
        return [ChosenRate(beta, z0, None, "", None, 0)]
    chosen = list(_until_fitted(beta, z0, runs, seeds, lengths))
    return [chosen[0], chosen[-1]] if len(chosen) > 1 else chosen


def _until_fitted(
    beta: float, z0: float | None, runs: pd.DataFrame, seeds: int, lengths: Sequence[float]
) -> Iterator[ChosenRate]:
    tried = sorted(runs["scaled_learning_rate"].unique())
    for length in lengths:
        own = runs[runs["length"] == length]
        complete = own.groupby("scaled_learning_rate").filter(lambda group: group["seed"].nunique() == seeds)
        reached = complete[complete["status"] != "unreachable"]
        if reached.empty:
            continue
        means = counted_accuracy(reached).groupby(reached["scaled_learning_rate"]).mean().to_dict()
        best = best_rate(means)
        edge = {tried[0]: "lowest", tried[-1]: "highest"}.get(best, "")
        of_best = reached[reached["scaled_learning_rate"] == best]
        fitted = bool((of_best["fitted"] & (of_best["status"] == "ok")).all())
        yield ChosenRate(beta, z0, best, edge, means[best], of_best["seed"].nunique(), length, fitted)
        if fitted:
            return
