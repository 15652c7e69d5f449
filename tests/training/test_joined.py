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


def stepped(network: keras.Model, owner: keras.Model, inputs: np.ndarray) -> tuple:
    """Logits in training mode, gradients of their squares, and moving averages."""
    with tf.GradientTape() as tape:
        logits = network(inputs, training=True)
        loss = tf.reduce_sum(logits**2)
    gradients = tape.gradient(loss, [variable.value for variable in owner.trainable_variables])
    return logits, gradients, [variable.numpy() for variable in owner.non_trainable_variables]


@pytest.mark.parametrize("data", SHAPES)
@pytest.mark.parametrize("batch_norm", [True, False])
@pytest.mark.parametrize("copies", [1, 2])
@pytest.mark.parametrize("batch_size", [12, 100_000])
def test_few_kernels_have_the_logits_gradients_and_averages_of_the_network(batch_size, copies, batch_norm, data):
    if not joined.has_grouped_convolutions():
        pytest.skip("TensorFlow has no grouped convolutions on this processor")
    keras.utils.set_random_seed(0)
    networks = [residual(batch_norm, data) for _ in range(copies)]
    owner = CorrelatedPair(*networks) if copies == 2 else networks[0]
    inputs = np.random.default_rng(0).normal(size=(12, *SHAPES[data])).astype("float32")
    owner(inputs)
    weights = owner.get_weights()
    expected = stepped(owner, owner, inputs)
    owner.set_weights(weights)
    network = in_few_kernels(networks, batch_size)
    if batch_size > 12 and not batch_norm:
        assert network is None
        return
    found = stepped(network, owner, inputs)
    for values, others in zip(found, expected):
        for value, other in zip(values, others, strict=True):
            np.testing.assert_allclose(value, other, rtol=1e-3, atol=1e-4 * np.abs(other).max())


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
    assert in_few_kernels([network_of(*OTHERS[layers](keras.layers))], 12) is None


def test_nothing_is_joined_without_grouped_convolutions(monkeypatch):
    monkeypatch.setattr(joined, "has_grouped_convolutions", lambda: False)
    assert in_few_kernels([residual(True, "images")], 12) is None
