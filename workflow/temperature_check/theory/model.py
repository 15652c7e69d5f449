"""The time scales of any Keras model."""

from __future__ import annotations

import warnings

import keras
import numpy as np

from temperature_check.theory import time_scales as theory
from temperature_check.theory.gate.checks import checked_kernel
from temperature_check.theory.gate.faults import MODES


def time_scales(
    model: keras.Model, inputs: np.ndarray, labels: np.ndarray, beta: float, batch_norm: str = "training"
) -> theory.TimeScales:
    """The time scales of early learning of a model at its current weights: docs/theory.md, equations (9) to (13).

    model: returns logits z, shape [n, classes]. inputs: shape [n, ...]. labels: integers of shape [n].
    beta: inverse temperature β. batch_norm: its mode, `training` or `inference`.
    Times are in units of 1/(ηβ²). τ_nl is NaN, and a warning says why, if the backend lacks second derivatives of a
    layer. Raises ValueError, with one line, for any other mode and for a model or data that cannot be used.
    """
    if batch_norm not in MODES:
        raise ValueError(f"batch_norm = {batch_norm!r}: should be 'training' or 'inference'")
    inputs, labels = np.asarray(inputs), np.asarray(labels)
    kernel = checked_kernel(model, inputs, labels, batch_norm)
    found = theory.time_scales(kernel, kernel.network.get_weights(), labels, beta)
    if kernel.left_out:
        warnings.warn(f"τ_nl is left out: {kernel.left_out}", stacklevel=2)
    return found
