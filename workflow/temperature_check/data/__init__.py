"""The data stage: a data set, split and ready to train on, in one file with its fingerprint."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from temperature_check.data.digits import load_digits
from temperature_check.record import Record
from temperature_check.store import read_arrays, write_arrays

if TYPE_CHECKING:
    from temperature_check.study import DigitsData

SPLITS = ("train", "validation", "test")
LOADERS = {"digits": load_digits}


@dataclass(frozen=True)
class Dataset:
    """Disjoint splits of one data set.

    name: what figures call it.
    inputs: by split, float32 of shape [examples, ...].
    labels: by split, int32 of shape [examples].
    classes: number of classes K.
    """

    name: str
    inputs: dict[str, np.ndarray]
    labels: dict[str, np.ndarray]
    classes: int

    def first(self, examples: int | None) -> Dataset:
        """The same with no more than the first training examples; all if `examples` is None."""
        parts = ({**values, "train": values["train"][:examples]} for values in (self.inputs, self.labels))
        return Dataset(self.name, *parts, self.classes)

    def fingerprint(self) -> str:
        """SHA-256 of all inputs and labels: equal data have equal fingerprints, wherever they came from."""
        content = hashlib.sha256(str(self.classes).encode())
        for name, array in sorted(_named(self).items()):
            content.update(f"{name}{array.dtype}{array.shape}".encode())
            content.update(np.ascontiguousarray(array).tobytes())
        return content.hexdigest()[:16]


def prepare_dataset(settings: DigitsData) -> Dataset:
    """Load a data set and split it at random, by `split_seed`, into the sizes asked for."""
    name, inputs, labels, classes = LOADERS[settings.source]()
    order = np.random.default_rng(settings.split_seed).permutation(len(labels))
    ends = np.cumsum([getattr(settings, split) for split in SPLITS])
    indices = dict(zip(SPLITS, np.split(order, ends)))
    return Dataset(
        name=name,
        inputs={split: inputs[chosen] for split, chosen in indices.items()},
        labels={split: labels[chosen] for split, chosen in indices.items()},
        classes=classes,
    )


def write_dataset(path: Path, dataset: Dataset) -> None:
    """Write a data set to one file, atomically."""
    write_arrays(path, Record(_named(dataset), {"name": dataset.name, "classes": dataset.classes}))


def read_dataset(path: Path) -> Dataset:
    """Read what `write_dataset` wrote. Raises UserError where the file is missing or damaged."""
    record = read_arrays(path, "a prepared data set", "delete it to have it prepared again")
    parts = {kind: {split: record.arrays[f"{split}_{kind}"] for split in SPLITS} for kind in ("inputs", "labels")}
    return Dataset(**parts, **record.facts)


def _named(dataset: Dataset) -> dict[str, np.ndarray]:
    inputs = {f"{split}_inputs": array for split, array in dataset.inputs.items()}
    return inputs | {f"{split}_labels": array for split, array in dataset.labels.items()}
