"""First times and departures of recorded curves."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from temperature_check.theory.events import departure, distance, first_time


@given(level=st.floats(0.01, 2.9))
def test_first_time_is_linear_between_points(level):
    assert first_time([0, 2, 4, 6], [0.0, 1.0, 3.0, 0.0], level) == pytest.approx(
        2 * level if level <= 1 else level + 1
    )


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0, 1, 1], float("inf")),
        ([3, 0, 0], 0.0),
        ([0, np.nan, np.nan], float("inf")),
        ([0, np.inf, 1], 1.0),
        ([], np.inf),
    ],
)
def test_events_never_reached_are_infinite(values, expected):
    assert first_time(range(len(values)), values, 2.0) == expected


def test_distance_is_per_example():
    start, direction = np.array([[3.0, 0.0], [0.0, 4.0]]), np.array([[0.0, 3.0], [1.0, 2.0]])
    logits = start + np.array([0.0, 1.0, 4.0])[:, None, None] * direction
    np.testing.assert_allclose(distance(logits, start), [0, np.sqrt(7), 4 * np.sqrt(7)])


def test_departure_is_relative_to_what_has_moved():
    start = np.ones((1, 2, 3))
    logits = np.concatenate([start, start + 1, start + 2])
    linearized = np.concatenate([start, start + 1, start + 1])
    np.testing.assert_allclose(departure(logits, linearized), [0, 0, 0.5])
