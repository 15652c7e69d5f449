"""Softmax cross-entropy at inverse temperature β, as a Keras loss."""

from numbers import Real

import keras
from keras import ops

from temperature_check.theory.loss import softmax_cross_entropy


@keras.saving.register_keras_serializable(package="temperature_check")
class SoftmaxCrossentropy(keras.losses.Loss):
    """Keras loss CE(softmax(βz)) on logits z, equation (1): `model.compile(loss=SoftmaxCrossentropy(beta=0.1))`.

    beta: inverse temperature β; 1 is the usual cross-entropy. At fixed learning rate the step on z grows with β, so a
    rate tuned at β = 1 should be tuned again, over a grid of ηβ.
    Labels are integers below the number of classes, which is not checked, or class probabilities. Raises ValueError
    if β is not a finite number above 0, if there are fewer than two logits, or if labels do not fit the logits.

    >>> loss = SoftmaxCrossentropy(beta=0.5)
    >>> logits = keras.ops.convert_to_tensor([[0.0, 2.0], [4.0, 0.0]])
    >>> round(float(loss(keras.ops.convert_to_tensor([1, 0]), logits)), 4)
    0.2201
    """

    def __init__(self, beta=1.0, name="softmax_crossentropy", reduction="sum_over_batch_size", dtype=None):
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        if not isinstance(beta, Real) or not 0 < beta < float("inf"):
            raise ValueError(f"beta = {beta!r}: should be a finite number above 0")
        self.beta = float(beta)

    def call(self, y_true, y_pred):
        """The loss of each example, shape [n]."""
        _refuse_misfits(y_true.shape, y_pred.shape)
        if len(y_true.shape) == len(y_pred.shape) and y_true.shape[-1] is None:
            y_true = _probabilities(y_true, y_pred)
        return softmax_cross_entropy(y_true, y_pred, self.beta)

    def get_config(self):
        """The constructor's arguments."""
        return {**super().get_config(), "beta": self.beta}


def _refuse_misfits(labels, logits):
    if not len(logits) or (logits[-1] is not None and logits[-1] < 2):
        raise ValueError(
            f"logits of shape {tuple(logits)}: the last layer should give two logits or more, one per class"
        )
    if len(logits) - len(labels) not in (0, 1):
        raise ValueError(f"labels of shape {tuple(labels)} do not fit logits of shape {tuple(logits)}")
    if len(labels) == len(logits) and None not in (labels[-1], logits[-1]) and labels[-1] not in (1, logits[-1]):
        raise ValueError(f"labels of width {labels[-1]} do not fit logits of width {logits[-1]}")


def _probabilities(labels, logits):
    """Class probabilities for labels of unknown width, which are integers if the width turns out to be 1."""
    known = ops.one_hot(ops.cast(labels[..., 0], "int32"), logits.shape[-1], dtype=logits.dtype)
    # Both branches exist before the width is known, so both must be valid for each width.
    given = ops.cast(labels, logits.dtype) + ops.zeros_like(logits)
    return ops.where(ops.equal(ops.shape(labels)[-1], 1), known, given)
