"""What the study of the tests printed, computed again from stored logits by other code, in NumPy.

Nothing of the package is imported here.
"""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from sklearn import datasets


@pytest.fixture
def labels() -> dict[str, np.ndarray]:
    """The labels of the splits: one permutation by seed 0, cut into 60, 50 and 40."""
    target = datasets.load_digits().target
    order = np.random.default_rng(0).permutation(len(target))
    return dict(zip(("train", "validation", "test"), np.split(target[order], [60, 110, 150])[:3]))


@pytest.fixture
def recomputed(finished_project, labels) -> pd.DataFrame:
    """One row of measures for each stored run, from its logits."""
    files = sorted((finished_project.root / "results/store").glob("??/*.npz"))
    return pd.DataFrame([measures(np.load(file), labels) for file in files])


def measures(stored, labels: dict[str, np.ndarray]) -> dict:
    run = json.loads(stored["facts"].tobytes())["run"]
    found = {name: run[name] for name in ("phase", "beta", "z0", "scaled_learning_rate", "seed")}
    for split in ("validation", "test"):
        if f"{split}_logits" in stored.files:
            found |= {f"{split}_{name}": value for name, value in of_split(stored, split, labels, run["beta"]).items()}
    reached = stored["history_step"][stored["history_accuracy"] >= 0.55]
    return found | {
        "time_to_learn": reached.min() if len(reached) else np.inf,
        "train_accuracy": stored["epoch_accuracy"][-1],
    }


def of_split(stored, split: str, labels: dict[str, np.ndarray], beta: float) -> dict:
    scaled, right = beta * stored[f"{split}_logits"].astype(float), labels[split]
    exponentials = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    predicted = exponentials / exponentials.sum(axis=1, keepdims=True)
    confidence, hits = predicted.max(axis=1), predicted.argmax(axis=1) == right
    errors = 0.0
    for upper in np.arange(1, 16) / 15:
        inside = (confidence > upper - 1 / 15) & (confidence <= upper)
        errors += abs(hits[inside].sum() - confidence[inside].sum())
    return {
        "accuracy": hits.mean(),
        "cross_entropy": -np.log(predicted[np.arange(len(right)), right]).mean(),
        "confidence": confidence.mean(),
        "calibration_error": errors / len(right),
    }


def test_every_measure_of_every_run(finished_project, recomputed):
    printed = pd.read_parquet(finished_project.root / "results/small/runs.parquet")
    keys = ["phase", "beta", "z0", "scaled_learning_rate", "seed"]
    both = printed.merge(recomputed, on=keys, suffixes=("", "_again"))
    assert len(both) == len(printed) == len(recomputed) == 8
    for name in recomputed.columns.difference(keys):
        np.testing.assert_allclose(both[name], both[f"{name}_again"], rtol=1e-6, err_msg=name)


def test_every_choice_is_the_best_of_validation(finished_project, recomputed):
    tuned = recomputed[recomputed["phase"] == "tune"]
    # Runs that fail count at chance; at equal means the smaller rate is chosen.
    counted = tuned.assign(score=tuned["validation_accuracy"].where(tuned["validation_accuracy"] > 0.2, 0.1))
    means = counted.groupby(["beta", "scaled_learning_rate"])["score"].mean()
    expected = {beta: means[beta].idxmax() for beta in (0.1, 1.0)}
    reported = recomputed[recomputed["phase"] == "report"]
    assert reported.groupby("beta")["scaled_learning_rate"].unique().map(list).to_dict() == {
        beta: [rate] for beta, rate in expected.items()
    }


@pytest.mark.parametrize(("figure", "column"), [("beta_sweep", "test_accuracy"), ("confidence", "test_cross_entropy")])
def test_every_median_of_a_figure(finished_project, recomputed, figure, column):
    shown = pd.read_csv(finished_project.root / f"results/small/figures/fig_{figure}.csv")
    medians = shown[shown["series"] == "median"].dropna(subset=column).set_index("beta")[column]
    expected = recomputed[recomputed["phase"] == "report"].groupby("beta")[column].median()
    assert medians.to_dict() == pytest.approx(expected.to_dict(), rel=1e-6)
