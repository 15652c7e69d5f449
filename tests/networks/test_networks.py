"""Networks, the loss and correlated initialization, on their own."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import ops

from temperature_check.initialization.correlated import CorrelatedPair, LogitNorm, Unreachable, correlated_weights
from temperature_check.initialization.draw import draw_weights, logit_norm
from temperature_check.losses import SoftmaxCrossentropy
from temperature_check.networks.gru import build as gru
from temperature_check.networks.mlp import build as mlp
from temperature_check.networks.text_gru import build as text_gru
from temperature_check.networks.wide_resnet import build as wide_resnet
from temperature_check.study.engine import EngineSettings
from temperature_check.theory.loss import softmax_cross_entropy
from temperature_check.training.tensorflow import use_device

# TensorFlow's threads are fixed at its first computation, and the engine's tests may come later in this process.
use_device(EngineSettings())

IMAGES = np.random.default_rng(0).uniform(size=(32, 8, 8, 1)).astype(np.float32)


def small_mlp():
    return mlp(widths=(64, 64), activation="relu", input_shape=(8, 8, 1), classes=10)


def small_wide_resnet():
    return wide_resnet(depth=10, width=1, batch_norm=True, input_shape=(8, 8, 1), classes=10)


def small_plain_resnet():
    return wide_resnet(depth=10, width=1, batch_norm=False, input_shape=(8, 8, 1), classes=10)


def small_gru():
    return gru(units=24, rows=1, input_shape=(8, 8, 1), classes=10)


def wide_resnet_parameters(depth: int, width: int, channels: int, classes: int, batch_norm: bool = True) -> int:
    """Trainable parameters by formula: convolutions, 1×1 where the shape changes; two a channel and norm, or a bias."""
    blocks, total, inputs = (depth - 4) // 6, 9 * channels * 16 + 16 * (not batch_norm), 16
    for outputs in (16 * width, 32 * width, 64 * width):
        for block in range(blocks):
            changes = inputs != outputs or (block == 0 and outputs > 16 * width)
            total += 9 * inputs * outputs + 9 * outputs * outputs + inputs * outputs * changes
            total += 2 * inputs + 2 * outputs if batch_norm else outputs * (2 + changes)
            inputs = outputs
    return total + 2 * inputs * batch_norm + inputs * classes + classes


@pytest.mark.parametrize("batch_norm", [True, False])
@pytest.mark.parametrize(("depth", "width"), [(10, 1), (10, 2), (16, 4), (28, 10)])
def test_wide_resnet_parameters(depth, width, batch_norm):
    network = wide_resnet(depth, width, batch_norm, (32, 32, 3), 10)
    trainable = sum(int(np.prod(weight.shape)) for weight in network.trainable_weights)
    assert trainable == wide_resnet_parameters(depth, width, 3, 10, batch_norm)


def test_logits_without_batch_norm_do_not_grow_with_depth():
    images = np.random.default_rng(0).normal(size=(16, 32, 32, 3)).astype(np.float32)
    norms = []
    for depth in (10, 40):
        keras.utils.set_random_seed(0)
        norms.append(float(logit_norm(wide_resnet(depth, 2, False, (32, 32, 3), 10)(images))))
    assert 0.4 < norms[1] / norms[0] < 2.5


def test_gru_parameters():
    assert small_gru().count_params() == 3 * (8 * 24 + 24 * 24 + 2 * 24) + 24 * 10 + 10


def test_wide_resnet_16_4_is_that_of_the_literature():
    assert wide_resnet_parameters(16, 4, 3, 10) == pytest.approx(2.75e6, rel=2e-3)
    assert wide_resnet_parameters(28, 10, 3, 10) == pytest.approx(36.5e6, rel=2e-3)


def test_text_gru_parameters():
    network = text_gru(embedding=12, units=24, input_shape=(9,), classes=2, vocabulary=50)
    assert network.count_params() == 50 * 12 + 3 * (12 * 24 + 24 * 24 + 2 * 24) + 24 * 2 + 2


def test_word_vectors_start_as_standardized_inputs():
    vectors = text_gru(64, 8, (9,), 2, 500).layers[1].get_weights()[0]
    assert vectors.mean() == pytest.approx(0, abs=0.05)
    assert vectors.std() == pytest.approx(1, rel=0.05)


def test_padding_does_not_change_the_logits_of_a_text():
    short, long = (text_gru(8, 16, (length,), 2, 50) for length in (5, 40))
    long.set_weights(short.get_weights())
    texts = np.random.default_rng(0).integers(1, 50, size=(6, 5)).astype(np.int32)
    padded = np.pad(texts, ((0, 0), (0, 35)))
    np.testing.assert_allclose(long(padded), short(texts), rtol=1e-5, atol=1e-7)
    assert not np.allclose(long(np.where(padded, padded, 1)), short(texts), rtol=1e-3)


def test_mlp_parameters():
    assert small_mlp().count_params() == 64 * 64 + 64 + 64 * 64 + 64 + 64 * 10 + 10


@pytest.mark.parametrize("beta", [1e-3, 1.0, 100.0])
def test_loss_is_keras_cross_entropy_of_scaled_logits(beta):
    logits = np.random.default_rng(1).normal(size=(16, 10)).astype(np.float32)
    labels = np.arange(16) % 10
    expected = keras.losses.SparseCategoricalCrossentropy(from_logits=True)(labels, beta * logits)
    for form in (labels, labels[:, None], np.eye(10, dtype=np.float32)[labels]):
        assert float(SoftmaxCrossentropy(beta)(form, logits)) == pytest.approx(float(expected), rel=1e-5)


def test_loss_gradient_is_beta_times_residual():
    import tensorflow as tf

    logits, labels = tf.Variable([[0.3, -0.2, 0.1]]), tf.constant([2])
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(softmax_cross_entropy(labels, logits, 0.5))
    residual = np.array([0, 0, 1]) - ops.convert_to_numpy(ops.softmax(0.5 * logits))
    np.testing.assert_allclose(tape.gradient(loss, logits), -0.5 * residual, rtol=1e-5)


@pytest.mark.parametrize("beta", [0, -1.0, float("nan"), float("inf"), "0.1", None])
def test_loss_refuses_impossible_beta(beta):
    with pytest.raises(ValueError, match="should be a finite number above 0"):
        SoftmaxCrossentropy(beta)


def test_loss_compiles_and_saves_with_a_users_model(tmp_path):
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
    model.compile("sgd", loss=SoftmaxCrossentropy(beta=0.1), metrics=["sparse_categorical_accuracy"])
    inputs, labels = np.ones((6, 4), np.float32), np.arange(6) % 3
    model.fit(inputs, labels, epochs=1, verbose=0)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    assert again.loss.beta == 0.1
    assert again.evaluate(inputs, labels, verbose=0) == model.evaluate(inputs, labels, verbose=0)


@pytest.fixture(scope="module", params=[small_mlp, small_gru, small_wide_resnet, small_plain_resnet])
def pair_and_draw(request):
    pair = CorrelatedPair(request.param(), request.param())
    pair(IMAGES[:1])
    return pair, draw_weights(request.param(), seed=3)


@pytest.mark.parametrize("asked", [1e-4, 1e-2, 0.1, 0.5])
def test_logit_norm_is_as_asked(pair_and_draw, asked):
    pair, draw = pair_and_draw
    pair.set_weights(correlated_weights(draw, LogitNorm(pair, draw, IMAGES).solve(asked)))
    assert float(logit_norm(pair(IMAGES, training=True))) == pytest.approx(asked, rel=0.01)


def test_logit_norm_of_every_delta_is_as_measured(pair_and_draw):
    pair, draw = pair_and_draw
    norm = LogitNorm(pair, draw, IMAGES)
    for delta in (1e-3, 0.5, 1.0, 1.7, 2.0):
        pair.set_weights(correlated_weights(draw, delta))
        assert float(logit_norm(pair(IMAGES, training=True))) == pytest.approx(norm(delta), rel=1e-3)


def test_norm_grows_as_the_root_of_small_delta(pair_and_draw):
    norm = LogitNorm(*pair_and_draw, IMAGES)
    assert norm(1e-8) / norm(1e-10) == pytest.approx(10, rel=1e-3)


def test_norm_beyond_opposite_copies_is_unreachable(pair_and_draw):
    norm = LogitNorm(*pair_and_draw, IMAGES)
    assert norm.solve(0.999 * norm(2.0)) <= 2
    with pytest.raises(Unreachable, match="beyond the largest"):
        norm.solve(1.001 * norm(2.0))


@settings(max_examples=50, deadline=None)
@given(delta=st.floats(1e-12, 2.0))
def test_second_kernel_has_the_variance_of_the_first(delta):
    draw = draw_weights_once()
    weights = correlated_weights(draw, delta)
    first, second = weights[draw.kernel_index], weights[len(draw.weights) + draw.kernel_index]
    assert second.std() == pytest.approx(first.std(), rel=0.15)
    correlation = np.corrcoef(first.ravel(), second.ravel())[0, 1]
    assert correlation == pytest.approx(1 - delta, abs=0.12)


def draw_weights_once(cache=[]):  # noqa: B006
    if not cache:
        cache.append(draw_weights(mlp((256,), "relu", (8, 8, 1), 10), seed=0))
    return cache[0]


def test_copies_are_equal_but_for_the_last_layer():
    draw = draw_weights_once()
    weights = correlated_weights(draw, 0.5)
    first, second = weights[: len(draw.weights)], weights[len(draw.weights) :]
    unequal = [index for index, (a, b) in enumerate(zip(first, second)) if not np.array_equal(a, b)]
    assert unequal == [draw.kernel_index]


def test_equal_seeds_draw_equal_weights():
    first, again, other = (draw_weights(small_mlp(), seed) for seed in (5, 5, 6))
    assert all(np.array_equal(a, b) for a, b in zip(first.weights, again.weights))
    assert not np.array_equal(first.weights[0], other.weights[0])
    assert not np.array_equal(first.weights[first.kernel_index], first.fresh_kernel)


def test_second_kernel_is_independent_of_a_kernel_whose_initializer_has_a_seed():
    def build():
        kernel = keras.initializers.HeNormal(seed=7)
        return keras.Sequential([keras.Input((4,)), keras.layers.Dense(64, kernel_initializer=kernel)])

    draw = draw_weights(build(), seed=0)
    assert abs(np.corrcoef(draw.weights[draw.kernel_index].ravel(), draw.fresh_kernel.ravel())[0, 1]) < 0.3


def test_second_kernel_of_a_function_that_draws_kernels():
    def kernel(shape, dtype=None):
        return keras.random.normal(shape, dtype=dtype)

    def build():
        return keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, kernel_initializer=kernel)])

    draw = draw_weights(build(), seed=0)
    assert not np.array_equal(draw.weights[draw.kernel_index], draw.fresh_kernel)


def test_weights_are_drawn_by_the_initializers_of_all_layers():
    network = wide_resnet(10, 1, True, (8, 8, 1), 10)
    draw = draw_weights(network, seed=1)
    for variable, values in zip(network.weights, draw.weights, strict=True):
        if variable.name in ("beta", "moving_mean", "bias"):
            assert (values == 0).all()
        elif variable.name in ("gamma", "moving_variance"):
            assert (values == 1).all()
        elif len(values.shape) == 4:
            assert values.std() == pytest.approx(np.sqrt(2 / np.prod(values.shape[:3])), rel=0.25), variable.path
    recurrent = draw_weights(gru(32, 1, (8, 8, 1), 10), seed=1).weights[1]
    np.testing.assert_allclose(recurrent @ recurrent.T, np.eye(32), atol=1e-5)


class Scaled(keras.layers.Layer):
    """A layer that does not keep the initializer of its weight."""

    def build(self, shape):
        self.scale = self.add_weight((shape[-1],), "random_normal", name="scale")

    def call(self, inputs):
        return inputs * self.scale


def test_weights_without_a_known_initializer_are_drawn_by_building_again():
    network = keras.Sequential([keras.Input((4,)), Scaled(), keras.layers.Dense(3)])
    first, again, other = (draw_weights(network, seed).weights for seed in (0, 0, 1))
    for a, b, c, own in zip(first, again, other, network.get_weights()):
        np.testing.assert_array_equal(a, b)
        assert (a == 0).all() or not (np.array_equal(a, c) or np.array_equal(a, own))


def test_network_without_known_inputs_is_refused():
    class Subclassed(keras.Model):
        def __init__(self):
            super().__init__()
            self.dense = keras.layers.Dense(3)

        def call(self, inputs):
            return self.dense(inputs)

    network = Subclassed()
    network(np.ones((2, 4), "float32"))
    with pytest.raises(ValueError, match="functional or sequential"):
        draw_weights(network, seed=0)


def test_network_that_returns_probabilities_is_refused():
    def build():
        return keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, activation="softmax")])

    with pytest.raises(ValueError, match="should be Dense without activation"):
        draw_weights(build(), seed=0)


def test_pair_saves_and_loads(tmp_path):
    pair = CorrelatedPair(small_mlp(), small_mlp())
    expected = ops.convert_to_numpy(pair(IMAGES))
    pair.save(tmp_path / "pair.keras")
    np.testing.assert_array_equal(keras.models.load_model(tmp_path / "pair.keras")(IMAGES), expected)
