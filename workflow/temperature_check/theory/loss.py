"""Softmax cross-entropy at inverse temperature β."""

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
