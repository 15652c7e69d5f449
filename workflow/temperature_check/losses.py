"""Softmax cross-entropy at inverse temperature β, for the engine and for anyone's `compile`."""

from numbers import Real

import keras
from keras import ops


def softmax_cross_entropy(labels, logits, beta):
    """L = -(1/n) Σ_i Σ_k y_ik log softmax(βz_i)_k: docs/theory.md, equation (1).

    labels: integers of shape [n] or [n, 1], or class probabilities y of shape [n, classes].
    logits: z, shape [n, classes].
    beta: inverse temperature β > 0, a number or a scalar tensor.
    Returns the loss of each example, shape [n]; its mean is L.
    """
    log_probabilities = ops.log_softmax(beta * logits, axis=-1)
    return -ops.sum(_probabilities(labels, logits) * log_probabilities, axis=-1)


def _probabilities(labels, logits):
    if len(labels.shape) == len(logits.shape) and labels.shape[-1] == logits.shape[-1]:
        return ops.cast(labels, logits.dtype)
    if len(labels.shape) == len(logits.shape):
        labels = ops.squeeze(labels, axis=-1)
    return ops.one_hot(ops.cast(labels, "int32"), logits.shape[-1], dtype=logits.dtype)


@keras.saving.register_keras_serializable(package="temperature_check")
class SoftmaxCrossentropy(keras.losses.Loss):
    """Keras loss CE(softmax(βz)) on logits z, equation (1): `model.compile(loss=SoftmaxCrossentropy(beta=0.1))`.

    beta: inverse temperature β; 1 is the usual cross-entropy. At fixed learning rate the step on z grows with β: a rate
    tuned at β = 1 should be tuned anew, over a grid of ηβ.
    Labels are integers below the number of classes, which is not checked, or class probabilities. Raises ValueError
    where β is not a finite number above 0.

    >>> loss = SoftmaxCrossentropy(beta=0.5)
    >>> logits = ops.convert_to_tensor([[0.0, 2.0], [4.0, 0.0]])
    >>> round(float(loss(ops.convert_to_tensor([1, 0]), logits)), 4)
    0.2201
    """

    def __init__(self, beta=1.0, name="softmax_crossentropy", reduction="sum_over_batch_size", dtype=None):
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        if not isinstance(beta, Real) or not 0 < beta < float("inf"):
            raise ValueError(f"beta = {beta!r}: should be a finite number above 0")
        self.beta = float(beta)

    def call(self, y_true, y_pred):
        """The loss of each example, shape [n]."""
        return softmax_cross_entropy(y_true, y_pred, self.beta)

    def get_config(self):
        """The constructor's arguments."""
        return {**super().get_config(), "beta": self.beta}
