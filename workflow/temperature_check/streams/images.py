"""Images that are read from their records while a network learns: decoded, cropped and shuffled on the way."""

from __future__ import annotations

import hashlib
import itertools
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from temperature_check.errors import UserError
from temperature_check.fingerprint import fingerprint
from temperature_check.streams.damaged import remedy, unreadable

if TYPE_CHECKING:
    from tensorflow_datasets.core import DatasetBuilder

FILES_AT_ONCE, BLOCK = 16, 16
SHUFFLED = 4096
FRAME_BYTES = 16
AREA, RATIO = (0.08, 1.0), (3 / 4, 4 / 3)
SHOWN = 224 / 256
# Apart from the streams of `training.plan`, which have one number here.
PURPOSE = 0


@dataclass(frozen=True)
class ImageStream:
    """JPEG images and labels of a directory that TensorFlow Datasets has prepared.

    folder: that of the prepared version, which holds dataset_info.json.
    splits: by split, which of the records, as TFDS's instructions: `train[:1000]`.
    size: side s of the images that are given out, in pixels.
    examples: number of examples by split.
    records: digest of the sizes of the records, by which another directory is noticed.
    """

    folder: Path
    splits: dict[str, str]
    size: int
    examples: dict[str, int]
    records: str

    @classmethod
    def open(cls, folder: Path, splits: dict[str, str], size: int) -> ImageStream:
        """The stream of a directory. Raises UserError where its files are not whole."""
        builder = directory_builder(folder)
        _require_whole(builder)
        examples = {split: builder.info.splits[part].num_examples for split, part in splits.items()}
        return cls(folder, splits, size, examples, _records(builder))

    def facts(self) -> dict:
        """All fields, as JSON has them."""
        return asdict(self) | {"folder": str(self.folder)}

    @classmethod
    def from_facts(cls, facts: dict) -> ImageStream:
        """The stream that `facts` describes."""
        return cls(**facts | {"folder": Path(facts["folder"])})

    def identity(self) -> dict:
        """What determines the images that are given out: the records, wherever they lie, and what decodes and crops."""
        facts = {name: value for name, value in self.facts().items() if name != "folder"}
        return facts | {"code": fingerprint("streams.images"), "tensorflow": version("tensorflow")}

    def steps_per_epoch(self, batch_size: int) -> int:
        """Number of batches of an epoch; a last, smaller one is left out."""
        return self.examples["train"] // batch_size

    def training(self, seed: int, batch_size: int, first_step: int = 0) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Endless batches from step `first_step` on: images, uint8 [batch, s, s, 3], and labels, int32 [batch].

        Of each image a random part, of 8 to 100% of its area and of ratio 3/4 to 4/3, is resized to s×s and flipped
        or not. Order and crops depend on the seed, the epoch and the example alone, so that an iterator that starts
        at a later step gives what one from the start gives there. Raises UserError at a damaged record.
        """
        first_epoch, done = divmod(first_step, self.steps_per_epoch(batch_size))
        for epoch in itertools.count(first_epoch):
            with unreadable(f"{self.folder}: training examples"):
                yield from self._epoch(seed, epoch, batch_size, done)
            done = 0

    def evaluation(self, split: str, batch_size: int) -> Iterator[np.ndarray]:
        """Images of a split in the order of its labels, uint8 [batch, s, s, 3], the last batch smaller.

        Of each image the middle is shown: of its shorter side resized to 256/224 s, the central s×s. Raises UserError
        at a damaged record.
        """
        tf = _tensorflow()
        with unreadable(f"{self.folder}: {split} examples"):
            images = self._examples(split).map(
                lambda index, jpeg, label: _central_crop(jpeg, self.size), tf.data.AUTOTUNE, deterministic=True
            )
            yield from _arrays(images.batch(batch_size))

    def labels(self, split: str, first: int | None = None) -> np.ndarray:
        """Labels of a split, or of its first examples, int32 [examples]."""
        with unreadable(f"{self.folder}: {split} examples"):
            labels = self._examples(split).take(first or -1).map(lambda index, jpeg, label: label)
            return np.concatenate(list(_arrays(labels.batch(SHUFFLED))))

    def _epoch(self, seed: int, epoch: int, batch_size: int, done: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        tf = _tensorflow()
        stream = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(PURPOSE, epoch)))
        shuffle, crop, flip = stream.integers(2**62, size=3).tolist()

        def augmented(index, jpeg, label):
            return _random_view(jpeg, self.size, (crop, index), (flip, index)), label

        # The global seed bears on the order, beside the one that `shuffle` is given.
        tf.random.set_seed(shuffle)
        examples = self._examples("train", stream).shuffle(SHUFFLED, shuffle, reshuffle_each_iteration=False)
        images = examples.skip(done * batch_size).map(augmented, tf.data.AUTOTUNE, deterministic=True)
        yield from _arrays(images.batch(batch_size, drop_remainder=True))

    def _examples(self, split: str, order: np.random.Generator | None = None):
        """A tf.data.Dataset of (index, JPEG, label): in the order of the records, or from files mixed by `order`."""
        tf = _tensorflow()
        names, parts = self._files(split)
        mixed = order.permutation(len(names)) if order else slice(None)

        def examples_of(name, part):
            records = tf.data.TFRecordDataset(name).skip(part[0]).take(part[1])
            return tf.data.Dataset.zip(tf.data.Dataset.range(part[2], part[2] + part[1]), records)

        records = tf.data.Dataset.from_tensor_slices((names[mixed], parts[mixed])).interleave(
            examples_of, FILES_AT_ONCE if order else 1, BLOCK, tf.data.AUTOTUNE, deterministic=True
        )
        whole = records.apply(tf.data.experimental.assert_cardinality(self.examples[split]))
        return whole.map(_parsed, tf.data.AUTOTUNE, deterministic=True)

    def _files(self, split: str) -> tuple[np.ndarray, np.ndarray]:
        """Names of the files of a split, and of each the records to skip, to take, and the index of the first taken."""
        builder = directory_builder(self.folder)
        if _records(builder) != self.records:
            raise UserError(f"{self.folder}: not the records that were prepared; delete the prepared data set")
        files = builder.info.splits[self.splits[split]].file_instructions
        firsts = itertools.accumulate((file.take for file in files), initial=0)
        parts = [(file.skip, file.take, first) for file, first in zip(files, firsts)]
        return np.array([os.fspath(file.filename) for file in files]), np.array(parts, np.int64)


def _tensorflow():
    """TensorFlow, which leaves the GPU to JAX where JAX trains."""
    import tensorflow as tf

    if os.environ.get("KERAS_BACKEND") == "jax":
        tf.config.set_visible_devices([], "GPU")
    return tf


def directory_builder(folder: Path) -> DatasetBuilder:
    """The builder of a prepared directory, as that describes itself; it never downloads anything."""
    import tensorflow_datasets

    with unreadable(f"{folder}: the description of the records"):
        return tensorflow_datasets.builder_from_directory(folder)


def _records(builder: DatasetBuilder) -> str:
    halves = {name: (half.num_bytes, half.shard_lengths) for name, half in sorted(builder.info.splits.items())}
    return hashlib.sha256(f"{builder.version} {halves}".encode()).hexdigest()[:16]


def _require_whole(builder: DatasetBuilder) -> None:
    """Raise UserError where files are missing or shorter than their description says."""
    for name, half in builder.info.splits.items():
        with unreadable(f"{builder.data_path}: {name} examples"):
            size = sum(os.path.getsize(path) for path in half.filepaths)
        if size < half.num_bytes + FRAME_BYTES * half.num_examples:
            raise UserError(f"{builder.data_path}: {name} examples are truncated; {remedy('the directory')}")


def _parsed(index, record):
    import tensorflow as tf

    kinds = {"image": tf.io.FixedLenFeature((), tf.string), "label": tf.io.FixedLenFeature((), tf.int64)}
    example = tf.io.parse_single_example(record, kinds)
    return index, example["image"], tf.cast(example["label"], tf.int32)


def _random_view(jpeg, size: int, crop: tuple, flip: tuple):
    """A random part of a JPEG, flipped or not, by two seeds."""
    import tensorflow as tf

    corner, sides, _ = tf.image.stateless_sample_distorted_bounding_box(
        tf.io.extract_jpeg_shape(jpeg),
        bounding_boxes=tf.constant([[[0.0, 0.0, 1.0, 1.0]]]),
        seed=crop,
        min_object_covered=0.0,
        aspect_ratio_range=RATIO,
        area_range=AREA,
    )
    return tf.image.stateless_random_flip_left_right(_resized(jpeg, corner[:2], sides[:2], size), flip)


def _central_crop(jpeg, size: int):
    import tensorflow as tf

    sides = tf.io.extract_jpeg_shape(jpeg)[:2]
    side = tf.cast(tf.round(SHOWN * tf.cast(tf.reduce_min(sides), tf.float32)), tf.int32)
    return _resized(jpeg, (sides - side) // 2, tf.stack([side, side]), size)


def _resized(jpeg, corner, sides, size: int):
    """Part of a JPEG, of (height, width) `sides`, resized to size×size by bilinear interpolation; uint8."""
    import tensorflow as tf

    # What lies outside the part is not decoded.
    part = tf.io.decode_and_crop_jpeg(jpeg, tf.concat([corner, sides], 0), channels=3, dct_method="INTEGER_ACCURATE")
    return tf.cast(tf.round(tf.image.resize(part, (size, size))), tf.uint8)


def _arrays(examples) -> Iterator:
    """Arrays of a tf.data.Dataset, made ahead by threads of its own."""
    import tensorflow as tf

    options = tf.data.Options()
    # The common pool has as few threads as training asks for; 0 is one for each core that the process may use.
    options.threading.private_threadpool_size = 0
    return examples.with_options(options).prefetch(tf.data.AUTOTUNE).as_numpy_iterator()
