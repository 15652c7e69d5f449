"""Data sources: their settings, and facts about their examples that are known before any is read.

Each source is a class. Its settings are fields. Facts about it, which users cannot set, are class variables and
properties. The module of `data` with the name of the source loads it.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from pathlib import Path
from typing import Annotated, ClassVar, Literal, NamedTuple

from pydantic import Field, model_validator

from temperature_check.study.types import Count, Seed, Settings

SPLITS = ("train", "validation", "test")


class Example(NamedTuple):
    """One input. shape: without the axis of examples. dtype: name of a NumPy type. values: integers are below it."""

    shape: tuple[int, ...]
    dtype: str
    values: int | None = None


class DataSource(Settings):
    """Settings and facts that all sources have."""

    classes: ClassVar[int]
    holds: ClassVar[Literal["images", "sequences", "text", "numbers"]] = "images"
    """What an example is: an image, a sequence, a text, or a list of numbers."""
    streamed: ClassVar[bool] = False
    """Whether the examples are read from their records during training."""
    shipped: ClassVar[bool] = False
    """Whether the examples come with a Python package, so that nothing is downloaded."""
    own_crops: ClassVar[bool] = False
    """Whether the source itself crops and mirrors training images."""

    train: Count
    """Number of training examples."""
    validation: Count
    """Number of validation examples, on which learning rates are chosen."""

    @property
    def by_seed(self) -> bool:
        """Whether each seed of runs has training and validation examples of its own."""
        return False

    @property
    @abstractmethod
    def example(self) -> Example:
        """The shape and type of one input."""

    @property
    def module(self) -> str:
        """The module that loads the examples, by its name below the package."""
        return f"data.{self.source}"

    @property
    def sizes(self) -> dict[str, int]:
        """Number of examples by split."""
        return {split: getattr(self, split) for split in SPLITS}

    @property
    def in_memory(self) -> int:
        """Number of examples whose inputs are in the prepared file."""
        return sum(self.sizes.values())

    def facts(self) -> dict:
        """Everything that determines the examples: the settings, and the facts that loaders use."""
        known = {"classes": self.classes, "example": self.example, "in_memory": self.in_memory}
        return {**self.model_dump(mode="json"), **known}


class DigitsData(DataSource):
    """scikit-learn's digits: 1,797 scans of 8×8 pixels, 10 classes, shipped with the library."""

    classes = 10
    shipped = True
    available: ClassVar[int] = 1797

    source: Literal["digits"]
    """Where the examples come from."""
    test: Count
    """Number of test examples, which only the report phase reads."""
    split_seed: Seed = 0
    """Seed of the split into training, validation and test examples."""
    split: Literal["once", "by_seed"] = "once"
    """`by_seed`: each seed of runs divides anew all that are no test examples; `once`: all seeds share one split."""

    @property
    def by_seed(self) -> bool:
        """Whether seeds divide the examples anew. The test examples are always the same."""
        return self.split == "by_seed"

    @property
    def example(self) -> Example:
        """A gray image, values in [0, 1]."""
        return Example((8, 8, 1), "float32")

    @model_validator(mode="after")
    def _fits(self) -> DigitsData:
        if (asked := sum(self.sizes.values())) > self.available:
            raise ValueError(
                f"train + validation + test = {asked:,} should be at most {self.available:,}, all that digits has"
            )
        return self


class MNIST1DData(DataSource):
    """MNIST-1D: sequences of 40 numbers, 10 classes, drawn at random by the package `mnist1d` for each seed of runs."""

    classes = 10
    shipped = True
    holds = "sequences"
    by_seed: ClassVar[bool] = True
    length: ClassVar[int] = 40

    source: Literal["mnist1d"]
    """Where the examples come from."""
    test: Count
    """Number of test examples, which only the report phase reads."""

    @property
    def example(self) -> Example:
        """A sequence of one channel."""
        return Example((self.length, 1), "float32")


