"""The public loss on the labels that Keras's own losses take, and on those that fit no logits."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from temperature_check.losses import SoftmaxCrossentropy
from temperature_check.study.engine import EngineSettings
from temperature_check.training.tensorflow import use_device

# TensorFlow's threads are fixed at its first computation, and the engine's tests may come later in this process.
use_device(EngineSettings())

BETA = 0.5
INPUTS, LABELS = np.random.default_rng(0).normal(size=(6, 4)).astype(np.float32), np.arange(6) % 3
ONE_HOT = np.eye(3, dtype=np.float32)[LABELS]


def data_of_unknown_width(labels: np.ndarray, kind: str):
    import tensorflow as tf

    signature = (tf.TensorSpec((None, 4), tf.float32), tf.TensorSpec((None, None), kind))
    return tf.data.Dataset.from_generator(lambda: iter([(INPUTS, labels)]), output_signature=signature)


@pytest.mark.parametrize(("labels", "kind"), [(ONE_HOT, "float32"), (LABELS[:, None], "int64")])
@pytest.mark.parametrize("compiler", [False, True])
def test_labels_of_unknown_width_are_as_in_keras(labels, kind, compiler):
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
    model.compile("sgd", loss=SoftmaxCrossentropy(BETA), jit_compile=compiler)
    expected = keras.losses.SparseCategoricalCrossentropy(from_logits=True)(LABELS, BETA * model(INPUTS))
    loss = model.fit(data_of_unknown_width(labels, kind), verbose=0).history["loss"][0]
    assert loss == pytest.approx(float(expected), rel=1e-5)


def test_labels_of_a_wrong_width_that_is_unknown_at_first_fail():
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
    model.compile("sgd", loss=SoftmaxCrossentropy(BETA), jit_compile=False)
    with pytest.raises(Exception, match=r"(?i)shapes|width"):
        model.fit(data_of_unknown_width(np.eye(5)[LABELS], "float32"), verbose=0)


@pytest.mark.parametrize(
    ("labels", "width", "message"),
    [
        (LABELS, 1, "two logits or more"),
        (LABELS[:, None], 1, "two logits or more"),
        (np.eye(5)[LABELS], 3, "labels of width 5 do not fit logits of width 3"),
        (np.eye(2)[LABELS % 2], 3, "labels of width 2 do not fit logits of width 3"),
        (ONE_HOT[:, None], 3, "labels of shape"),
    ],
)
def test_labels_that_do_not_fit_are_refused(labels, width, message):
    with pytest.raises(ValueError, match=message):
        SoftmaxCrossentropy(BETA)(labels, np.zeros((6, width), np.float32))


def test_logits_and_labels_of_sequences():
    logits = np.random.default_rng(1).normal(size=(2, 3, 3)).astype(np.float32)
    expected = keras.losses.SparseCategoricalCrossentropy(from_logits=True)(LABELS.reshape(2, 3), BETA * logits)
    for labels in (LABELS.reshape(2, 3), LABELS.reshape(2, 3, 1)):
        assert float(SoftmaxCrossentropy(BETA)(labels, logits)) == pytest.approx(float(expected), rel=1e-5)
