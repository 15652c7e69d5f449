"""The data stage: a data set, split and ready to train on, in one file with its fingerprint."""

from __future__ import annotations

from typing import TYPE_CHECKING

from temperature_check.data.cifar10 import load_cifar10
from temperature_check.data.dataset import SPLITS, Dataset, read_dataset, write_dataset
from temperature_check.data.digits import load_digits
from temperature_check.data.imagenet import load_imagenet
from temperature_check.data.imdb import load_imdb

if TYPE_CHECKING:
    from temperature_check.study import CIFAR10Data, DigitsData, ImageNetData, IMDBData

__all__ = ["LOADERS", "SPLITS", "Dataset", "prepare_dataset", "read_dataset", "write_dataset"]

LOADERS = {"cifar10": load_cifar10, "digits": load_digits, "imagenet": load_imagenet, "imdb": load_imdb}


def prepare_dataset(settings: DigitsData | CIFAR10Data | IMDBData | ImageNetData) -> Dataset:
    """Load a data set and split it into the sizes asked for."""
    return LOADERS[settings.source](settings)
