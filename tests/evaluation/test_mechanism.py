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


CONFIDENCES = {(1.0, 0.0): 0.98, (1.0, 0.1): 0.88, (1.0, 0.2): 0.78, (100.0, 0.0): 0.83, (100.0, 0.1): 0.73}


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


def test_seed_that_lacks_an_arm_is_left_out_and_one_that_lacks_a_control_is_not():
    table = switches({100: 0.5})
    for arm, seeds in {"jump": len(SEEDS), "switched": len(SEEDS) - 1}.items():
        lacking = table[~((table["seed"] == 3) & (table["arm"] == arm))]
        assert len(mechanism.arms(lacking, 1.0, 100.0)) == seeds


def test_gap_at_equal_confidence_is_the_distance_of_both_curves_where_both_are():
    found = equal({(1.0, 0.0): 95, (1.0, 0.1): 94, (1.0, 0.2): 93, (100.0, 0.0): 91, (100.0, 0.1): 90})
    assert (found.attrs["low"], found.attrs["high"]) == pytest.approx((0.78, 0.83), abs=2e-3)
    assert len(found) == len(SEEDS)
    assert found["gap"].mean() == pytest.approx(-4, abs=0.2)
    # At 0.78 they have 93 and 90.5 points, at 0.83 they have 93.5 and 91.
    assert found["equal"].mean() == pytest.approx(-2.5, abs=0.2)


def test_accuracy_that_follows_confidence_alone_has_no_gap_at_equal_confidence():
    found = equal({cell: 100 * confidence for cell, confidence in CONFIDENCES.items()})
    assert found["gap"].mean() == pytest.approx(-15, abs=0.2)
    assert found["equal"].mean() == pytest.approx(0, abs=0.2)


def test_a_gap_that_has_nothing_to_do_with_confidence_is_left():
    flat = equal({(beta, share): 95 if beta == 1 else 92 for beta, share in CONFIDENCES})
    assert flat["equal"].mean() == pytest.approx(-3, abs=0.2)


def test_no_confidence_in_common_or_runs_are_lacking():
    none = mechanism.at_equal_confidence
    assert none(smoothings(CONFIDENCES, dict.fromkeys(CONFIDENCES, 90.0)), (1.0, 3.0)) is None
    apart = {(1.0, 0.0): 0.95, (1.0, 0.1): 0.9, (100.0, 0.0): 0.8, (100.0, 0.1): 0.7}
    assert none(smoothings(apart, dict.fromkeys(apart, 90.0)), (1.0, 100.0)) is None
    only = {(1.0, 0.1): 0.88, (100.0, 0.1): 0.8}
    assert none(smoothings(only, dict.fromkeys(only, 90.0)), (1.0, 100.0)) is None
