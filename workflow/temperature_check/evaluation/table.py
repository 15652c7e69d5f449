"""Evaluation of a phase: makes a table of metrics, one row per run, from the logits that the runs left."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from temperature_check.base.digest import digest
from temperature_check.base.record import Record
from temperature_check.evaluation import calibration, metrics
from temperature_check.runs.columns import RUN
from temperature_check.runs.outcome import kind_of_failure, train_accuracy
from temperature_check.runs.run import Run
from temperature_check.runs.store import Store

if TYPE_CHECKING:
    from temperature_check.data.dataset import Dataset
    from temperature_check.data.file import PreparedData
    from temperature_check.study.evaluation import EvaluationSettings

SPLITS = ("validation", "test")
MEASURES = ("accuracy", "cross_entropy", "confidence", "calibration_error", "calibration_floor")
FACTS = ("seconds", "hardware")
MADE_OF = ("threads", "backend", "device", "machine", "data")


def table_of_runs(runs: pd.DataFrame, store: Store, data: PreparedData, settings: EvaluationSettings) -> pd.DataFrame:
    """One row of metrics per run of `runs`, with what these have in addition to RUN. data: what they were trained on.

    status: `unreachable` if no network has the required ‖Z0‖; `failed`, an outcome like any other, if the run is not
    finite or its final validation accuracy is at most `failed_below`/classes; else `ok`.
    failure: how a failed run did, one of `failures.FAILURES`, and empty otherwise.
    kernel_change: of the trained network relative to the start, equation (17); NaN if it was not measured.
    train_accuracy: mean over the batches of the last epoch, each before its step. fitted: whether it is high enough.
    """
    rows = [_row(run, store.read(run["key"]), data.load(run["seed"]), settings) for run in runs.to_dict("records")]
    table = pd.DataFrame(rows)
    return table.sort_values([*RUN], ignore_index=True)


def _row(run: dict, record: Record, dataset: Dataset, settings: EvaluationSettings) -> dict:
    measured = {
        f"{split}_{name}": value
        for split in SPLITS
        for name, value in _measures(
            record.arrays.get(f"{split}_logits"), dataset, split, run["beta"], settings
        ).items()
    }
    return {
        **{name: run[name] for name in ("task", "phase", "beta", "z0")},
        "z0_measured": np.nan if record.facts["z0_measured"] is None else record.facts["z0_measured"],
        "learning_rate": Run(**{name: run[name] for name in RUN}).learning_rate,
        "scaled_learning_rate": run["scaled_learning_rate"],
        "seed": run["seed"],
        "length": run["length"],
        **_outcome(record, measured["validation_accuracy"], settings.failed_below / dataset.classes),
        **_fit(record, settings),
        **measured,
        **_scaled(record, dataset, run["beta"], settings),
        "kernel_change": _kernel_change(record),
        "time_to_learn": _time_to_learn(record, dataset.classes),
        "steps": record.arrays["history_step"][-1] if record.arrays else np.nan,
        "dataset": dataset.name,
        "train_examples": dataset.train_examples,
        "classes": dataset.classes,
        **{name: record.facts[name] for name in FACTS},
        **_origin(record.facts["made_of"]),
        "key": run["key"],
        **{name: value for name, value in run.items() if name not in (*RUN, "key")},
    }


def _origin(made_of: dict) -> dict:
    """Where the numbers come from, which is part of what the run's key is made of."""
    versions = ", ".join(f"{name} {number}" for name, number in sorted(made_of["versions"].items()))
    return {name: made_of[name] for name in MADE_OF} | {"code": digest(made_of["code"], 16), "versions": versions}


def _measures(
    logits: np.ndarray | None, dataset: Dataset, split: str, beta: float, settings: EvaluationSettings
) -> dict:
    if logits is None:
        return dict.fromkeys(MEASURES, np.nan)
    if not np.isfinite(logits).all():
        return dict.fromkeys(MEASURES, np.nan) | {"accuracy": 1 / dataset.classes}
    labels = dataset.labels[split]
    values = (
        metrics.accuracy(logits, labels),
        metrics.cross_entropy(logits, labels, beta),
        float(metrics.confidence(logits, beta).mean()),
        metrics.calibration_error(logits, labels, beta, settings.calibration_bins),
        metrics.calibration_floor(logits, beta, settings.calibration_bins),
    )
    return dict(zip(MEASURES, values, strict=True))


def _scaled(record: Record, dataset: Dataset, beta: float, settings: EvaluationSettings) -> dict:
    """Temperature scaling, fitted to validation logits, and test measures after it. NaN without finite test logits."""
    splits = [record.arrays.get(f"{split}_logits") for split in SPLITS]
    usable = all(logits is not None and np.isfinite(logits).all() for logits in splits)
    validation, test = splits if usable else (None, None)
    factor = calibration.fit_temperature(validation, dataset.labels["validation"], beta) if usable else np.nan
    measured = _measures(test, dataset, "test", factor * beta, settings)
    return {
        "temperature_factor": factor,
        "temperature_edge": calibration.temperature_edge(factor),
        **{f"test_scaled_{name}": measured[name] for name in MEASURES if name != "accuracy"},
    }


def _outcome(record: Record, validation_accuracy: float, limit: float) -> dict:
    if record.facts["status"] == "unreachable":
        return {"status": "unreachable", "failure": ""}
    if record.facts["status"] == "diverged" or validation_accuracy <= limit:
        return {"status": "failed", "failure": kind_of_failure(record, limit)}
    return {"status": "ok", "failure": ""}


def _fit(record: Record, settings: EvaluationSettings) -> dict:
    accuracy = train_accuracy(record)
    return {"train_accuracy": accuracy, "fitted": accuracy >= settings.fitted_above}


def _kernel_change(record: Record) -> float:
    return float(record.arrays.get("history_final_kernel_change", [np.nan])[-1])


def _time_to_learn(record: Record, classes: int) -> float:
    if not record.arrays:
        return np.nan
    return metrics.time_to_learn(record.arrays["history_step"], record.arrays["history_accuracy"], classes)
