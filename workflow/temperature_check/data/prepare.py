"""Loads the data set that settings describe."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from temperature_check.data.dataset import Dataset
    from temperature_check.study.data import DataSettings


def prepare_dataset(settings: DataSettings) -> Dataset:
    """Load a data set and split it into the required sizes."""
    return importlib.import_module(f"temperature_check.{settings.module}").load(settings)