class HalvedData(DataSource):
    """A data set with a training half and a test half, prepared by TensorFlow Datasets."""

    halves: ClassVar[tuple[int, int]]
    name: ClassVar[str]
    """Its name in TensorFlow Datasets."""
    preparation_bytes: ClassVar[int]
    """Largest disk space during its preparation, for the archive, its contents and the records."""

    data_dir: Path | None = None
    """Data directory of TensorFlow Datasets; by default TFDS_DATA_DIR, or else ~/tensorflow_datasets."""

    @model_validator(mode="after")
    def _fits(self) -> HalvedData:
        training, test = self.halves
        if (asked := self.train + self.validation) > training:
            raise ValueError(f"train + validation = {asked:,} should be at most {training:,}, all that there is")
        if self.test > test:
            raise ValueError(f"test = {self.test:,} should be at most {test:,}, all that there is")
        return self


class DrawnData(HalvedData):
    """A data set whose examples are drawn at random from their halves."""

    split_seed: Seed = 0
    """Seed that draws training, validation and test examples from their halves."""


class CIFAR10Data(DrawnData):
    """CIFAR-10: 50,000 + 10,000 photos of 32×32 pixels, 10 classes."""

    classes = 10
    halves = (50_000, 10_000)
    name = "cifar10"
    preparation_bytes = 600_000_000

    source: Literal["cifar10"]
    """Where the examples come from."""
    test: Count = halves[1]
    """Number of test examples, by default all. Only the report phase reads them."""

    @property
    def example(self) -> Example:
        """A photo."""
        return Example((32, 32, 3), "uint8", 256)


class IMDBData(DrawnData):
    """IMDB: 25,000 + 25,000 film reviews, 2 classes, as sequences of words."""

    classes = 2
    halves = (25_000, 25_000)
    name = "imdb_reviews/plain_text"
    preparation_bytes = 600_000_000
    holds = "text"

    source: Literal["imdb"]
    """Where the examples come from."""
    test: Count = halves[1]
    """Number of test examples, by default all. Only the report phase reads them."""
    vocabulary: Annotated[Count, Field(gt=2)] = 10_000
    """Largest number of different tokens: padding, unknown, and the most frequent words of the training examples."""
    length: Count = 200
    """Tokens per review. Shorter reviews are padded at the end, and longer reviews are cut."""
    keep: Literal["first", "last"] = "first"
    """Which tokens a longer review keeps."""

    @property
    def example(self) -> Example:
        """The tokens of a review."""
        return Example((self.length,), "int32", self.vocabulary)


class ImageNetData(HalvedData):
    """ImageNet (ILSVRC 2012): 1,281,167 + 50,000 photos, 1,000 classes, read and cropped during training.

    There is no split_seed, because the records are already in a random order, that of a hash of their names. The first
    records of the training half are training examples, and its last are validation examples. The first records of the
    other half are test examples.
    """

    classes = 1000
    halves = (1_281_167, 50_000)
    name = "imagenet2012"
    preparation_bytes = 160_000_000_000
    streamed = True
    own_crops = True
    probe: ClassVar[int] = 256
    """Number of training examples that are kept in memory. The initial logit norm is measured on them."""

    source: Literal["imagenet"]
    """Where the examples come from."""
    train: Count = halves[0] - 50_000
    """Number of training examples, by default all except 50,000."""
    validation: Count = 50_000
    """Number of validation examples from the training half, on which learning rates are chosen."""
    test: Count = halves[1]
    """Number of test examples, by default all of TFDS's `validation`. Only the report phase reads them."""
    image_size: Count = 224
    """Side of the images that networks read, in pixels."""
    manual_dir: Path | None = None
    """Folder of the two archives of ImageNet; by default downloads/manual in the data directory."""

    @property
    def example(self) -> Example:
        """A photo, cropped and resized."""
        return Example((self.image_size, self.image_size, 3), "uint8", 256)

    @property
    def in_memory(self) -> int:
        """Number of examples whose inputs are in the prepared file. They are the first training examples."""
        return min(self.train, self.probe)


BY_SOURCE = Field(discriminator="source")
DataSettings = Annotated[DigitsData | MNIST1DData | CIFAR10Data | IMDBData | ImageNetData, BY_SOURCE]


def example_bytes(example: Example) -> int:
    """Size of one input in memory.

    >>> example_bytes(Example((8, 8, 1), "float32"))
    256
    """
    return math.prod(example.shape) * {"uint8": 1}.get(example.dtype, 4)
