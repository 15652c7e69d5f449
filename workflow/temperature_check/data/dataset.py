"""A data set: its splits in memory and in one file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from temperature_check.files import require_space
from temperature_check.record import Record
from temperature_check.store import read_arrays, write_arrays
from temperature_check.streams.images import ImageStream

SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class Dataset:
    """Disjoint splits of one data set.

    name: what figures call it.
    inputs: by split, of shape [examples, ...]: float32 as networks take them, uint8 images, which training
        standardizes, or int32 tokens of a text, 0 for padding.
    labels: by split, int32 of shape [examples].
    classes: number of classes K.
    vocabulary: number of different tokens, padding included; None where inputs are no tokens.
    stream: where the images of all splits come from, if they are too many to be kept in memory. Then `inputs` and
        labels["train"] are those of the first training examples alone, as evaluation sees them.
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
        """The same with no more than the first training examples, in memory; all if `examples` is None."""
        parts = ({**values, "train": values["train"][:examples]} for values in (self.inputs, self.labels))
        return replace(self, **dict(zip(("inputs", "labels"), parts)), stream=None if examples else self.stream)

    def fingerprint(self) -> str:
        """SHA-256 of all inputs and labels, or of what gives them: equal for equal data, wherever they came from."""
        content = hashlib.sha256(str(self.classes).encode())
        if self.vocabulary:
            content.update(f"vocabulary{self.vocabulary}".encode())
        if self.stream:
            content.update(json.dumps(self.stream.identity(), sort_keys=True).encode())
        for name, array in sorted(_named(self).items()):
            content.update(f"{name}{array.dtype}{array.shape}".encode())
            content.update(np.ascontiguousarray(array).tobytes())
        return content.hexdigest()[:16]


def shuffled_parts(stream: np.random.Generator, examples: int, sizes: Sequence[int]) -> list[np.ndarray]:
    """Disjoint random parts of `examples` indices, of the sizes given.

    >>> [part.tolist() for part in shuffled_parts(np.random.default_rng(0), 5, (2, 1))]
    [[2, 4], [3]]
    """
    return np.split(stream.permutation(examples), np.cumsum(sizes))[: len(sizes)]


def write_dataset(path: Path, dataset: Dataset) -> None:
    """Write a data set to one file, atomically. Raises UserError where the disk has no space for it."""
    require_space(path.parent, sum(array.nbytes for array in _named(dataset).values()))
    facts = {"name": dataset.name, "classes": dataset.classes}
    if dataset.vocabulary:
        facts["vocabulary"] = dataset.vocabulary
    if dataset.stream:
        facts["stream"] = dataset.stream.facts()
    write_arrays(path, Record(_named(dataset), facts))


def read_dataset(path: Path) -> Dataset:
    """Read what `write_dataset` wrote. Raises UserError where the file is missing or damaged."""
    record = read_arrays(path, "a prepared data set", "delete it to have it prepared again")
    parts: dict[str, dict[str, np.ndarray]] = {"inputs": {}, "labels": {}}
    for name, array in record.arrays.items():
        split, kind = name.split("_")
        parts[kind][split] = array
    stream = record.facts.pop("stream", None)
    return Dataset(**parts, **record.facts, stream=stream and ImageStream.from_facts(stream))


def _named(dataset: Dataset) -> dict[str, np.ndarray]:
    inputs = {f"{split}_inputs": array for split, array in dataset.inputs.items()}
    return inputs | {f"{split}_labels": array for split, array in dataset.labels.items()}
