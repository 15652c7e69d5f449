"""Metrics of logits.

Logits z are finite, of shape [n, classes]; labels are integers of shape [n]; β scales logits to Z = βz.
"""

import numpy as np
from scipy.special import log_softmax

FLOOR_DRAWS = 100


def accuracy(logits: np.ndarray, labels: np.ndarray) -> float:
    """Share of examples whose largest logit is the label's."""
    return float(np.mean(np.argmax(logits, axis=-1) == labels))


def cross_entropy(logits: np.ndarray, labels: np.ndarray, beta: float) -> float:
    """Mean of -log softmax(βz)[label], in nats: docs/theory.md, equation (1)."""
    log_probabilities = log_softmax(beta * logits.astype(np.float64), axis=-1)
    return float(-np.mean(log_probabilities[np.arange(len(labels)), labels]))


def confidence(logits: np.ndarray, beta: float) -> np.ndarray:
    """The largest probability of each example, shape [n]."""
    return np.exp(log_softmax(beta * logits.astype(np.float64), axis=-1)).max(axis=-1)


def calibration_error(logits: np.ndarray, labels: np.ndarray, beta: float, bins: int) -> float:
    """Expected calibration error, the mean over examples of |accuracy - confidence| in the example's confidence bin.

    Bins are (j/bins, (j+1)/bins]. Source: Guo et al., arXiv:1706.04599, equation 3.
    """
    confidences = confidence(logits, beta)
    correct = np.argmax(logits, axis=-1) == labels
    return float(_gaps(correct[None], confidences, bins)[0])


def calibration_floor(logits: np.ndarray, beta: float, bins: int) -> float:
    """The calibration error that a perfectly calibrated model with the same confidences would show on as many examples.

    It is not 0, because the accuracy in a bin is that of few examples. The mean over FLOOR_DRAWS draws in which each
    example is right with the probability of its confidence.
    """
    confidences = confidence(logits, beta)
    correct = np.random.default_rng(0).random((FLOOR_DRAWS, len(confidences))) < confidences
    return float(_gaps(correct, confidences, bins).mean())


def _gaps(correct: np.ndarray, confidences: np.ndarray, bins: int) -> np.ndarray:
    """The calibration error of each row of `correct`, of shape [draws, n]; shape [draws]."""
    bin_of = np.clip(np.ceil(confidences * bins).astype(int) - 1, 0, bins - 1)
    order = np.argsort(bin_of, kind="stable")
    starts = np.flatnonzero(np.diff(bin_of[order], prepend=-1))
    gaps = np.add.reduceat((correct - confidences)[:, order], starts, axis=1)
    return np.abs(gaps).sum(axis=1) / len(confidences)


def time_to_learn(steps: np.ndarray, accuracies: np.ndarray, classes: int) -> float:
    """First recorded step with accuracy at least halfway from chance to 1; infinite if never reached (censored)."""
    reached = np.flatnonzero(accuracies >= (1 + 1 / classes) / 2)
    return float(steps[reached[0]]) if len(reached) else float("inf")
