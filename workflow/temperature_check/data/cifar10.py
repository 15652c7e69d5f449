"""CIFAR-10: 60,000 photos of 32×32 pixels in 10 classes, from TensorFlow Datasets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from temperature_check.data.dataset import Dataset
from temperature_check.data.tfds import first_bytes, load_splits

if TYPE_CHECKING:
    from temperature_check.study.data import CIFAR10Data

JPEG = b"\xff\xd8"


def load(settings: CIFAR10Data) -> Dataset:
    """Images as they are stored, uint8 of shape [examples, 32, 32, 3].

    TFDS stores these images without loss, as PNG. If records have JPEG images, the name of the data set says so.
    """
    images, labels = load_splits("image", settings)
    lossy = first_bytes("image", settings).startswith(JPEG)
    name = "CIFAR-10, re-encoded as JPEG" if lossy else "CIFAR-10"
    return Dataset(name, {split: np.stack(part) for split, part in images.items()}, labels, classes=settings.classes)
