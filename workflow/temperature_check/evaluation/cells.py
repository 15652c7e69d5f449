"""Summaries of cells: what the runs of one point (β, ‖Z0‖) of a task at one learning rate give together.

Tables of runs are those of `evaluation.collect`, with one row per run. Accuracies and shares are between 0 and 1, times
are in steps.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from temperature_check.evaluation.intervals import mean_interval, median_interval, share_interval
from temperature_check.runs.columns import CELL

Interval = Callable[[np.ndarray, float], tuple[float, float, float]]

RATE_CELL = ("task", "dataset", "train_examples", "beta", "z0", "scaled_learning_rate")
"""A cell with its data, and a rate ηβ of its runs."""
CHOSEN_CELL = (*RATE_CELL, "rate_edge")
"""A cell with its data, its chosen rate ηβ, and the edge of its grid that it is at: `lowest`, `highest` or none."""
OUTCOMES = ("test_accuracy", "time_to_learn", "n", "failed", "censored", "steps")
"""The statistics that `outcomes` gives of each cell."""
ROUNDING = 1e-9
"""Tolerance in decades of a rate's distance from the chosen rate, because rates of a grid are rounded numbers."""


def report_runs(runs: pd.DataFrame) -> pd.DataFrame:
    """The report runs that have a network, at the length that their cell takes."""
    return _longest(runs[(runs["phase"] == "report") & (runs["status"] != "unreachable")])


def equal_budget_runs(runs: pd.DataFrame) -> pd.DataFrame:
    """The report runs that have a network, at the length of their task, which is the same in every cell."""
    return runs[(runs["phase"] == "report") & (runs["status"] != "unreachable") & (runs["length"] == 1)]


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
    columns = [*CELL, "length", "scaled_learning_rate", "rate_edge"]
    reported = _longest(runs[runs["phase"] == "report"])[columns].drop_duplicates()
    chosen = reported.rename(columns={"scaled_learning_rate": "chosen_rate"})
    tuned = runs[(runs["phase"] == "tune") & (runs["status"] != "unreachable")]
    return tuned.drop(columns="rate_edge").merge(chosen, on=[*CELL, "length"])


def at_chosen_rate(tuned: pd.DataFrame) -> pd.DataFrame:
    """The `tuning_runs` at the chosen rate of their cell."""
    return tuned[tuned["scaled_learning_rate"] == tuned["chosen_rate"]]


def near_chosen_rate(tuned: pd.DataFrame, decades: float) -> pd.DataFrame:
    """The `tuning_runs` with |log10(ηβ / chosen rate)| ≤ decades. Their rate is replaced by the chosen rate."""
    distances = np.log10(tuned["scaled_learning_rate"] / tuned["chosen_rate"]).abs()
    return tuned.assign(scaled_learning_rate=tuned["chosen_rate"])[distances <= decades + ROUNDING]


def tried_rates(tuned: pd.DataFrame) -> pd.DataFrame:
    """The rates that were tried in each cell, one row per cell and rate.

    Columns: RATE_CELL, `learning_rate` η, the number `n` of tuning runs, and how many of them `failed`.
    """
    marked = tuned.assign(n=1, failed=tuned["status"] == "failed")
    groups = marked.groupby([*RATE_CELL, "learning_rate"], dropna=False, as_index=False)
    return groups[["n", "failed"]].sum()


def chosen_rates(tuned: pd.DataFrame, confidence: float) -> pd.DataFrame:
    """The chosen rate of each cell, with the mean validation accuracy of its tuning runs.

    Columns: those of `summarize`, and `learning_rate`, the chosen η.
    """
    cells = means(at_chosen_rate(tuned), "validation_accuracy", confidence)
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


def means(seeds: pd.DataFrame, column: str, confidence: float) -> pd.DataFrame:
    """`summarize` with the mean and its Student-t interval."""
    return summarize(seeds, column, confidence, mean_interval)


def failed_shares(runs: pd.DataFrame, confidence: float) -> pd.DataFrame:
    """`summarize` of `failed_share`, the share of runs that failed, with its Wilson interval."""
    failed = runs.assign(failed_share=runs["status"] == "failed")
    return summarize(failed, "failed_share", confidence, share_interval)


def median_times(seeds: pd.DataFrame, confidence: float) -> pd.DataFrame:
    """`summarize` of `time_to_learn` with the median and its distribution-free interval.

    More columns: the number of `censored` seeds, whose time is infinite, and `steps`, the last step of training. A
    censored run that diverged, and stopped early, counts as one that did not learn until the last step.
    """
    medians = summarize(seeds, "time_to_learn", confidence, median_interval)
    censored = seeds.assign(censored=np.isinf(seeds["time_to_learn"]))
    counts = censored.groupby([*CHOSEN_CELL], dropna=False, as_index=False)[["censored"]].sum()
    return medians.merge(counts, on=[*CHOSEN_CELL]).assign(steps=seeds["steps"].max())


def outcomes(seeds: pd.DataFrame) -> pd.DataFrame:
    """Accuracy and time to learn together, one row per cell. Columns: CHOSEN_CELL and OUTCOMES.

    test_accuracy: mean. time_to_learn: median, infinite if half of the seeds or more are censored. n, failed and
    censored: numbers of all seeds, of failed ones, and of those that never learned. steps: the last step of training.
    """
    marks = {"n": 1, "failed": seeds["status"] == "failed", "censored": np.isinf(seeds["time_to_learn"])}
    groups = seeds.assign(**marks).groupby([*CHOSEN_CELL], dropna=False, as_index=False)
    statistics = {"test_accuracy": "mean", "time_to_learn": "median"}
    cells = groups.agg(statistics | dict.fromkeys(marks, "sum")).assign(steps=seeds["steps"].max())
    return cells[[*CHOSEN_CELL, *OUTCOMES]]
