"""The inputs of networks: images standardized, all other inputs as they are stored."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from keras import ops

if TYPE_CHECKING:
    from temperature_check.data.dataset import Dataset

CHUNK = 1_000_000


def standardization(training: np.ndarray) -> Callable:
    """The function from stored inputs, a tensor or array of any examples, to inputs of a network.

    uint8 images become float32, with mean 0 and variance 1 in each channel over the `training` images. Others stay.
    """
    if training.dtype != np.uint8:
        return lambda inputs: inputs
    mean, deviation = channel_statistics(training)
    return lambda images: (ops.cast(images, "float32") - mean) / deviation


def channel_statistics(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of each channel of uint8 images, float32 of shape [channels].

    A deviation below one gray level is replaced by one, so that a constant channel becomes 0.
    """
    pixels = images.reshape(-1, images.shape[-1])
    mean = pixels.mean(axis=0, dtype=np.float64)
    parts = (pixels[start : start + CHUNK] for start in range(0, len(pixels), CHUNK))
    variance = sum(np.square(part - mean).sum(axis=0) for part in parts) / len(pixels)
    return mean.astype(np.float32), np.maximum(np.sqrt(variance), 1).astype(np.float32)


def network_inputs(dataset: Dataset, examples: int):
    """The first training examples, as inputs of networks."""
    inputs = dataset.inputs["train"]
    return standardization(inputs)(inputs[:examples])
