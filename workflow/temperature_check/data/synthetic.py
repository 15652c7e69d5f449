"""Random data of the shape of a data set, which need not be there."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from temperature_check.data.dataset import SPLITS, Dataset
from temperature_check.study import CLASSES, STREAMED_SOURCES, DataSettings

EXAMPLES = {
    "digits": lambda settings: ((8, 8, 1), np.float32),
    "cifar10": lambda settings: ((32, 32, 3), np.uint8),
    "imagenet": lambda settings: ((settings.image_size, settings.image_size, 3), np.uint8),
    "imdb": lambda settings: ((settings.length,), np.int32),
}


def synthetic_dataset(settings: DataSettings, largest_split: int) -> Dataset:
    """Random inputs and labels in place of those of `settings`, at most `largest_split` examples in each split."""
    stream, classes = np.random.default_rng(0), CLASSES[settings.source]
    sizes = {split: min(getattr(settings, split), largest_split) for split in SPLITS}
    labels = {split: stream.integers(classes, size=size, dtype=np.int32) for split, size in sizes.items()}
    inputs = {split: _inputs(stream, size, settings) for split, size in sizes.items()}
    if settings.source in STREAMED_SOURCES:
        return Dataset(settings.source, inputs, labels, classes, stream=SyntheticStream(inputs, labels))
    return Dataset(settings.source, inputs, labels, classes, getattr(settings, "vocabulary", None))


@dataclass(frozen=True)
class SyntheticStream:
    """Stands in for an ImageStream: the same few images again and again, which no record is read for."""

    inputs: dict[str, np.ndarray]
    labels: dict[str, np.ndarray]

    @property
    def examples(self) -> dict[str, int]:
        """Number of examples by split."""
        return {split: len(labels) for split, labels in self.labels.items()}

    def identity(self) -> dict:
        """The number of examples."""
        return self.examples

    def training(self, seed: int, batch_size: int, first_step: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """The first images, as a batch, endlessly."""
        return itertools.repeat((self.inputs["train"][:batch_size], self.labels["train"][:batch_size]))

    def evaluation(self, split: str, batch_size: int) -> Iterator[np.ndarray]:
        """All images of a split, in batches."""
        images = self.inputs[split]
        return (images[start : start + batch_size] for start in range(0, len(images), batch_size))


def dataset_bytes(settings: DataSettings) -> int:
    """Size of the prepared file, uncompressed; of data that are streamed, it holds the first training images alone."""
    shape, dtype = EXAMPLES[settings.source](settings)
    examples = sum(getattr(settings, split) for split in SPLITS)
    kept = min(settings.train, settings.IN_MEMORY) if settings.source in STREAMED_SOURCES else examples
    return kept * math.prod(shape) * np.dtype(dtype).itemsize + examples * np.dtype(np.int32).itemsize


def _inputs(stream: np.random.Generator, examples: int, settings: DataSettings) -> np.ndarray:
    shape, dtype = EXAMPLES[settings.source](settings)
    if dtype is np.float32:
        return stream.random((examples, *shape), dtype)
    return stream.integers(getattr(settings, "vocabulary", 256), size=(examples, *shape), dtype=dtype)
