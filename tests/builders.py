"""What tests build again and again. Nothing here imports Keras before it is called."""

from __future__ import annotations

import importlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from temperature_check.data.dataset import Dataset
    from temperature_check.runs.store import Store
    from temperature_check.study.engine import EngineSettings
    from temperature_check.study.phases import Phase
    from temperature_check.study.recipe import Training
    from temperature_check.training.engine import Engine
    from temperature_check.training.trainer import Trainer


def new_engine(training: Training, dataset: Dataset, settings: EngineSettings) -> Engine:
    """An engine that leaves Keras's defaults and the process's cores as they are."""
    os.environ["KERAS_BACKEND"] = settings.backend
    importlib.import_module(f"temperature_check.training.{settings.backend}").use_device(settings)
    from temperature_check.training.engine import Engine

    return Engine(training, dataset, settings, "a test")


def new_trainer(phase: Phase, store: Store, dataset: Dataset | None = None) -> Trainer:
    """A trainer of a phase, on its own data or on `dataset`."""
    from temperature_check.data.file import in_memory
    from temperature_check.data.prepare import prepare_data
    from temperature_check.training.trainer import Trainer

    seeds = phase.study.data_seeds(phase.task.data)
    data = in_memory(dataset or prepare_data(phase.data, seeds))
    return Trainer(phase.training, data, phase.study.engine, store, phase.engine)


def fingerprint_of(dataset: Dataset) -> str:
    """The fingerprint of a data set."""
    from temperature_check.data.file import in_memory

    return in_memory(dataset).fingerprint(0)


def read_dataset(path: Path) -> Dataset:
    """A data set that was written."""
    from temperature_check.data.file import open_dataset

    return open_dataset(path).load(0)
