"""Loads the data that settings describe."""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from temperature_check.data.dataset import Dataset
    from temperature_check.study.data import DataSettings


def prepare_dataset(settings: DataSettings) -> Dataset:
    """Load a data set that serves all seeds, and split it into the required sizes."""
    return _module(settings).load(settings)


def prepare_data(settings: DataSettings, seeds: Iterable[int]) -> Dataset | dict[int, Dataset]:
    """A data set that serves all seeds, or one for each of `seeds` if the settings say so."""
    if not settings.by_seed:
        return prepare_dataset(settings)
    load = _module(settings).load
    return {seed: load(settings, seed) for seed in seeds}


def _module(settings: DataSettings):
    return importlib.import_module(f"temperature_check.{settings.module}")
