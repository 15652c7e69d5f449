"""The table of all runs of a study, `runs.parquet`."""

from __future__ import annotations

import pandas as pd

from temperature_check.evaluation.select import Cell, ChosenRate

CELL = ["task", "phase", "beta", "z0"]


def collect(phases: list[pd.DataFrame], rates: list[dict[Cell, ChosenRate]]) -> pd.DataFrame:
    """All phases in one tidy table; `rate_edge` says at which edge of its grid a report run's rate lies, if at one."""
    chosen = [(task, "report", beta, z0, rate.edge) for cells in rates for (task, beta, z0), rate in cells.items()]
    edges = pd.DataFrame(chosen, columns=[*CELL, "rate_edge"]).astype({"beta": float, "z0": float})
    table = pd.concat(phases, ignore_index=True).merge(edges, how="left", on=CELL)
    return table.assign(rate_edge=table["rate_edge"].fillna(""))
