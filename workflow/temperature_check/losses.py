"""Softmax cross-entropy at inverse temperature β, as a Keras loss."""

from numbers import Real

import keras

from temperature_check.theory.loss import softmax_cross_entropy


@keras.saving.register_keras_serializable(package="temperature_check")
class SoftmaxCrossentropy(keras.losses.Loss):
    """Keras loss CE(softmax(βz)) on logits z, equation (1): `model.compile(loss=SoftmaxCrossentropy(beta=0.1))`.

    beta: inverse temperature β; 1 is the usual cross-entropy. At fixed learning rate the step on z grows with β, so a
    rate tuned at β = 1 should be tuned again, over a grid of ηβ.
    Labels are integers below the number of classes, which is not checked, or class probabilities. Raises ValueError
    if β is not a finite number above 0.

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
        return softmax_cross_entropy(y_true, y_pred, self.beta)

    def get_config(self):
        """The constructor's arguments."""
        return {**super().get_config(), "beta": self.beta}
