"""Switches of β and smoothed labels: tables with known truth, and what is read from them."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest

from temperature_check.evaluation import mechanism

SEEDS = range(12)
STEPS = (0, 100, 300)
TOTAL = 1000


def switches(kept: dict[int, float], first: float = 1.0, second: float = 100.0, **changes) -> pd.DataFrame:
    """Accuracies of 95 and 92 points at both β, of which a switch at each step keeps a share of the gap."""
    random, rows = np.random.default_rng(0), []
    for seed, (step, share) in itertools.product(SEEDS, kept.items()):
        own = random.normal(0, 0.5)
        values = {"first": 95.0, "second": 92.0, "switched": 92 + 3 * share, "rate": 50, "effective_rate": 95}
        for arm, points in {**values, "jump": 93.0, **changes}.items():
            row = {"phase": "switch", "first": first, "second": second, "arm": arm, "switch_step": step, "seed": seed}
            noise = own + random.normal(0, 0.2)
            rows.append(row | {"task": "mlp", "points": points + noise, "failed": 0.0, "steps": TOTAL, "beta": second})
    return pd.DataFrame(rows).assign(test_confidence=0.9, dataset="digits", train_examples=300, z0=0.1)


def smoothings(confidences: dict[tuple[float, float], float], points: dict[tuple[float, float], float]) -> pd.DataFrame:
    """Runs at (β, label smoothing) with known confidence and accuracy."""
    random, rows = np.random.default_rng(1), []
    for seed, (beta, share) in itertools.product(SEEDS, confidences):
        sure = confidences[beta, share] + random.normal(0, 1e-3)
        row = {"phase": "smoothing", "task": "mlp", "beta": beta, "label_smoothing": share, "seed": seed}
        hits = points[beta, share] + random.normal(0, 0.1)
        rows.append(row | {"points": hits, "validation_confidence": sure, "test_confidence": sure})
    return pd.DataFrame(rows).assign(first=np.nan, second=np.nan)


CONFIDENCES = {(1.0, 0.0): 0.98, (1.0, 0.1): 0.88, (1.0, 0.2): 0.78, (100.0, 0.0): 0.83, (100.0, 0.1): 0.7}


def equal(points: dict[tuple[float, float], float]) -> pd.DataFrame:
    return mechanism.at_equal_confidence(smoothings(CONFIDENCES, points), (1.0, 100.0))


def test_share_that_is_kept_is_the_one_that_was_made():
    shares = mechanism.kept_shares(switches({0: 0.0, 100: 0.5, 300: 1.0}), 1.0, 100.0, 0.95)
    np.testing.assert_allclose(shares["share"], [0, 0.5, 1], atol=0.06)
    assert (shares["low"] <= shares["share"]).all()
    assert (shares["share"] <= shares["high"]).all()
    assert (shares["n"] == len(SEEDS)).all()


def test_no_share_without_a_gap_or_if_runs_fail():
    without = mechanism.kept_shares(switches({100: 0.5}, second=1.0, first=95.0), 95.0, 1.0, 0.95)
    assert np.isfinite(without["share"]).all()
    no_gap = switches({100: 1.0})
    no_gap.loc[no_gap["arm"] == "first", "points"] = no_gap.loc[no_gap["arm"] == "second", "points"].to_numpy()
    assert mechanism.kept_shares(no_gap, 1.0, 100.0, 0.95)["share"].isna().all()
    lost = switches({100: 0.5})
    lost.loc[(lost["arm"] == "switched") & (lost["seed"] < 6), "failed"] = 1
    shares = mechanism.kept_shares(lost, 1.0, 100.0, 0.95)
    assert shares["share"].isna().all()
    assert shares["failed"].tolist() == [6]


def test_seed_that_lacks_an_arm_is_left_out():
    table = switches({100: 0.5})
    table = table[~((table["seed"] == 3) & (table["arm"] == "jump"))]
    assert len(mechanism.arms(table, 1.0, 100.0)) == len(SEEDS) - 1


def test_confidence_is_matched_between_two_smoothings():
    found = equal({(1.0, 0.0): 95, (1.0, 0.1): 94, (1.0, 0.2): 92, (100.0, 0.0): 91, (100.0, 0.1): 90})
    assert (found.attrs["confident"], found.attrs["other"]) == (1.0, 100.0)
    assert found.attrs["label_smoothing"] == pytest.approx(0.15, abs=0.01)
    assert found["smoothed"].mean() == pytest.approx(93, abs=0.2)
    assert found["other"].mean() == pytest.approx(91, abs=0.2)


@pytest.mark.parametrize("confidences", [{(1.0, 0.2): 0.9, (1.0, 0.1): 0.95}, {(1.0, 0.0): 0.85, (100.0, 0.0): 0.8}])
def test_order_of_confidences_decides_which_is_smoothed(confidences):
    changed = CONFIDENCES | confidences
    found = mechanism.at_equal_confidence(smoothings(changed, dict.fromkeys(changed, 90.0)), (1.0, 100.0))
    assert (found is None) == (changed[1.0, 0.2] > changed[100.0, 0.0])


def test_no_smoothing_is_enough_or_runs_are_lacking():
    assert mechanism.at_equal_confidence(smoothings(CONFIDENCES, dict.fromkeys(CONFIDENCES, 90.0)), (1.0, 3.0)) is None
    only = {(1.0, 0.1): 0.88, (100.0, 0.1): 0.8}
    assert mechanism.at_equal_confidence(smoothings(only, dict.fromkeys(only, 90.0)), (1.0, 100.0)) is None
