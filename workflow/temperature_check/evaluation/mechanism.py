"""Where an effect of β comes from: switches of β, and accuracy at equal confidence.

`collect` makes the table of both from the tables of their phases. Of a pair of β, `first` is that before a switch and
`second` that after it. Accuracies are in points.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from temperature_check.evaluation.cells import report_runs

ARMS = ("first", "second", "switched", "rate", "effective_rate", "jump")
"""Both β kept, the switch, and its controls: β kept and η, or ηβ², that of the second; and no rescaling."""
DRAWS, POINTS = 10_000, 201
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

    Seeds of which no network has the ‖Z0‖ of one of the first three arms are left out.
    """
    own = table[(table["phase"] == "switch") & (table["first"] == first) & (table["second"] == second)]
    table = own.pivot_table(index=["switch_step", "seed"], columns="arm", values=value)
    return table.reindex(columns=[*ARMS]).dropna(subset=[*ARMS[:3]])


def kept_shares(table: pd.DataFrame, first: float, second: float, confidence: float) -> pd.DataFrame:
    """The share of the gap that is left after a switch, one row per step:

        (A_switched - A_second)/(A_first - A_second), each A a mean over seeds.

    Columns: `share`, `low` and `high`; `gap`, `gap_low` and `gap_high`, the mean of A_first - A_second, both by
    resampling of seeds; `n`, and how many switched runs `failed`. The share is NaN where the interval of the gap
    contains 0, or half of the switched runs failed.
    """
    points, failed = (arms(table, first, second, value) for value in ("points", "failed"))
    rows = {}
    for step, own in points.groupby("switch_step"):
        found = _resampled(own, confidence)
        lost = int(failed.loc[step, "switched"].sum())
        if found["gap_low"] * found["gap_high"] <= 0 or 2 * lost >= len(own):
            found |= dict.fromkeys(("share", "low", "high"), np.nan)
        rows[step] = found | {"n": len(own), "failed": lost}
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("switch_step")


def _resampled(own: pd.DataFrame, confidence: float) -> dict[str, float]:
    """The share and the gap of means over seeds, with intervals."""
    values = own[[*ARMS[:3]]].to_numpy()
    drawn = np.random.default_rng(0).integers(0, len(values), (DRAWS, len(values)))
    means = np.vstack([values.mean(axis=0), values[drawn].mean(axis=1)])
    gaps = means[:, 0] - means[:, 1]
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = (means[:, 2] - means[:, 1]) / gaps
    level = [(1 - confidence) / 2, (1 + confidence) / 2]
    ends = [*np.quantile(shares[1:], level, method="inverted_cdf"), *np.quantile(gaps[1:], level)]
    return dict(zip(("share", "gap", "low", "high", "gap_low", "gap_high"), map(float, (shares[0], gaps[0], *ends))))


def smoothed_cells(table: pd.DataFrame) -> pd.DataFrame:
    """Mean `points`, `validation_confidence` and `test_confidence` by `beta` and `label_smoothing`."""
    own = table[table["phase"] == "smoothing"]
    columns = ["points", "validation_confidence", "test_confidence"]
    return own.groupby(["beta", "label_smoothing"], as_index=False)[columns].mean()


def at_equal_confidence(table: pd.DataFrame, pair: tuple[float, float]) -> pd.DataFrame | None:
    """The gap between a pair of β without smoothing, and at equal confidence, in points.

    Each β with its label smoothings is a curve of accuracy against confidence, the mean over seeds on validation data.
    The gap at equal confidence is the mean distance of both curves over all confidences that both have. Both β are thus
    smoothed about alike, and what smoothing does apart from confidence cancels if it does the same at both.
    Index: seed. Columns: `gap`, of the second β minus the first, and `equal`; `attrs` has the range of confidences as
    `low` and `high`. None if no confidence is in both curves, or runs are lacking.
    """
    own = table[(table["phase"] == "smoothing") & table["beta"].isin(pair)]
    curves = [_curve(own[own["beta"] == beta]) for beta in pair]
    if any(curve.empty or 0.0 not in curve["label_smoothing"].to_numpy() for curve in curves):
        return None
    low, high = max(curve.index.min() for curve in curves), min(curve.index.max() for curve in curves)
    if low >= high:
        return None
    confidences = np.linspace(low, high, POINTS)
    by_seed = own.pivot_table(index="seed", columns=["beta", "label_smoothing"], values="points").dropna()
    first, second = (_along(curve, by_seed[beta], confidences) for curve, beta in zip(curves, pair))
    result = pd.DataFrame({"gap": by_seed[pair[1], 0.0] - by_seed[pair[0], 0.0], "equal": second - first})
    result.attrs = {"low": low, "high": high}
    return result


def _curve(runs: pd.DataFrame) -> pd.DataFrame:
    """The smoothings of a β by their mean confidence."""
    means = runs.groupby("label_smoothing", as_index=False)["validation_confidence"].mean()
    return means.set_index("validation_confidence").sort_index()


def _along(curve: pd.DataFrame, by_seed: pd.DataFrame, confidences: np.ndarray) -> np.ndarray:
    """The mean accuracy of each seed over confidences at equal distances."""
    points = by_seed[curve["label_smoothing"]].to_numpy()
    return np.array([np.interp(confidences, curve.index, own).mean() for own in points])
