"""Summaries of cells: what the runs of one point (β, ‖Z0‖) of a task at one learning rate give together.

Tables of runs are those of `evaluation.collect`, with one row per run. Accuracies and shares are between 0 and 1, times
are in steps.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from temperature_check.evaluation.failures import FAILURES
from temperature_check.evaluation.intervals import median_interval, share_interval, spread_interval
from temperature_check.runs.columns import CELL

Interval = Callable[[np.ndarray, float], tuple[float, float, float]]

RATE_CELL = ("task", "dataset", "train_examples", "beta", "z0", "scaled_learning_rate")
"""A cell with its data, and a rate ηβ of its runs."""
CHOSEN_CELL = (*RATE_CELL, "rate_edge")
"""A cell with its data, its chosen rate ηβ, and its edge, `runs.rates.ChosenRate.edge`."""
OUTCOMES = ("test_accuracy", "low", "high", "n", "failed", "fitted", "time_to_learn", "censored", "steps")
"""The statistics that `outcomes` gives of each cell."""


def report_runs(runs: pd.DataFrame) -> pd.DataFrame:
    """The report runs that have a network, at the length that their cell takes."""
    return _longest(_reported(runs))


def equal_budget_runs(runs: pd.DataFrame) -> pd.DataFrame:
    """The report runs that have a network, at the length of their task, which is the same in every cell."""
    return _reported(runs[runs["length"] == 1])


def _reported(runs: pd.DataFrame) -> pd.DataFrame:
    return runs[(runs["phase"] == "report") & (runs["status"] != "unreachable")]


def _longest(runs: pd.DataFrame) -> pd.DataFrame:
    longest = runs.groupby([*CELL], dropna=False)["length"].transform("max")
    return runs[runs["length"] == longest]


def unreached_cells(runs: pd.DataFrame) -> pd.DataFrame:
    """The cells whose ‖Z0‖ no network reached, so that they have no report runs. Columns: CELL."""
    reached = (runs["status"] != "unreachable").groupby([runs[name] for name in CELL], dropna=False).any()
    return reached[~reached].index.to_frame(index=False)


def tuning_runs(runs: pd.DataFrame) -> pd.DataFrame:
    """The tuning runs that have a network, at the length of their cell, with its `chosen_rate` ηβ and `rate_edge`.

    Cells without report runs are left out, because no rate was chosen for them.
    """
    return _with_chosen_rate(runs, [*CELL, "length"])


def _with_chosen_rate(runs: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    columns = [*CELL, "length", "scaled_learning_rate", "rate_edge"]
    reported = _longest(runs[runs["phase"] == "report"])[columns].drop_duplicates()
    chosen = reported.rename(columns={"scaled_learning_rate": "chosen_rate"})
    tuned = runs[(runs["phase"] == "tune") & (runs["status"] != "unreachable")]
    return tuned.drop(columns="rate_edge").merge(chosen[[*keys, "chosen_rate", "rate_edge"]], on=keys)


def at_chosen_rate(tuned: pd.DataFrame) -> pd.DataFrame:
    """The `tuning_runs` at the chosen rate of their cell."""
    return tuned[tuned["scaled_learning_rate"] == tuned["chosen_rate"]]


def margins(runs: pd.DataFrame) -> pd.DataFrame:
    """How far above the chosen rate runs of the tuning phase fail, one row per cell and seed.

    Columns: CHOSEN_CELL with the chosen rate, `seed`, `status`, `margin`, the smallest rate above the chosen one at
    which a run of this seed failed over the chosen rate, infinite if none did, and `highest`, the same of the highest
    rate that was tried. Runs of every length count. Seeds that were not trained with the highest rate are left out,
    because a search eliminates failing rates before they see them.
    """
    tuned = _with_chosen_rate(runs, [*CELL])
    ratio = tuned["scaled_learning_rate"] / tuned["chosen_rate"]
    failed = (tuned["status"] == "failed") & (ratio > 1)
    marked = tuned.assign(margin=ratio.where(failed, np.inf), highest=ratio, scaled_learning_rate=tuned["chosen_rate"])
    groups = marked.groupby([*CHOSEN_CELL, "seed"], dropna=False, as_index=False)
    found = groups.agg({"margin": "min", "highest": "max"}).assign(status="ok")
    highest = found.groupby([*CHOSEN_CELL], dropna=False)["highest"].transform("max")
    return found[found["highest"] == highest].reset_index(drop=True)


def tried_rates(tuned: pd.DataFrame) -> pd.DataFrame:
    """The rates that were tried in each cell, one row per cell and rate.

    Columns: RATE_CELL, `learning_rate` η, the number `n` of tuning runs, and how many of them `failed`.
    """
    marked = tuned.assign(n=1, failed=tuned["status"] == "failed")
    groups = marked.groupby([*RATE_CELL, "learning_rate"], dropna=False, as_index=False)
    return groups[["n", "failed"]].sum()


def chosen_rates(tuned: pd.DataFrame, confidence: float) -> pd.DataFrame:
    """The chosen rate of each cell, with the median validation accuracy of its tuning runs.

    Columns: those of `summarize`, and `learning_rate`, the chosen η.
    """
    cells = medians(at_chosen_rate(tuned), "validation_accuracy", confidence)
    return cells.assign(learning_rate=cells["scaled_learning_rate"] / cells["beta"])


def summarize(seeds: pd.DataFrame, column: str, confidence: float, interval: Interval) -> pd.DataFrame:
    """A statistic of a column over the runs that have a value, one row per cell, with its interval `low` to `high`.

    interval: gives the statistic, low and high of an array at a level of confidence.
    Columns: CHOSEN_CELL, the statistic under the name of the column, `low` and `high`, the number `n` of runs with a
    value, and the number of `failed` runs with or without one.
    """
    rows = []
    for cell, runs in seeds.groupby([*CHOSEN_CELL], dropna=False):
        values = runs[column].dropna()
        numbers = dict(zip((column, "low", "high"), interval(values.to_numpy(), confidence)))
        counts = {"n": len(values), "failed": int((runs["status"] == "failed").sum())}
        rows.append(dict(zip(CHOSEN_CELL, cell)) | numbers | counts)
    table = pd.DataFrame(rows, columns=[*CHOSEN_CELL, column, "low", "high", "n", "failed"])
    types = dict.fromkeys((column, "low", "high"), float) | dict.fromkeys(("n", "failed"), int)
    return table.astype({name: seeds[name].dtype for name in CHOSEN_CELL} | types)


def medians(seeds: pd.DataFrame, column: str, confidence: float) -> pd.DataFrame:
    """`summarize` with the median and its distribution-free interval."""
    return summarize(seeds, column, confidence, median_interval)


def failed_shares(runs: pd.DataFrame, confidence: float) -> pd.DataFrame:
    """`summarize` of `failed_share`, the share of runs that failed, with its exact interval.

    More columns: the number of runs of each kind of failure, by its name.
    """
    failed = runs.assign(failed_share=runs["status"] == "failed")
    kinds = {kind: failed["failure"] == kind for kind in FAILURES}
    counts = failed.assign(**kinds).groupby([*CHOSEN_CELL], dropna=False, as_index=False)[[*FAILURES]].sum()
    return summarize(failed, "failed_share", confidence, share_interval).merge(counts, on=[*CHOSEN_CELL])


def spreads(runs: pd.DataFrame, column: str, confidence: float) -> pd.DataFrame:
    """`summarize` of a column with the spread between seeds of runs that did not fail: `intervals.spread_interval`."""
    return summarize(runs[runs["status"] == "ok"].sort_values("seed"), column, confidence, spread_interval)


def median_times(seeds: pd.DataFrame, confidence: float) -> pd.DataFrame:
    """`summarize` of `time_to_learn` with the median and its distribution-free interval.

    More columns: the number of `censored` seeds, whose time is infinite, and `steps`, the last step of training. A
    censored run that diverged, and stopped early, counts as one that did not learn until the last step.
    """
    times = medians(seeds, "time_to_learn", confidence)
    censored = seeds.assign(censored=np.isinf(seeds["time_to_learn"]))
    counts = censored.groupby([*CHOSEN_CELL], dropna=False, as_index=False)[["censored"]].sum()
    return times.merge(counts, on=[*CHOSEN_CELL]).assign(steps=seeds["steps"].max())


def outcomes(seeds: pd.DataFrame, confidence: float) -> pd.DataFrame:
    """Accuracy and time to learn together, one row per cell. Columns: CHOSEN_CELL and OUTCOMES.

    test_accuracy, low and high: median and its interval, of `n` seeds. time_to_learn, censored and steps: those of
    `median_times`. fitted: whether all seeds fit the training data.
    """
    accuracies, times = medians(seeds, "test_accuracy", confidence), median_times(seeds, confidence)
    fitted = seeds.groupby([*CHOSEN_CELL], dropna=False, as_index=False)[["fitted"]].all()
    cells = accuracies.merge(times[[*CHOSEN_CELL, "time_to_learn", "censored", "steps"]], on=[*CHOSEN_CELL])
    return cells.merge(fitted, on=[*CHOSEN_CELL])[[*CHOSEN_CELL, *OUTCOMES]]
