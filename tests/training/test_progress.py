"""What is measured of a run while it trains."""

from __future__ import annotations

import numpy as np

from temperature_check.training import progress
from temperature_check.training.progress import Progress, Trained

BATCHES = np.array([[2.0, 0.1], [3.0, 0.3], [1.0, 0.5], [1.5, 0.7], [0.5, 1.0]], np.float32)


def trained() -> Progress:
    """Five steps in two parts, with a probe after the third."""
    result = Progress((2.5, 0.2, 1e-3))
    result.add(Trained(BATCHES[:2], []))
    result.add(Trained(BATCHES[2:], [(1, 1.2, 0.4, 0.5)]).after(2))
    return result


def test_largest_loss_is_over_all_steps_and_accuracy_over_whole_epochs():
    arrays = trained().arrays(steps_of_epoch=2)
    assert arrays["largest_loss"] == 3.0
    np.testing.assert_allclose(arrays["epoch_accuracy"], [0.2, 0.6])
    np.testing.assert_array_equal(arrays["history_step"], [0, 3])
    np.testing.assert_array_equal(arrays["history_loss"], [2.5, 1.2])


def test_a_loss_that_is_not_finite_at_one_step_is_the_largest():
    run = trained()
    run.add(Trained(np.array([[np.nan, 0.0], [0.1, 1.0]], np.float32), [(7, 0.1, 1.0, 1.0)]))
    assert run.finite
    assert np.isnan(run.arrays(1)["largest_loss"])


def test_a_probe_that_is_not_finite_ends_a_run():
    run = trained()
    run.add(Trained(BATCHES[:1], [(6, np.inf, 0.1, 1.0)]))
    assert not run.finite


def test_progress_is_restored_as_it_was_saved(monkeypatch):
    before = trained()
    after = Progress.of(before.saved())
    monkeypatch.setattr(progress, "MOST_PARTS", 1)
    for run in (before, after):
        run.add(Trained(BATCHES, [(10, 0.5, 0.9, 2.0)]))
    for name, values in before.arrays(2).items():
        np.testing.assert_array_equal(after.arrays(2)[name], values)
    assert len(after.batches) == 1
