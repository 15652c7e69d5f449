"""A prepared data set on disk: a file with its arrays, and a file with facts that are known without them."""

from __future__ import annotations

import functools
import hashlib
import importlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from temperature_check.base.arrays import read_arrays, write_arrays
from temperature_check.base.errors import UserError
from temperature_check.base.files import require_space, write_text
from temperature_check.base.record import Record
from temperature_check.data.dataset import Dataset

if TYPE_CHECKING:
    from temperature_check.data.stream import ImageStream

REMEDY = "delete it to have it prepared again"


@dataclass(frozen=True)
class PreparedData:
    """What keys and tables need to know about a data set, and `load`, which reads its arrays once.

    fingerprint: SHA-256 of all inputs and labels, and of the identity of the stream if there is one.
    """

    name: str
    fingerprint: str
    classes: int
    train_examples: int
    streamed: bool
    load: Callable[[], Dataset]


def in_memory(dataset: Dataset) -> PreparedData:
    """A data set that is in memory already."""
    return PreparedData(**_known(dataset), load=lambda: dataset)


def write_dataset(path: Path, dataset: Dataset) -> None:
    """Write a data set to `path` and its facts beside it. Raises UserError if the disk lacks the space."""
    require_space(path.parent, sum(array.nbytes for array in _named(dataset).values()))
    facts = {"name": dataset.name, "classes": dataset.classes}
    if dataset.vocabulary:
        facts["vocabulary"] = dataset.vocabulary
    if dataset.stream:
        facts["stream"] = dataset.stream.facts()
    known = _known(dataset)
    write_arrays(path, Record(_named(dataset), facts | {"fingerprint": known["fingerprint"]}))
    write_text(facts_path(path), json.dumps(known, indent=2) + "\n")


def open_dataset(path: Path) -> PreparedData:
    """Open a data set without reading its arrays. Raises UserError if its facts are missing or damaged."""
    facts = facts_path(path)
    try:
        known = json.loads(facts.read_text(encoding="utf-8"))
        return PreparedData(**known, load=functools.cache(functools.partial(_read, path, known["fingerprint"])))
    except (OSError, ValueError, TypeError, KeyError) as error:
        state, how = ("damaged", "--force ") if facts.exists() else ("not there yet", "")
        raise UserError(f"{facts}: {state}; make it with `snakemake {how}{path}`") from error


def facts_path(path: Path) -> Path:
    """The file with the facts about a prepared data set, which is beside it."""
    return path.with_suffix(".json")


def _read(path: Path, fingerprint: str) -> Dataset:
    record = read_arrays(path, "a prepared data set", REMEDY)
    parts: dict[str, dict[str, np.ndarray]] = {"inputs": {}, "labels": {}}
    for name, array in record.arrays.items():
        split, kind = name.split("_")
        parts[kind][split] = array
    facts = dict(record.facts)
    if facts.pop("fingerprint", None) != fingerprint:
        raise UserError(f"{path}: not the data set that {facts_path(path).name} describes; {REMEDY}")
    stream = facts.pop("stream", None)
    return Dataset(**parts, **facts, stream=stream and _open_stream(stream))


def _open_stream(facts: dict) -> ImageStream:
    # This is imported by name, because other data sets have no stream and do not depend on its code.
    return importlib.import_module("temperature_check.data.stream").ImageStream.from_facts(facts)


def _known(dataset: Dataset) -> dict:
    return {
        "name": dataset.name,
        "fingerprint": _fingerprint(dataset),
        "classes": dataset.classes,
        "train_examples": dataset.train_examples,
        "streamed": dataset.stream is not None,
    }


def _fingerprint(dataset: Dataset) -> str:
    content = hashlib.sha256(str(dataset.classes).encode())
    if dataset.vocabulary:
        content.update(f"vocabulary{dataset.vocabulary}".encode())
    if dataset.stream:
        content.update(json.dumps(dataset.stream.for_fingerprint(), sort_keys=True).encode())
    for name, array in sorted(_named(dataset).items()):
        content.update(f"{name}{array.dtype}{array.shape}".encode())
        content.update(np.ascontiguousarray(array).tobytes())
    return content.hexdigest()[:16]


def _named(dataset: Dataset) -> dict[str, np.ndarray]:
    inputs = {f"{split}_inputs": array for split, array in dataset.inputs.items()}
    return inputs | {f"{split}_labels": array for split, array in dataset.labels.items()}
