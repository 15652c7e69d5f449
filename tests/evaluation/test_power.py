"""Seeds that comparisons need: as many as simulations say."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from temperature_check.evaluation.intervals import median_interval
from temperature_check.evaluation.power import accuracy_comparisons, power_of_median, seeds_needed


@pytest.mark.parametrize("seeds", [5, 6, 11, 24])
def test_power_is_the_share_of_intervals_that_exclude_zero(seeds):
    values = np.random.default_rng(0).normal(0.5, 0.7, size=(2000, seeds))
    found = np.mean([median_interval(row, 0.95)[1] > 0 for row in values])
    share = 0.7625  # of a normal distribution above -0.5/0.7
    assert power_of_median(seeds, share, 0.95) == pytest.approx(found, abs=0.03)


def test_needed_seeds_are_the_fewest_with_the_power():
    seeds = seeds_needed(0.7, 0.5, 0.95, 0.8)
    assert power_of_median(seeds, 0.7625, 0.95) >= 0.8 > power_of_median(seeds - 1, 0.7625, 0.95)
    assert seeds_needed(0.0, 0.5, 0.95, 0.8) == 6
    assert seeds_needed(100.0, 0.5, 0.95, 0.8) == np.inf
    assert np.isnan(seeds_needed(np.nan, 0.5, 0.95, 0.8))


def test_differences_are_paired_by_seed():
    rows = [
        {"task": "mlp", "phase": phase, "beta": beta, "z0": 0.1, "seed": seed, "status": "ok", "length": 1.0}
        | {"test_accuracy": 0.1 * seed + (0.01 if beta != 1 else 0) * (seed % 2), "seconds": beta}
        for phase in ("tune", "report")
        for beta in (1.0, 10.0)
        for seed in range(8)
    ]
    rows += [rows[0] | {"task": "alone", "phase": "report", "beta": beta} for beta in (1.0, 10.0)]
    (row,) = accuracy_comparisons(pd.DataFrame(rows), 0.5, 0.95, 0.8).to_dict("records")
    assert (row["pilot"], row["seconds"]) == (8, 11)
    assert row["spread"] == pytest.approx(np.std([0, 1] * 4, ddof=1))
