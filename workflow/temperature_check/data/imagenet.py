"""ImageNet (ILSVRC 2012): 1,281,167 + 50,000 photos in 1,000 classes, from TensorFlow Datasets, as a stream."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from temperature_check.base.errors import UserError
from temperature_check.data.archives import require_archives
from temperature_check.data.dataset import Dataset
from temperature_check.data.stream import ImageStream, directory_builder
from temperature_check.data.tfds import prepared_builder
from temperature_check.data.unreadable import remedy

if TYPE_CHECKING:
    from tensorflow_datasets.core import DatasetBuilder

    from temperature_check.study.data import ImageNetData


def load(settings: ImageNetData) -> Dataset:
    """Labels, and a stream of images, uint8 of shape [examples, s, s, 3]. The first training images are in memory.

    Raises UserError if the data are unavailable, damaged or too few.
    """
    require_archives(settings.data_dir, settings.manual_dir)
    folder = Path(prepared_builder(settings).data_path).absolute()
    builder = directory_builder(folder)
    _require_images(builder, settings.classes)
    stream = ImageStream.open(folder, _parts(builder, settings), settings.image_size)
    labels = {"train": stream.labels("train", settings.in_memory)}
    labels |= {split: stream.labels(split) for split in ("validation", "test")}
    images = {"train": next(stream.evaluation("train", settings.in_memory))}
    return Dataset("ImageNet", images, labels, settings.classes, stream=stream)


def _parts(builder: DatasetBuilder, settings: ImageNetData) -> dict[str, str]:
    """The records of each split: the first and the last of the training half, and the first of the other half.

    The records of a half are already in a random order, that of a hash of their names.
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


def _require_images(builder: DatasetBuilder, classes: int) -> None:
    folder, features = builder.data_path, dict(builder.info.features.items())
    if missing := [half for half in ("train", "validation") if half not in builder.info.splits]:
        raise UserError(f"{folder}: has no {missing[0]} examples; {remedy('the directory')}")
    found = getattr(features.get("image"), "encoding_format", None), getattr(features.get("label"), "num_classes", None)
    if found != ("jpeg", classes):
        raise UserError(f"{folder}: should hold JPEG images of {classes:,} classes, holds {found[0]} of {found[1]}")
