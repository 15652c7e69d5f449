"""Random data of the shape of a data set, which need not be prepared."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from temperature_check.data.dataset import Dataset
from temperature_check.study.data import Example, example_bytes

if TYPE_CHECKING:
    from temperature_check.study.data import DataSettings

LABEL_BYTES = 4


def synthetic_dataset(settings: DataSettings, largest_split: int) -> Dataset:
    """Random inputs and labels instead of those of `settings`, with at most `largest_split` examples in each split."""
    random, example = np.random.default_rng(0), settings.example
    sizes = {split: min(size, largest_split) for split, size in settings.sizes.items()}
    labels = {split: random.integers(settings.classes, size=size, dtype=np.int32) for split, size in sizes.items()}
    inputs = {split: _inputs(random, size, example) for split, size in sizes.items()}
    stream = SyntheticStream(inputs, labels) if settings.streamed else None
    vocabulary = example.values if settings.holds == "text" else None
    return Dataset(settings.source, inputs, labels, settings.classes, vocabulary, stream)


@dataclass(frozen=True)
class SyntheticStream:
    """Replaces an ImageStream by a few images that it repeats, without reading records."""

    inputs: dict[str, np.ndarray]
    labels: dict[str, np.ndarray]

    @property
    def examples(self) -> dict[str, int]:
        """Number of examples by split."""
        return {split: len(labels) for split, labels in self.labels.items()}

    def training(self, seed: int, batch_size: int, epoch: int, batch: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """The first images as one batch, repeated endlessly."""
        return itertools.repeat((self.inputs["train"][:batch_size], self.labels["train"][:batch_size]))

    def evaluation(self, split: str, batch_size: int) -> Iterator[np.ndarray]:
        """All images of a split, in batches."""
        images = self.inputs[split]
        return (images[start : start + batch_size] for start in range(0, len(images), batch_size))


def dataset_bytes(settings: DataSettings) -> int:
    """Upper bound of the uncompressed size of the prepared file: the inputs in it, and the labels of all examples."""
    return settings.in_memory * example_bytes(settings.example) + sum(settings.sizes.values()) * LABEL_BYTES


def _inputs(random: np.random.Generator, examples: int, example: Example) -> np.ndarray:
    if example.values is None:
        return random.random((examples, *example.shape), np.float32)
    return random.integers(example.values, size=(examples, *example.shape), dtype=example.dtype)
