"""Comparisons of studies, on simulated studies whose truth is known and on real seeds."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
import pytest

from temperature_check.evaluation.comparison import (
    RERUN_SPREAD,
    at_smallest_norm,
    compare,
    of_published,
    of_runs,
)
from tests.conftest import ROOT

DEFAULT = {"mlp": (0.001, 0.01, 0.1, 0.3, 1, 3, 10, 100), "gru": (0.1, 1, 10), "wrn": (0.1, 1, 10)}
"""The β of the default study, at its smallest ‖Z0‖."""
SEEDS = {"mlp": 25, "gru": 20, "wrn": 10}
SPREADS = {"mlp": (0.97, 0.79, 0.86, 0.73, 0.94, 0.88, 1.0, 0.89), "gru": (1.12, 0.93, 1.12), "wrn": (0.76, 0.73, 0.69)}
"""Standard deviations over seeds in the default study, in points."""
STUDIES = 100


def table(cells: dict[tuple, np.ndarray], first_seed: int = 0, **columns) -> pd.DataFrame:
    """Report runs with these accuracies, in percent, by (task, β)."""
    rows = [
        {"task": task, "beta": float(beta), "z0": 0.1, "seed": first_seed + seed, "test_accuracy": value / 100}
        for (task, beta), values in cells.items()
        for seed, value in enumerate(values)
    ]
    of_all = {
        "phase": "report",
        "status": "ok",
        "length": 1.0,
        "scaled_learning_rate": 0.1,
        "data": "d",
        "backend": "b",
    }
    return pd.DataFrame(rows).assign(**of_all | columns)


def drawn(random: np.random.Generator, shared: float = 0.5) -> dict[tuple, np.ndarray]:
    """A default study without effects. shared: share of the variance that a seed has in all cells of a task."""
    cells = {}
    for task, betas in DEFAULT.items():
        of_seed = random.standard_normal(SEEDS[task])
        for beta, spread in zip(betas, SPREADS[task]):
            own = random.standard_normal(SEEDS[task])
            cells[task, beta] = 95 + spread * (np.sqrt(shared) * of_seed + np.sqrt(1 - shared) * own)
    return cells


def outcomes(pairs: Iterable[tuple[pd.DataFrame, pd.DataFrame]], shift: float) -> tuple[float, np.ndarray]:
    """The share of pairs of studies that differ in any cell, and by cell, the share in which a shift would be found.

    A shift of all runs of a cell changes no residual, and so no interval.
    """
    results = [compare(of_runs(first), of_runs(second)) for first, second in pairs]
    found = [(result["difference"] - shift).abs() > result["within"] for result in results]
    return np.mean([result["differs"].any() for result in results]), np.mean(found, axis=0)


def test_no_difference_is_rarely_found_and_two_points_are():
    random = np.random.default_rng(0)
    alarms, found = outcomes(((table(drawn(random)), table(drawn(random), 100)) for _ in range(STUDIES)), 2)
    assert alarms <= 0.05
    assert found.min() >= 0.9


def halves(runs: pd.DataFrame, random: np.random.Generator) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The runs of half of the seeds of each task, drawn at random, and those of the other half."""
    drawn = {task: random.permutation(own["seed"].unique()) for task, own in runs.groupby("task")}
    first = [seed in drawn[task][: len(drawn[task]) // 2] for task, seed in zip(runs["task"], runs["seed"])]
    return runs[first], runs[~np.array(first)]


@pytest.mark.long
def test_real_seeds_divided_at_random_do_not_differ():
    runs = pd.read_csv(ROOT / "results/reference/decide/runs.csv")
    runs = runs[runs["task"].isin(["digits_mlp", "digits_large_norms", "wrn_bn"])]
    random = np.random.default_rng(0)
    alarms, _ = outcomes((halves(runs, random) for _ in range(STUDIES)), 0)
    assert alarms <= 0.05


@pytest.mark.long
def test_smallest_difference_seen_is_found_as_often_as_it_says():
    random = np.random.default_rng(1)
    studies = [
        tuple(table({("mlp", beta): random.normal(95, 1, 10) for beta in (0.1, 1, 10)}, seed) for seed in (0, 100))
        for _ in range(STUDIES)
    ]
    expected = np.sqrt(2 / 10) * (2.47 + 0.85)  # quantiles of t with 54 degrees of freedom, at 5% over 3 cells
    assert np.mean(outcomes(studies, expected)[1]) == pytest.approx(0.8, abs=0.06)
    detectable = [compare(*map(of_runs, pair))["detectable"].mean() for pair in studies[:10]]
    assert np.mean(detectable) == pytest.approx(expected, rel=0.1)


def runs_of(values: list[float], **columns) -> pd.DataFrame:
    return table({("mlp", 1): np.array(values)}, **columns)


def test_equal_settings_and_seeds_are_paired():
    first, second = (runs_of(np.linspace(70, 95, 25) + shift) for shift in (0, 2))
    for equal, seeds, differs in ((["mlp"], "same", True), ([], "other", False)):
        (row,) = compare(of_runs(first), of_runs(second), equal).to_dict("records")
        assert (row["seeds"], row["differs"]) == (seeds, differs)
        assert row["difference"] == pytest.approx(2)


@pytest.mark.parametrize("column", ["scaled_learning_rate", "length", "data", "backend", "seed"])
def test_runs_of_another_rate_or_other_data_are_not_paired(column):
    values = [94.0, 95, 96]
    first, second = runs_of(values), runs_of(values)
    second[column] = second[column] + (1000 if column == "seed" else second[column])
    assert compare(of_runs(first), of_runs(second), ["mlp"])["seeds"].tolist() == ["other"]


def test_one_rerun_that_differs_a_little_is_no_difference():
    first, second = (runs_of([94.0] * 25) for _ in range(2))
    second.loc[0, "test_accuracy"] += 0.001
    (row,) = compare(of_runs(first), of_runs(second), ["mlp"]).to_dict("records")
    assert not row["differs"]
    assert row["within"] == pytest.approx(1.96 * RERUN_SPREAD / 5, abs=0.01)
    assert len(compare(of_runs(first[:1]), of_runs(second[:1]), ["mlp"])) == 1


def test_a_cell_with_a_failed_run_does_not_hide_a_shift_in_another():
    random = np.random.default_rng(0)
    first, second = ({("mlp", beta): random.normal(95, 0.8, 25) for beta in (0.1, 1.0)} for _ in range(2))
    first["mlp", 0.1][0], second["mlp", 1.0] = 10, second["mlp", 1.0] - 2
    runs = table(first)
    runs.loc[0, "status"] = "failed"
    result = compare(of_runs(runs), of_runs(table(second, 100)))
    assert result["differs"].tolist() == [False, True]
    assert result["within"][0] > 5 * result["within"][1]


def test_longest_runs_at_the_report_phase_count():
    runs = pd.concat([runs_of([90.0, 91]), runs_of([80.0, 81], length=0.5), runs_of([50.0, 51], phase="tune")])
    assert of_runs(runs).cells[["n", "accuracy"]].to_numpy().tolist() == [[2, 90.5]]


def published(**columns) -> pd.DataFrame:
    row = {"task": "mlp", "beta": 1.0, "z0": np.nan, "n": 3, "accuracy": 95.0, "sd": np.nan, "source": "a paper"}
    return pd.DataFrame([row | columns])


def test_published_numbers_are_at_the_smallest_norm_and_count_with_their_spread():
    study = of_runs(runs_of(np.linspace(94, 96, 5)))
    alone = compare(at_smallest_norm(of_published(published()), study), study)
    assert (alone["z0"][0], alone["n_a"][0], bool(alone["differs"][0])) == (0.1, 3, False)
    wide = compare(at_smallest_norm(of_published(published(sd=30.0)), study), study)
    assert wide["within"][0] > 10 * alone["within"][0]
    assert compare(at_smallest_norm(of_published(published(accuracy=50.0)), study), study)["differs"].all()


def test_without_a_spread_nothing_is_judged():
    numbers = of_published(published(z0=0.1))
    (row,) = compare(numbers, of_published(published(z0=0.1, accuracy=20.0))).to_dict("records")
    assert np.isnan(row["within"])
    assert not row["differs"]


def test_plain_initialization_is_a_cell_and_no_common_cell_gives_no_row():
    plain = runs_of([94.0, 95]).assign(z0=np.nan)
    assert len(compare(of_runs(plain), of_runs(plain), ["mlp"])) == 1
    assert len(compare(of_runs(plain), of_runs(plain))) == 1
    assert compare(of_runs(plain), of_runs(runs_of([94.0]))).empty
