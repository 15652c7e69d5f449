"""Random data of the shape of a data set, which need not be there."""

from __future__ import annotations

import math

import numpy as np

from temperature_check.data.dataset import SPLITS, Dataset
from temperature_check.study import CLASSES, DataSettings

EXAMPLES = {
    "digits": lambda settings: ((8, 8, 1), np.float32),
    "cifar10": lambda settings: ((32, 32, 3), np.uint8),
    "imdb": lambda settings: ((settings.length,), np.int32),
}


def synthetic_dataset(settings: DataSettings, largest_split: int) -> Dataset:
    """Random inputs and labels in place of those of `settings`, at most `largest_split` examples in each split."""
    stream, classes = np.random.default_rng(0), CLASSES[settings.source]
    sizes = {split: min(getattr(settings, split), largest_split) for split in SPLITS}
    labels = {split: stream.integers(classes, size=size, dtype=np.int32) for split, size in sizes.items()}
    inputs = {split: _inputs(stream, size, settings) for split, size in sizes.items()}
    return Dataset(settings.source, inputs, labels, classes, getattr(settings, "vocabulary", None))


def dataset_bytes(settings: DataSettings) -> int:
    """Size of all splits, uncompressed."""
    shape, dtype = EXAMPLES[settings.source](settings)
    example = math.prod(shape) * np.dtype(dtype).itemsize + np.dtype(np.int32).itemsize
    return sum(getattr(settings, split) for split in SPLITS) * example


def _inputs(stream: np.random.Generator, examples: int, settings: DataSettings) -> np.ndarray:
    shape, dtype = EXAMPLES[settings.source](settings)
    if dtype is np.float32:
        return stream.random((examples, *shape), dtype)
    return stream.integers(getattr(settings, "vocabulary", 256), size=(examples, *shape), dtype=dtype)
