"""Command `run`: trains one run."""

from __future__ import annotations

import logging

import numpy as np

from temperature_check.base.errors import UserError
from temperature_check.base.record import Record
from temperature_check.commands.planned import planned_runs
from temperature_check.data.dataset import Dataset
from temperature_check.evaluation.metrics import accuracy
from temperature_check.runs.run import Run
from temperature_check.runs.store import Store
from temperature_check.study.study import Study
from temperature_check.training.trainer import Trainer

log = logging.getLogger(__name__)


def train_single(study: Study, key: str, store: Store) -> dict:
    """Train the run whose key starts with `key`. Store it or, if it is stored already, compare the two.

    Returns the key, the validation accuracy, the facts of the record, and the result of the comparison as `compared`.
    Raises UserError for an unknown key.
    """
    trainer, run = find_run(study, key, store)
    log.info("training %s", run)
    record = trainer.train_one(run)
    found, compared = trainer.key(run), "the store did not have this run, now it has"
    if store.has(found):
        compared = _difference(record, store.read(found))
    else:
        store.write(found, record)
    return {
        "key": found,
        "validation_accuracy": _accuracy(record, trainer.data.load(run.seed)),
        **record.facts,
        "compared": compared,
    }


def find_run(study: Study, key: str, store: Store) -> tuple[Trainer, Run]:
    """The run of a study whose key starts with `key`, and its trainer."""
    found = [(trainer, run) for trainer, run in planned_runs(study, store) if trainer.key(run).startswith(key)]
    if len(found) != 1:
        raise UserError(
            f"{len(found)} runs of {study.study} have a key that starts with {key!r}, one should;"
            " `temperature-check runs` prints keys, which change with settings and code"
        )
    return found[0]


def _accuracy(record: Record, dataset: Dataset) -> float | None:
    if not record.arrays:
        return None
    return accuracy(record.arrays["validation_logits"], dataset.labels["validation"])


def _difference(record: Record, stored: Record) -> str:
    unequal = [
        name for name in stored.arrays if not np.array_equal(record.arrays[name], stored.arrays[name], equal_nan=True)
    ]
    return f"differs from the stored run in {', '.join(unequal)}" if unequal else "equal to the stored run, bit by bit"
