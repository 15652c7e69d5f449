"""Where an effect of β comes from: switches of β, and accuracy at equal confidence.

`collect` makes the table of both from the tables of their phases. Of a pair of β, `first` is that before a switch and
`second` that after it. Accuracies are in points.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from temperature_check.evaluation.cells import report_runs
from temperature_check.evaluation.intervals import median_interval

ARMS = ("first", "second", "switched", "rate", "effective_rate", "jump")
"""Both β kept, the switch, and its controls: β kept and η, or ηβ², that of the second; and no rescaling."""
DRAWS = 10_000
OF_SWITCH = ("first", "second", "arm", "switch_step")
KEPT = ("task", "beta", "z0", "scaled_learning_rate", "seed", "length", "steps", "status", "failure")
MEASURED = ("test_accuracy", "test_confidence", "validation_confidence", "dataset", "train_examples", "key")


def collect(tables: Sequence[pd.DataFrame], runs: pd.DataFrame) -> pd.DataFrame:
    """One row per run that switches β, `phase` = switch, or that is smoothed, `phase` = smoothing.

    The report runs at the β and ‖Z0‖ of smoothed runs are those with a `label_smoothing` of 0.
    Columns: phase, KEPT, MEASURED, OF_SWITCH, `label_smoothing`, `points`, the test accuracy, and `failed`, 0 or 1.
    """
    found = [table for table in tables if len(table)]
    smoothed = [table for table in found if "label_smoothing" in table]
    plain = [_without_smoothing(table, runs) for table in smoothed]
    joined = pd.concat([*found, *plain], ignore_index=True)
    columns = ["phase", *KEPT, *MEASURED, *OF_SWITCH, "label_smoothing"]
    failed = (joined["status"] == "failed").astype(float)
    return joined.reindex(columns=columns).assign(points=100 * joined["test_accuracy"], failed=failed)


def _without_smoothing(smoothed: pd.DataFrame, runs: pd.DataFrame) -> pd.DataFrame:
    cells = ["task", "beta", "z0", "seed", "length"]
    own = report_runs(runs).merge(smoothed[cells].drop_duplicates(), on=cells)
    return own.assign(phase="smoothing", label_smoothing=0.0)


def pairs(table: pd.DataFrame) -> list[tuple[float, float]]:
    """Every direction of a switch, (first, second)."""
    switched = table[table["phase"] == "switch"]
    return sorted(switched[["first", "second"]].drop_duplicates().itertuples(index=False, name=None))


def arms(table: pd.DataFrame, first: float, second: float, value: str = "points") -> pd.DataFrame:
    """A value of the runs of a switch: index `switch_step` and `seed`, a column for each of ARMS.

    Seeds that lack an arm, because no network has their ‖Z0‖, are left out.
    """
    own = table[(table["phase"] == "switch") & (table["first"] == first) & (table["second"] == second)]
    return own.pivot_table(index=["switch_step", "seed"], columns="arm", values=value).dropna()


def kept_shares(table: pd.DataFrame, first: float, second: float, confidence: float) -> pd.DataFrame:
    """The share of the gap that is left after a switch, one row per step:

        (A_switched - A_second)/(A_first - A_second), each A a mean over seeds.

    Columns: `share`, `low` and `high` by resampling of seeds; `gap`, `gap_low` and `gap_high`, the median over seeds of
    A_first - A_second and its interval; `n`, and how many switched runs `failed`. The share is NaN where the interval
    of the gap contains 0, or half of the switched runs failed.
    """
    points, failed = (arms(table, first, second, value) for value in ("points", "failed"))
    rows = {}
    for step, own in points.groupby("switch_step"):
        gap = (own["first"] - own["second"]).to_numpy()
        found = dict(zip(("gap", "gap_low", "gap_high"), median_interval(gap, confidence)))
        lost = int(failed.loc[step, "switched"].sum())
        known = found["gap_low"] * found["gap_high"] > 0 and 2 * lost < len(own)
        share = _resampled(own, confidence) if known else (np.nan,) * 3
        rows[step] = dict(zip(("share", "low", "high"), share)) | found | {"n": len(own), "failed": lost}
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("switch_step")


def _resampled(own: pd.DataFrame, confidence: float) -> tuple[float, float, float]:
    values = own[["first", "second", "switched"]].to_numpy()
    drawn = np.random.default_rng(0).integers(0, len(values), (DRAWS, len(values)))
    first, second, switched = np.moveaxis(values[drawn].mean(axis=1), -1, 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = (switched - second) / (first - second)
    mean = values.mean(axis=0)
    ends = np.quantile(shares, [(1 - confidence) / 2, (1 + confidence) / 2], method="inverted_cdf")
    return float((mean[2] - mean[1]) / (mean[0] - mean[1])), *map(float, ends)


def smoothed_cells(table: pd.DataFrame) -> pd.DataFrame:
    """Mean `points`, `validation_confidence` and `test_confidence` by `beta` and `label_smoothing`."""
    own = table[table["phase"] == "smoothing"]
    columns = ["points", "validation_confidence", "test_confidence"]
    return own.groupby(["beta", "label_smoothing"], as_index=False)[columns].mean()


def at_equal_confidence(table: pd.DataFrame, pair: tuple[float, float]) -> pd.DataFrame | None:
    """Accuracies of a pair of β, and of the more confident one with labels smoothed until the other's confidence.

    Confidence is the mean over seeds on validation data. Between two values of the smoothing, confidence and accuracy
    are interpolated. Index: seed. Columns: `smoothed`, `confident` and `other`, in points; `attrs` has their β as
    `confident` and `other`, and `label_smoothing`. None if no smoothing lowers confidence as far, or runs are lacking.
    """
    cells = smoothed_cells(table).set_index(["beta", "label_smoothing"])["validation_confidence"].unstack()
    if not {*pair} <= {*cells.index} or 0.0 not in cells:
        return None
    confident, other = sorted(pair, key=lambda beta: -cells.loc[beta, 0.0])
    found = _between(cells.loc[confident].dropna(), cells.loc[other, 0.0])
    if found is None:
        return None
    low, high, weight = found
    smoothed = table[table["phase"] == "smoothing"].pivot_table(
        index="seed", columns=["beta", "label_smoothing"], values="points"
    )
    matched = (1 - weight) * smoothed[confident, low] + weight * smoothed[confident, high]
    columns = {"smoothed": matched, "confident": smoothed[confident, 0.0], "other": smoothed[other, 0.0]}
    result = pd.DataFrame(columns).dropna()
    result.attrs = {"confident": confident, "other": other, "label_smoothing": (1 - weight) * low + weight * high}
    return result


def _between(confidences: pd.Series, target: float) -> tuple[float, float, float] | None:
    """The first two values of the smoothing that enclose a confidence, and the weight of the second."""
    ordered = confidences.sort_index()
    for low, high in zip(ordered.index, ordered.index[1:]):
        if ordered[low] >= target >= ordered[high]:
            step = ordered[low] - ordered[high]
            return low, high, float((ordered[low] - target) / step) if step else 0.0
    return None
