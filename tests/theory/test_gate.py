"""The public function `time_scales` on networks that need a reason: one line, and no state is changed."""

from __future__ import annotations

import contextlib

import keras
import numpy as np
import pytest
from keras import layers

from temperature_check import time_scales
from temperature_check.theory.gate.faults import DataFault, ModelFault

INPUTS, LABELS = np.random.default_rng(0).uniform(size=(6, 4, 4, 1)).astype(np.float32), np.arange(6) % 3


def network(*more):
    return keras.Sequential([keras.Input((4, 4, 1)), layers.Flatten(), layers.Dense(6), *more, layers.Dense(3)])


def softmax():
    return keras.Sequential([keras.Input((4, 4, 1)), layers.Flatten(), layers.Dense(3, "softmax")])


def frozen():
    model = network()
    model.trainable = False
    return model


def not_finite():
    model = network()
    model.set_weights([weight * np.nan for weight in model.get_weights()])
    return model


class Loop(keras.Model):
    """Without an argument for the mode, and built by its first call."""

    def __init__(self):
        super().__init__()
        self.inner = network(layers.BatchNormalization())

    def call(self, inputs):
        return self.inner(inputs)


BAD = {
    "frozen": (frozen, INPUTS, ModelFault, "all weights are frozen"),
    "dropout": (lambda: network(layers.Dropout(0.5, name="noise")), INPUTS, ModelFault, "layer noise is random"),
    "softmax": (softmax, INPUTS, ModelFault, "probabilities .* leave out the last softmax"),
    "not finite": (not_finite, INPUTS, ModelFault, "weight .*kernel is not finite"),
    "shape": (network, INPUTS[:, :3], DataFault, r"does not fit the model, which takes \(n, 4, 4, 1\)"),
    "overflow": (network, INPUTS.astype(np.float64) * 1e300, DataFault, "x, up to .* is not finite in .* float32"),
    "no model": (lambda: "model", INPUTS, ModelFault, "should be a Keras model"),
}


@pytest.mark.parametrize("name", BAD)
def test_fault_is_one_line(name):
    build, inputs, kind, message = BAD[name]
    with pytest.raises(kind, match=message) as caught:
        time_scales(build(), inputs, LABELS, 0.1)
    assert "\n" not in str(caught.value)


def test_labels_beyond_the_classes():
    with pytest.raises(ValueError, match="label 3 in y; the model has classes 0 to 2"):
        time_scales(network(), INPUTS, LABELS + 1, 0.1)


@pytest.mark.parametrize("batch_norm", ["training", "inference"])
def test_a_subclassed_model_has_the_numbers_of_its_inner_model(batch_norm):
    model = Loop()
    outer = time_scales(model, INPUTS, LABELS, 0.1, batch_norm)
    inner = time_scales(model.inner, INPUTS, LABELS, 0.1, batch_norm)
    assert outer.curvature == pytest.approx(inner.curvature, rel=1e-3)
    assert outer.nonlinear == pytest.approx(inner.nonlinear, rel=1e-3)


@pytest.mark.parametrize("batch_norm", ["training", "inference"])
@pytest.mark.parametrize(
    "more",
    [
        lambda: [layers.BatchNormalization()],
        lambda: [layers.Reshape((2, 3)), layers.GRU(3, dropout=0.5)],
        lambda: [layers.SpectralNormalization(layers.Dense(4))],
        lambda: [layers.GaussianNoise(0.5)],
    ],
)
@pytest.mark.filterwarnings("ignore:τ_nl is left out")
def test_state_is_restored(more, batch_norm):
    model = network(*more())
    model(INPUTS)
    before = [np.array(variable) for variable in model.variables]
    with contextlib.suppress(ModelFault):
        time_scales(model, INPUTS, LABELS, 0.1, batch_norm)
    for value, variable in zip(before, model.variables, strict=True):
        np.testing.assert_array_equal(value, np.array(variable))


def test_second_derivatives_that_are_absent_are_left_out_with_a_warning():
    convolution = [keras.Input((4, 4, 1)), layers.Conv2D(2, 3), layers.UpSampling2D(interpolation="bilinear")]
    model = keras.Sequential([*convolution, layers.Flatten(), layers.Dense(3)])
    if keras.backend.backend() == "jax":
        assert time_scales(model, INPUTS, LABELS, 0.1).nonlinear > 0
        return
    with pytest.warns(UserWarning, match="τ_nl is left out: TensorFlow cannot compute second .*UpSampling2D"):
        scales = time_scales(model, INPUTS, LABELS, 0.1)
    assert np.isnan(scales.nonlinear)
    assert scales.learning > 0
