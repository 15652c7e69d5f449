"""Independent random streams, one for each purpose, derived from one seed."""

from __future__ import annotations

import numpy as np

SPAWN_KEYS = {
    "weights": (0,),
    "order": (1,),
    "augmentation": (2,),
    "data": (3,),
    # An epoch is appended, so this stream differs from that of the weights.
    "records": (0,),
    # This stream is spawned from the seed of the weights, not from that of the run.
    "initial logits": (0,),
}
"""Spawn key of the stream of each purpose. The numbers must never change, because they determine the streams."""

PROBE_VECTORS = 0
"""Seed of the vectors on which the change of the kernel is measured. It is the same in every run."""


def sequence(seed: int, purpose: str, *parts: int) -> np.random.SeedSequence:
    """The seed sequence of one purpose, or of a part of it such as an epoch. All sequences are independent."""
    return np.random.SeedSequence(seed, spawn_key=(*SPAWN_KEYS[purpose], *parts))


def stream(seed: int, purpose: str, *parts: int) -> np.random.Generator:
    """The random generator of one purpose, or of a part of it.

    >>> bool(stream(7, "order").random() == stream(7, "augmentation").random())
    False
    """
    return np.random.default_rng(sequence(seed, purpose, *parts))


def weight_seed(seed: int) -> int:
    """The seed from which the initial weights of a run are drawn."""
    return int(stream(seed, "weights").integers(2**31))
