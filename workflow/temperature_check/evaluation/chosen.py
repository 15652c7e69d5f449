"""Tuning runs beside the learning rate that was chosen from them."""

from __future__ import annotations

import pandas as pd

CELL = ["task", "beta", "z0"]


def tuning_runs(runs: pd.DataFrame) -> pd.DataFrame:
    """The tuning runs that have a network, with `chosen_rate`, the ηβ of their cell's report runs, and its `rate_edge`.

    Cells (task, β, ‖Z0‖) without report runs are left out: nothing was chosen there.
    """
    reported = runs.loc[runs["phase"] == "report", [*CELL, "scaled_learning_rate", "rate_edge"]].drop_duplicates()
    chosen = reported.rename(columns={"scaled_learning_rate": "chosen_rate"})
    tuned = runs[(runs["phase"] == "tune") & (runs["status"] != "unreachable")]
    return tuned.drop(columns="rate_edge").merge(chosen, on=CELL)
