"""scikit-learn's digits: 1,797 scans of handwritten digits, 8×8 pixels of 17 gray levels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from temperature_check.data.dataset import Dataset, shuffled_parts

if TYPE_CHECKING:
    from temperature_check.study.data import DigitsData


def load(settings: DigitsData) -> Dataset:
    """Images in [0, 1], float32 of shape [examples, 8, 8, 1], of 10 classes. All splits are drawn from one pool."""
    from sklearn import datasets

    digits = datasets.load_digits()
    images, labels = (digits.images[..., None] / 16).astype(np.float32), digits.target.astype(np.int32)
    drawn = shuffled_parts(np.random.default_rng(settings.split_seed), len(labels), [*settings.sizes.values()])
    parts = dict(zip(settings.sizes, drawn))
    return Dataset(
        name="scikit-learn digits",
        inputs={split: images[part] for split, part in parts.items()},
        labels={split: labels[part] for split, part in parts.items()},
        classes=settings.classes,
    )
