"""What the searches of a tuning phase did: the table of their rungs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pandas as pd

from temperature_check.adaptive.rates import CellSearch, Outcome, mean_score, searches
from temperature_check.base.record import Record
from temperature_check.runs.columns import RUN
from temperature_check.runs.run import Run
from temperature_check.runs.store import Store

if TYPE_CHECKING:
    from temperature_check.study.phases import Phase

ROUND = ("beta", "z0", "length", "rung", "run_length")
RATE = ("scaled_learning_rate", "validation_accuracy", "seeds", "begun", "fitted", "verdict")


def table_of_rungs(phase: Phase, runs: pd.DataFrame, store: Store) -> pd.DataFrame:
    """One row per cell, length, rung and rate, in the order of the searches, which are replayed on their records.

    runs: of the phase, with their keys. A cell of which no run reached its ‖Z0‖ has no row.
    length: the multiple of the epochs of the task at which the cell was searched. run_length: that of the runs.
    rung: its number, `first seed` of a length that one seed tries first, or `final`.
    validation_accuracy: mean over seeds, with failed runs at chance. begun: number of seeds that left the plateau at
    which they began. fitted: number of seeds that fit the training data. verdict: `kept` or `eliminated`; of final runs
    `best` or `not best`.
    """
    record = _stored(runs, store)
    rows = [row for search in searches(phase) for row in _rows(search, record)]
    return pd.DataFrame(rows, columns=[*ROUND, *RATE])


def _stored(runs: pd.DataFrame, store: Store) -> Callable[[Run], Record]:
    rows = runs.astype({"z0": object}).where(runs.notna(), None).to_dict("records")
    keys = {Run(**{name: row[name] for name in RUN}): row["key"] for row in rows}
    return lambda run: store.read(keys[run])


def _rows(search: CellSearch, record: Callable[[Run], Record]) -> Iterator[tuple]:
    for done in search.rounds(record):
        about = (search.first.beta, search.first.z0, done.length, done.name, done.run_length)
        yield from ((*about, rate, *_counts(done.found[rate]), verdict) for rate, verdict in done.verdicts.items())


def _counts(outcomes: list[Outcome]) -> tuple[float, int, int, int]:
    begun, fitted = sum(outcome.begun for outcome in outcomes), sum(outcome.fitted for outcome in outcomes)
    return mean_score(outcomes), len(outcomes), begun, fitted
