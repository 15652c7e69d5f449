"""Metrics of logits.

Logits z are finite, of shape [n, classes]; labels are integers of shape [n]; β scales logits to Z = βz.
"""

import numpy as np
from scipy.special import log_softmax


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
    bin_of = np.clip(np.ceil(confidences * bins).astype(int) - 1, 0, bins - 1)
    gaps = np.bincount(bin_of, weights=correct - confidences, minlength=bins)
    return float(np.abs(gaps).sum() / len(labels))


def time_to_learn(steps: np.ndarray, accuracies: np.ndarray, classes: int) -> float:
    """First recorded step with accuracy at least halfway from chance to 1; infinite if never reached (censored)."""
    reached = np.flatnonzero(accuracies >= (1 + 1 / classes) / 2)
    return float(steps[reached[0]]) if len(reached) else float("inf")
