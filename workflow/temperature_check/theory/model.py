"""The time scales of any Keras model."""

from __future__ import annotations

import keras
import numpy as np

from temperature_check.theory import time_scales as theory
from temperature_check.theory.kernel import EmpiricalKernel


def time_scales(
    model: keras.Model, inputs: np.ndarray, labels: np.ndarray, beta: float, batch_norm: str = "training"
) -> theory.TimeScales:
    """The time scales of early learning of a model at its current weights: docs/theory.md, equations (9) to (13).

    model: returns logits z, shape [n, classes]. inputs: shape [n, ...]. labels: integers of shape [n].
    beta: inverse temperature β. batch_norm: its mode, `training` or `inference`.
    Times are in units of 1/(ηβ²). Raises ValueError for any other mode.
    """
    if batch_norm not in ("training", "inference"):
        raise ValueError(f"batch_norm = {batch_norm!r}: should be 'training' or 'inference'")
    kernel = EmpiricalKernel(model, np.asarray(inputs), training=batch_norm == "training")
    return theory.time_scales(kernel, model.get_weights(), np.asarray(labels), beta)
