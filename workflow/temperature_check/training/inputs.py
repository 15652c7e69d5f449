"""What networks are given: images standardized, all other inputs as they are stored."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from keras import ops

CHUNK = 1_000_000


def standardization(training: np.ndarray) -> Callable:
    """The function from stored inputs, a tensor or array of any examples, to what a network is given.

    uint8 images become float32, of mean 0 and variance 1 in each channel over the `training` images; other inputs stay.
    """
    if training.dtype != np.uint8:
        return lambda inputs: inputs
    mean, deviation = channel_statistics(training)
    return lambda images: (ops.cast(images, "float32") - mean) / deviation


def channel_statistics(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of each channel of uint8 images, float32 of shape [channels].

    A deviation below one gray level is taken for one: a constant channel becomes 0.
    """
    pixels = images.reshape(-1, images.shape[-1])
    mean = pixels.mean(axis=0, dtype=np.float64)
    parts = (pixels[start : start + CHUNK] for start in range(0, len(pixels), CHUNK))
    variance = sum(np.square(part - mean).sum(axis=0) for part in parts) / len(pixels)
    return mean.astype(np.float32), np.maximum(np.sqrt(variance), 1).astype(np.float32)
