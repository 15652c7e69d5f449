"""A data set in memory. Its methods affect the numbers of runs, so every key covers the code of this module."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from temperature_check.data.stream import ImageStream


@dataclass(frozen=True)
class Dataset:
    """Disjoint splits of one data set.

    name: its name in figures.
    inputs: by split, of shape [examples, ...]: float32 inputs of networks, uint8 images, which training standardizes,
        or int32 tokens of a text, with 0 for padding.
    labels: by split, int32 of shape [examples].
    classes: number of classes K.
    vocabulary: number of different tokens, including padding; None if inputs are not tokens.
    stream: source of the images of all splits, if they are too many to be kept in memory. Then `inputs` and
        labels["train"] have only the first training examples, as evaluation sees them.
    """

    name: str
    inputs: dict[str, np.ndarray]
    labels: dict[str, np.ndarray]
    classes: int
    vocabulary: int | None = None
    stream: ImageStream | None = None

    @property
    def train_examples(self) -> int:
        """Number of training examples, in memory or not."""
        return self.stream.examples["train"] if self.stream else len(self.labels["train"])

    def first(self, examples: int | None) -> Dataset:
        """The data set with only the first training examples, in memory; with all if `examples` is None."""
        parts = ({**values, "train": values["train"][:examples]} for values in (self.inputs, self.labels))
        return replace(self, **dict(zip(("inputs", "labels"), parts)), stream=None if examples else self.stream)


def shuffled_parts(stream: np.random.Generator, examples: int, sizes: Sequence[int]) -> list[np.ndarray]:
    """Disjoint random parts of `examples` indices, of the sizes given.

    >>> [part.tolist() for part in shuffled_parts(np.random.default_rng(0), 5, (2, 1))]
    [[2, 4], [3]]
    """
    return np.split(stream.permutation(examples), np.cumsum(sizes))[: len(sizes)]
