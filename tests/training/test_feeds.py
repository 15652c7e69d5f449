"""Feeds: how many steps a program trains in a call."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from temperature_check.data.dataset import Dataset
from temperature_check.study.networks import MLP
from temperature_check.study.recipe import Training
from temperature_check.training import feeds
from temperature_check.training.program import STEPS_OF_A_CALL
from temperature_check.training.progress import Trained


class Slow:
    """A program whose steps take so many seconds each, by a clock of its own."""

    def __init__(self, seconds: float):
        self.seconds, self.now, self.calls = seconds, 0.0, []

    def advance(self, plan) -> Trained:
        self.calls.append(len(plan.examples))
        self.now += self.seconds * len(plan.examples)
        return Trained(np.zeros((len(plan.examples), 2)), [(1, 0.0, 0.0, 0.0)])


@pytest.mark.parametrize(("seconds", "expected"), [(1e-3, STEPS_OF_A_CALL), (1.0, 16), (7.0, 2), (300.0, 1)])
def test_calls_take_about_as_long_whatever_a_step_takes(monkeypatch, seconds, expected):
    program = Slow(seconds)
    monkeypatch.setattr(feeds, "time", SimpleNamespace(monotonic=lambda: program.now))
    training = Training(model=MLP(kind="mlp", widths=(2,)), initialization="plain", epochs=200, batch_size=1)
    data = {split: np.zeros((10, 2), np.float32) for split in ("train", "validation", "test")}
    labels = {split: np.zeros(10, np.int32) for split in data}
    feed = feeds.ResidentFeed(training, Dataset("zeros", data, labels, classes=2))
    feed.start(0, 1, 0)
    reached, probed = zip(*((step, trained.probes[0][0]) for step, trained in feed.advance(program, 3, 2000)))
    assert reached[-1] == 2000
    assert sum(program.calls) == 1997
    assert program.calls[-2] == expected
    np.testing.assert_array_equal(probed, np.array([3, *reached[:-1]]) + 1)
