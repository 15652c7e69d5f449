"""MNIST-1D: synthetic sequences, Greydanus and Kobak, arXiv:2011.14439. The package `mnist1d` makes them.

Its `get_dataset` would download a pickled file, and is never called.
"""

from __future__ import annotations

import contextlib
import random
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from temperature_check.base.seeds import stream
from temperature_check.data.dataset import Dataset, shuffled_parts

if TYPE_CHECKING:
    from temperature_check.study.data import MNIST1DData


def load(settings: MNIST1DData, seed: int) -> Dataset:
    """New examples of a seed of runs, float32 of shape [examples, 40, 1], of 10 classes."""
    from mnist1d.data import get_dataset_args, make_dataset

    drawn = stream(seed, "data")
    arguments = get_dataset_args()
    asked = sum(settings.sizes.values())
    # It makes equally many examples of each class.
    arguments.num_samples = -(-asked // settings.classes) * settings.classes
    arguments.train_split, arguments.seed = 1.0, int(drawn.integers(2**32))
    with _global_generators_kept():
        made = make_dataset(arguments)
    parts = shuffled_parts(drawn, len(made["y"]), [*settings.sizes.values()])
    return Dataset(
        name="MNIST-1D, synthetic",
        inputs={split: made["x"][part, :, None].astype(np.float32) for split, part in zip(settings.sizes, parts)},
        labels={split: made["y"][part].astype(np.int32) for split, part in zip(settings.sizes, parts)},
        classes=settings.classes,
    )


@contextlib.contextmanager
def _global_generators_kept() -> Iterator[None]:
    """The package seeds and uses the global generators of Python and NumPy. They are restored afterwards."""
    states = random.getstate(), np.random.get_state()
    try:
        yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])
