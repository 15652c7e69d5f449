"""Choice of learning rates by the mean validation accuracy of tuning runs, for each cell (β, ‖Z0‖)."""

from __future__ import annotations

import pandas as pd

from temperature_check.base.errors import UserError
from temperature_check.runs.rates import ChosenRate

TIE_DECIMALS = 12
"""Decimals to which values are compared, so that rounding errors of means decide no tie."""


def choose_rates(runs: pd.DataFrame) -> list[ChosenRate]:
    """The rate with the highest mean in each cell of a table of tuning runs. Ties go to the smaller rate.

    Failed runs count at chance, 1/classes. Raises UserError if no run at all reached a ‖Z0‖ of the grid.
    """
    for z0, cells in runs.groupby("z0"):
        if (cells["status"] == "unreachable").all():
            task = cells["task"].iloc[0]
            raise UserError(f"tasks.{task}.grid.z0 = {z0:g}: no β of the grid reaches it; leave it out or raise β")
    return [_choose(beta, z0, cell) for (beta, z0), cell in runs.groupby(["beta", "z0"], dropna=False)]


def _choose(beta: float, z0: float, cell: pd.DataFrame) -> ChosenRate:
    norm = None if pd.isna(z0) else float(z0)
    reached = cell[cell["status"] != "unreachable"]
    if reached.empty:
        return ChosenRate(float(beta), norm, None, "", None, 0)
    counted = reached["validation_accuracy"].where(reached["status"] == "ok", 1 / reached["classes"])
    means = counted.groupby(reached["scaled_learning_rate"]).mean().round(TIE_DECIMALS).sort_index()
    best = means.idxmax()
    edge = {means.index[0]: "lowest", means.index[-1]: "highest"}.get(best, "")
    return ChosenRate(float(beta), norm, float(best), edge, float(means[best]), reached["seed"].nunique())
