"""Tiny data directories of CIFAR-10 and IMDB, written by TensorFlow Datasets in the format of the real ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np

CIFAR10, IMDB = "cifar10/3.0.2", "imdb_reviews/plain_text/1.0.0"
REVIEWS = ("A fine film, a FINE cast.<br /><br />Fine!", "Dull; dull and long. I left it unloved.")


def write_cifar10(folder: Path, size: int = 32, examples: tuple[int, int] = (40, 20)) -> None:
    """Square random images of `size` pixels, `examples` in the two halves, under the name and version of CIFAR-10."""
    from tensorflow_datasets import features

    kinds = {"image": features.Image(shape=(size, size, 3)), "label": features.ClassLabel(num_classes=10)}
    stream = np.random.default_rng(0)
    halves = {
        half: {"image": stream.integers(256, size=(n, size, size, 3), dtype=np.uint8), "label": np.arange(n) % 10}
        for half, n in zip(("train", "test"), examples)
    }
    _write(folder, "cifar10", "3.0.2", None, {"id": features.Text(), **kinds}, halves)


def write_imdb(folder: Path, examples: tuple[int, int] = (40, 20)) -> None:
    """Reviews that say the label with every word, `examples` in the two halves, under the name and version of IMDB."""
    from tensorflow_datasets import features

    halves = {
        half: {"text": np.array([REVIEWS[i % 2] for i in range(n)]), "label": (np.arange(n) + 1) % 2}
        for half, n in zip(("train", "test"), examples)
    }
    kinds = {"text": features.Text(), "label": features.ClassLabel(names=["neg", "pos"])}
    _write(folder, "imdb_reviews", "1.0.0", "plain_text", kinds, halves)


def _write(folder: Path, name: str, version: str, config: str | None, kinds: dict, halves: dict) -> None:
    import tensorflow as tf
    import tensorflow_datasets as tfds

    def examples(half: dict) -> tf.data.Dataset:
        ids = {"id": [str(i) for i in range(len(half["label"]))]} if "id" in kinds else {}
        return tf.data.Dataset.from_tensor_slices({**ids, **half})

    tfds.disable_progress_bar()
    tfds.dataset_builders.store_as_tfds_dataset(
        name=name,
        version=version,
        config=config,
        features=tfds.features.FeaturesDict(kinds),
        split_datasets={half: examples(arrays) for half, arrays in halves.items()},
        data_dir=folder,
        disable_shuffling=True,
    )
