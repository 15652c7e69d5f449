"""The table of all runs of a study, `runs.parquet`."""

from __future__ import annotations

import pandas as pd

from temperature_check.runs.columns import CELL
from temperature_check.runs.rates import Rates


def collect(phases: list[pd.DataFrame], rates: list[Rates]) -> pd.DataFrame:
    """All phases in one tidy table, with one row per run.

    rate_edge: `ChosenRate.edge` of a report run's rate; empty in other phases.
    """
    chosen = [(*cell, rate.length, rate.edge) for cells in rates for cell, found in cells.items() for rate in found]
    keys = [*CELL, "length"]
    edges = pd.DataFrame(chosen, columns=[*keys, "rate_edge"]).astype({"beta": float, "z0": float, "length": float})
    table = pd.concat(phases, ignore_index=True).merge(edges.assign(phase="report"), how="left", on=["phase", *keys])
    return table.assign(rate_edge=table["rate_edge"].fillna(""))
