"""Rates that are checked by real steps, on a convolutional network and digits that prediction alone gets wrong."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from sklearn.datasets import load_digits

from temperature_check.commands.rate_search import RateSearch
from temperature_check.commands.user_data import Examples
from temperature_check.losses import SoftmaxCrossentropy
from temperature_check.theory.gate.checks import checked_kernel
from temperature_check.theory.time_scales import time_scales

MOMENTUM, STEPS, BATCH_SIZE = 0.9, 50, 32


@pytest.fixture(scope="module")
def examples() -> Examples:
    digits = load_digits()
    return Examples(digits.images[:256, ..., None].astype(np.float32) / 16, digits.target[:256])


def convolutional():
    keras.utils.set_random_seed(0)
    convolutions = [keras.layers.Conv2D(16, 3, activation="relu") for _ in range(2)]
    dense = [keras.layers.Flatten(), keras.layers.Dense(64, "relu"), keras.layers.Dense(10)]
    return keras.Sequential([keras.Input((8, 8, 1)), *convolutions, *dense])


@pytest.fixture(scope="module")
def searched(examples):
    """The network, its weights, the smaller predicted rate, the search, and the range at β = 1."""
    network = convolutional()
    weights = network.get_weights()
    kernel = checked_kernel(network, examples.inputs, examples.labels, "training")
    scales = time_scales(kernel, kernel.network.get_weights(), examples.labels, 1.0)
    predicted = min(scales.largest_stable_rate(MOMENTUM), scales.largest_linear_rate())
    search = RateSearch(kernel, examples, MOMENTUM, STEPS, BATCH_SIZE, seed=0)
    return network, weights, predicted, search, search.find(1.0, predicted)


def test_a_predicted_rate_at_which_training_dies_is_refused(searched):
    _, _, predicted, search, found = searched
    assert search.loss_after(2 / 3 * predicted, 1.0) is None
    assert found.highest < 2 / 3 * predicted


def test_an_absurd_rate_is_refused_and_a_small_one_passes(searched):
    search = searched[3]
    assert search.loss_after(1e6, 1.0) is None
    assert search.loss_after(1e-3, 1.0) is not None


@pytest.mark.parametrize("factor", [1e-3, 40])
def test_the_range_is_found_from_a_prediction_that_is_far_off(searched, factor):
    search, found = searched[3], searched[4]
    again = search.find(1.0, factor * found.highest)
    assert again.highest is not None
    if factor > 1:
        assert again.highest == pytest.approx(found.highest, rel=2.2)
    else:
        assert again.highest == again.largest_tried == pytest.approx(0.1 * found.highest)


def test_weights_are_restored(searched):
    network, weights = searched[:2]
    for before, after in zip(weights, network.get_weights(), strict=True):
        np.testing.assert_array_equal(before, after)


def test_training_by_the_users_own_program_at_the_largest_rate_lowers_the_loss(searched, examples):
    network, found = convolutional(), searched[4]
    network.compile(keras.optimizers.SGD(found.highest, momentum=MOMENTUM), loss=SoftmaxCrossentropy(1.0))
    losses = network.fit(examples.inputs, examples.labels, epochs=6, batch_size=BATCH_SIZE, verbose=0).history["loss"]
    assert losses[-1] < losses[0]


def test_steps_have_the_loss_at_beta(searched):
    search = searched[3]
    text = search.find(0.1, 0.5).text(STEPS, BATCH_SIZE)
    assert text.startswith("β 0.1: η ")
    assert "50 steps on batches of 32 lowered the loss" in text
