"""A network in fewer and larger kernels is the same function of the same variables as the network."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from temperature_check.initialization.correlated import CorrelatedPair
from temperature_check.networks.wide_resnet import build
from temperature_check.study.engine import EngineSettings
from temperature_check.training import joined
from temperature_check.training.joined import in_few_kernels
from temperature_check.training.tensorflow import use_device

SHAPES = {"images": (8, 6, 2), "sequences": (40, 1)}


@pytest.fixture(scope="module", autouse=True)
def _one_thread():
    use_device(EngineSettings())


def residual(batch_norm: bool, data: str) -> keras.Model:
    return build(10, 1, batch_norm, SHAPES[data], 3)


def stepped(network: keras.Model, inputs: np.ndarray) -> tf.Tensor:
    """Logits in training mode, before a step of gradient descent on their squares."""
    with tf.GradientTape() as tape:
        logits = network(inputs, training=True)
        loss = tf.reduce_mean(logits**2)
    variables = network.trainable_variables
    for variable, gradient in zip(variables, tape.gradient(loss, [variable.value for variable in variables])):
        variable.assign(variable - gradient)
    return logits


@pytest.mark.parametrize("data", SHAPES)
@pytest.mark.parametrize("batch_norm", [True, False])
@pytest.mark.parametrize("copies", [1, 2])
@pytest.mark.parametrize("batch_size", [12, 100_000])
def test_few_kernels_train_a_network_like_many(batch_size, copies, batch_norm, data):
    """Logits, weights and moving averages after a step. A large batch is one for which copies stay apart."""
    if not joined.has_grouped_convolutions():
        pytest.skip("TensorFlow has no grouped convolutions on this processor")
    keras.utils.set_random_seed(0)
    networks = [residual(batch_norm, data) for _ in range(copies)]
    network = CorrelatedPair(*networks) if copies == 2 else networks[0]
    inputs = np.random.default_rng(0).normal(size=(12, *SHAPES[data])).astype("float32")
    network(inputs)
    few = in_few_kernels(network, batch_size)
    if batch_size > 12 and not batch_norm:
        assert few is None
        return
    # The engine's first use of the network is a probe, which does not call the network itself.
    groups = (few.network.trainable_variables, few.network.non_trainable_variables)
    values = [[variable.value for variable in group] for group in groups]
    assert few.network.stateless_call(*values, inputs, training=True)[0].shape == (12, 3)
    before = network.get_weights()
    logits, weights = stepped(network, inputs), network.get_weights()
    network.set_weights(before)
    few.load()
    found = stepped(few.network, inputs)
    few.store()
    np.testing.assert_allclose(found, logits, rtol=1e-3, atol=1e-4)
    for values, expected, first in zip(network.get_weights(), weights, before, strict=True):
        assert not np.array_equal(expected, first)
        change = np.abs(expected - first).max()
        np.testing.assert_allclose(values - first, expected - first, rtol=1e-2, atol=1e-3 * change)


def network_of(*layers: keras.layers.Layer) -> keras.Model:
    inputs = hidden = keras.Input((6, 6, 2))
    for layer in layers:
        hidden = layer(hidden)
    return keras.Model(inputs, keras.layers.Dense(3)(keras.layers.GlobalAveragePooling2D()(hidden)))


OTHERS = {
    "activation": lambda new: [new.Conv2D(4, 3, activation="relu")],
    "dilation": lambda new: [new.Conv2D(4, 3, dilation_rate=2)],
    "groups": lambda new: [new.Conv2D(4, 1), new.Conv2D(4, 3, groups=2)],
    "first layer": lambda new: [new.BatchNormalization(), new.Conv2D(4, 3)],
    "no scale": lambda new: [new.Conv2D(4, 3), new.BatchNormalization(scale=False)],
    "other norm": lambda new: [new.Conv2D(4, 3), new.LayerNormalization()],
    "hidden dense": lambda new: [new.Conv2D(4, 3), new.Dense(5)],
    "bfloat16": lambda new: [new.Conv2D(4, 3, dtype="mixed_bfloat16")],
}


@pytest.mark.parametrize("layers", OTHERS)
def test_networks_with_other_layers_are_not_joined(layers):
    assert in_few_kernels(network_of(*OTHERS[layers](keras.layers)), 12) is None


def test_nothing_is_joined_without_grouped_convolutions(monkeypatch):
    monkeypatch.setattr(joined, "has_grouped_convolutions", lambda: False)
    assert in_few_kernels(residual(True, "images"), 12) is None
