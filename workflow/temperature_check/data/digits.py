"""scikit-learn's digits: 1,797 scans of handwritten digits, 8×8 pixels of 17 gray levels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from temperature_check.base.seeds import stream
from temperature_check.data.dataset import Dataset, shuffled_parts

if TYPE_CHECKING:
    from temperature_check.study.data import DigitsData


def load(settings: DigitsData, seed: int | None = None) -> Dataset:
    """Images in [0, 1], float32 of shape [examples, 8, 8, 1], of 10 classes.

    All splits are drawn from one pool by `split_seed`. If a seed of runs is given, it draws training and validation
    examples anew from all that are no test examples.
    """
    from sklearn import datasets

    digits = datasets.load_digits()
    images, labels = (digits.images[..., None] / 16).astype(np.float32), digits.target.astype(np.int32)
    drawn = shuffled_parts(np.random.default_rng(settings.split_seed), len(labels), [*settings.sizes.values()])
    parts = dict(zip(settings.sizes, drawn))
    if seed is not None:
        parts |= _divided_anew(np.setdiff1d(np.arange(len(labels)), parts["test"]), settings, seed)
    return Dataset(
        name="scikit-learn digits",
        inputs={split: images[part] for split, part in parts.items()},
        labels={split: labels[part] for split, part in parts.items()},
        classes=settings.classes,
    )


def _divided_anew(pool: np.ndarray, settings: DigitsData, seed: int) -> dict[str, np.ndarray]:
    sizes = {split: settings.sizes[split] for split in ("train", "validation")}
    parts = shuffled_parts(stream(seed, "data"), len(pool), [*sizes.values()])
    return {split: pool[part] for split, part in zip(sizes, parts)}
