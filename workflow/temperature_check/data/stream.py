"""Images that are read from their records, decoded, cropped and shuffled during training."""

from __future__ import annotations

import hashlib
import itertools
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from temperature_check.base.errors import UserError
from temperature_check.base.seeds import stream as random_stream
from temperature_check.data.unreadable import remedy, unreadable

if TYPE_CHECKING:
    from tensorflow_datasets.core import DatasetBuilder

FILES_AT_ONCE, BLOCK = 16, 16
SHUFFLED = 4096
FRAME_BYTES = 16
AREA, RATIO = (0.08, 1.0), (3 / 4, 4 / 3)
SHOWN = 224 / 256


@dataclass(frozen=True)
class ImageStream:
    """JPEG images and labels of a directory that TensorFlow Datasets has prepared.

    folder: the folder of the prepared version, which has a dataset_info.json.
    splits: the records of each split, as an instruction of TFDS such as `train[:1000]`.
    size: side s of the resulting images, in pixels.
    examples: number of examples by split.
    records: digest of the version and the sizes of the records, which detects a different directory.
    """

    folder: Path
    splits: dict[str, str]
    size: int
    examples: dict[str, int]
    records: str

    @classmethod
    def open(cls, folder: Path, splits: dict[str, str], size: int) -> ImageStream:
        """The stream of a directory. Raises UserError if its files are not complete."""
        builder = directory_builder(folder)
        _require_whole(builder)
        examples = {split: builder.info.splits[part].num_examples for split, part in splits.items()}
        return cls(folder, splits, size, examples, _records(builder))

    def facts(self) -> dict:
        """All fields, as JSON values."""
        return asdict(self) | {"folder": str(self.folder)}

    @classmethod
    def from_facts(cls, facts: dict) -> ImageStream:
        """The stream that `facts` describes."""
        return cls(**facts | {"folder": Path(facts["folder"])})

    def for_fingerprint(self) -> dict:
        """What determines the images in addition to this code, which is everything except the folder."""
        return {name: value for name, value in self.facts().items() if name != "folder"}

    def training(
        self, seed: int, batch_size: int, epoch: int = 0, batch: int = 0
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Endless batches from `batch` of `epoch` on: images, uint8 [batch, s, s, 3], and labels, int32 [batch].

        A random part of each image, with 8 to 100% of its area and a ratio of 3/4 to 4/3, is resized to s×s and flipped
        at random. Order and crops depend only on the seed, the epoch and the example, so that a resumed run sees the
        same batches. Raises UserError if a record is damaged.
        """
        for current in itertools.count(epoch):
            with unreadable(f"{self.folder}: training examples"):
                yield from self._epoch(seed, current, batch_size, batch if current == epoch else 0)

    def evaluation(self, split: str, batch_size: int) -> Iterator[np.ndarray]:
        """Images of a split in the order of its labels, uint8 [batch, s, s, 3]. The last batch may be smaller.

        Each image is the central square of 224/256 of its shorter side, resized to s×s. Raises UserError if a record is
        damaged.
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
        stream = random_stream(seed, "records", epoch)
        shuffle, crop, flip = stream.integers(2**62, size=3).tolist()

        def augmented(index, jpeg, label):
            return _random_view(jpeg, self.size, (crop, index), (flip, index)), label

        # The order depends on the global seed as well as on the seed of `shuffle`.
        tf.random.set_seed(shuffle)
        examples = self._examples("train", stream).shuffle(SHUFFLED, shuffle, reshuffle_each_iteration=False)
        images = examples.skip(done * batch_size).map(augmented, tf.data.AUTOTUNE, deterministic=True)
        yield from _arrays(images.batch(batch_size, drop_remainder=True))

    def _examples(self, split: str, order: np.random.Generator | None = None):
        """A tf.data.Dataset of (index, JPEG, label): in the order of the records, or with files shuffled by `order`."""
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
    """TensorFlow, which leaves the GPU to JAX if JAX trains."""
    import tensorflow as tf

    if os.environ.get("KERAS_BACKEND") == "jax":
        tf.config.set_visible_devices([], "GPU")
    return tf


def directory_builder(folder: Path) -> DatasetBuilder:
    """The builder of a prepared directory, from the directory's own description. It downloads nothing."""
    import tensorflow_datasets

    with unreadable(f"{folder}: the description of the records"):
        return tensorflow_datasets.builder_from_directory(folder)


def _records(builder: DatasetBuilder) -> str:
    halves = {name: (half.num_bytes, half.shard_lengths) for name, half in sorted(builder.info.splits.items())}
    return hashlib.sha256(f"{builder.version} {halves}".encode()).hexdigest()[:16]


def _require_whole(builder: DatasetBuilder) -> None:
    """Raise UserError if files are missing or shorter than their description says."""
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
    """A random part of a JPEG, flipped at random. `crop` and `flip` are seeds."""
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

    # Pixels outside the part are not decoded.
    part = tf.io.decode_and_crop_jpeg(jpeg, tf.concat([corner, sides], 0), channels=3, dct_method="INTEGER_ACCURATE")
    return tf.cast(tf.round(tf.image.resize(part, (size, size))), tf.uint8)


def _arrays(examples) -> Iterator:
    """Arrays of a tf.data.Dataset, which prepares them ahead of time in threads of its own."""
    import tensorflow as tf

    options = tf.data.Options()
    # The common pool has only as many threads as training. 0 means one per core that the process may use.
    options.threading.private_threadpool_size = 0
    return examples.with_options(options).prefetch(tf.data.AUTOTUNE).as_numpy_iterator()
