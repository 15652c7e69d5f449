"""Choice of learning rates by the mean validation accuracy of tuning runs, for each cell (β, ‖Z0‖)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pandas as pd

from temperature_check.base.errors import UserError
from temperature_check.evaluation.intervals import difference_interval
from temperature_check.runs.rates import ChosenRate, best_rate

FEWEST_COMPARED = 6
"""Fewest tuning seeds from which a rate can be clearly worse than the best, because its interval takes as many."""
CONFIDENCE = 0.95
"""Confidence level of the intervals that tell whether a rate at an end is clearly worse than the best."""


def choose_rates(
    runs: pd.DataFrame, seeds: int, lengths: Sequence[float] = (1.0,), rate_of: str | None = None
) -> list[ChosenRate]:
    """The rates of each cell of a table of tuning runs: at the first length, and at the one that the cell takes.

    At a length it is the rate with the highest mean of those that all `seeds` were trained with. Ties go to the smaller
    rate. Failed runs count at chance, 1/classes. An end of all rates tried is an edge if it is on the `plateau` of the
    rate; with fewer than FEWEST_COMPARED seeds, if it is the rate. A cell takes the first of `lengths` at which all
    seeds fit the training data at this rate and none failed, or else the last one.
    rate_of: `beta` if the mean is over all ‖Z0‖ that a β reaches, which then share the rate; by default over the cell.
    Raises UserError if no run at all reached a ‖Z0‖ of the grid.
    """
    for z0, cells in runs.groupby("z0"):
        if (cells["status"] == "unreachable").all():
            task = cells["task"].iloc[0]
            raise UserError(f"tasks.{task}.grid.z0 = {z0:g}: no β of the grid reaches it; leave it out or raise β")
    shared = dict(iter(runs.groupby("beta"))) if rate_of == "beta" else {}
    cells = runs.groupby(["beta", "z0"], dropna=False)
    return [rate for cell, own in cells for rate in _of_cell(cell, own, shared.get(cell[0], own), seeds, lengths)]


def counted_accuracy(tuned: pd.DataFrame) -> pd.Series:
    """Validation accuracy of tuning runs, with failed runs at chance, 1/classes."""
    return tuned["validation_accuracy"].where(tuned["status"] == "ok", 1 / tuned["classes"])


def scores_by_seed(tuned: pd.DataFrame, columns: Sequence[str] = ("scaled_learning_rate",)) -> pd.DataFrame:
    """Validation accuracy of tuning runs by seed (rows) and `columns`, in rising order, with failed runs at chance.

    It is the mean over what is neither a row nor a column, such as several ‖Z0‖, and NaN where there is no run.
    """
    scored = tuned.assign(score=counted_accuracy(tuned))
    return scored.groupby(["seed", *columns])["score"].mean().unstack([*columns])


def plateau(scores: pd.DataFrame, best: float, confidence: float) -> list[float]:
    """The rates, columns of `scores_by_seed`, that are not clearly worse than the best.

    The interval of the difference from the best, paired by seed, includes 0 or is not known.
    """
    return [rate for rate in scores if not difference_interval(scores[best], scores[rate], confidence)[1] > 0]


def _of_cell(
    cell: tuple, own: pd.DataFrame, compared: pd.DataFrame, seeds: int, lengths: Sequence[float]
) -> list[ChosenRate]:
    beta, z0 = float(cell[0]), None if pd.isna(cell[1]) else float(cell[1])
    if (own["status"] == "unreachable").all():
        return [ChosenRate(beta, z0, None, "", None, 0)]
    chosen = list(_until_fitted(beta, z0, own, compared, seeds, lengths))
    return [chosen[0], chosen[-1]] if len(chosen) > 1 else chosen


def _until_fitted(
    beta: float, z0: float | None, own: pd.DataFrame, compared: pd.DataFrame, seeds: int, lengths: Sequence[float]
) -> Iterator[ChosenRate]:
    tried = sorted(compared["scaled_learning_rate"].unique())
    for length in lengths:
        reached = _reached(compared, length, seeds)
        if reached.empty:
            continue
        best = best_rate(_means(reached))
        edge = _edge(scores_by_seed(reached).dropna(), best, tried[0], tried[-1])
        of_best = _reached(own[own["scaled_learning_rate"] == best], length, seeds)
        fitted = bool((of_best["fitted"] & (of_best["status"] == "ok")).all())
        yield ChosenRate(beta, z0, best, edge, _means(of_best)[best], of_best["seed"].nunique(), length, fitted)
        if fitted:
            return


def _means(runs: pd.DataFrame) -> dict[float, float]:
    return counted_accuracy(runs).groupby(runs["scaled_learning_rate"]).mean().to_dict()


def _reached(runs: pd.DataFrame, length: float, seeds: int) -> pd.DataFrame:
    """The runs of a length that reached their ‖Z0‖, at the rates that all `seeds` were trained with."""
    lasting = runs[runs["length"] == length]
    complete = lasting.groupby("scaled_learning_rate").filter(lambda group: group["seed"].nunique() == seeds)
    return complete[complete["status"] != "unreachable"]


def _edge(scores: pd.DataFrame, best: float, lowest: float, highest: float) -> str:
    near = plateau(scores, best, CONFIDENCE) if len(scores) >= FEWEST_COMPARED else [best]
    ends = {"lowest": lowest in near, "highest": highest in near}
    return "both" if all(ends.values()) else next((end for end, holds in ends.items() if holds), "")
