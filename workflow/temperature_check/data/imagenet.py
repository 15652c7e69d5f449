"""ImageNet (ILSVRC 2012): 1,281,167 + 50,000 photos in 1,000 classes, from TensorFlow Datasets, as a stream."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from temperature_check.data.archives import NAME, require_archives
from temperature_check.data.dataset import Dataset
from temperature_check.data.tfds import prepared_builder
from temperature_check.errors import UserError
from temperature_check.streams.damaged import remedy
from temperature_check.streams.images import ImageStream, directory_builder

if TYPE_CHECKING:
    from tensorflow_datasets.core import DatasetBuilder

    from temperature_check.study import ImageNetData

CLASSES = 1000


def load_imagenet(settings: ImageNetData) -> Dataset:
    """Labels, and a stream of images, uint8 of shape [examples, s, s, 3]; the first training images are kept.

    Raises UserError where the data cannot be had, are damaged or are too few.
    """
    require_archives(settings.data_dir, settings.manual_dir)
    folder = Path(prepared_builder(NAME, settings.data_dir, settings.manual_dir).data_path).absolute()
    builder = directory_builder(folder)
    _require_images(builder)
    stream = ImageStream.open(folder, _parts(builder, settings), settings.image_size)
    labels = {"train": stream.labels("train", settings.IN_MEMORY)}
    labels |= {split: stream.labels(split) for split in ("validation", "test")}
    images = {"train": next(stream.evaluation("train", settings.IN_MEMORY))}
    return Dataset("ImageNet", images, labels, CLASSES, stream=stream)


def _parts(builder: DatasetBuilder, settings: ImageNetData) -> dict[str, str]:
    """Which records are examples of which split: the first and the last of the training half, the first of the other.

    The records of a half are in random order already: that of a hash of their names.
    """
    asked = {"train": settings.train + settings.validation, "validation": settings.test}
    for half, count in asked.items():
        if count > (there := builder.info.splits[half].num_examples):
            names = {"train": "train + validation", "validation": "test"}[half]
            raise UserError(f"{builder.data_path}: holds {there:,} examples for {names} = {count:,}")
    return {
        "train": f"train[:{settings.train}]",
        "validation": f"train[-{settings.validation}:]",
        "test": f"validation[:{settings.test}]",
    }


def _require_images(builder: DatasetBuilder) -> None:
    folder, features = builder.data_path, dict(builder.info.features.items())
    if missing := [half for half in ("train", "validation") if half not in builder.info.splits]:
        raise UserError(f"{folder}: has no {missing[0]} examples; {remedy('the directory')}")
    found = getattr(features.get("image"), "encoding_format", None), getattr(features.get("label"), "num_classes", None)
    if found != ("jpeg", CLASSES):
        raise UserError(f"{folder}: should hold JPEG images of {CLASSES:,} classes, holds {found[0]} of {found[1]}")
