"""Prepared data on disk: a file with arrays, and a file with facts that are known without them.

The examples may be the same for every seed of a run, or others for each.
"""

from __future__ import annotations

import functools
import hashlib
import importlib
import json
from collections.abc import Callable, Mapping
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


DataOfSeeds = Mapping[int | None, Dataset]
"""Data sets by seed, or one under None, which serves all seeds."""


@dataclass(frozen=True)
class PreparedData:
    """What keys and tables need to know about prepared data, and `load`, which reads the arrays of a seed once.

    fingerprints: by seed, or one under None, SHA-256 of all inputs and labels, and of the identity of the stream if
        there is one.
    """

    name: str
    classes: int
    train_examples: int
    streamed: bool
    fingerprints: Mapping[int | None, str]
    load: Callable[[int], Dataset]

    def fingerprint(self, seed: int) -> str:
        """The fingerprint of the data of a seed. Raises UserError if its data are not prepared."""
        return of_seed(self.fingerprints, seed, self.name)


def of_seed(known: Mapping, seed: int, name: str):
    """The value of a seed, or that of all seeds. Raises UserError if there is none."""
    if seed not in known and None not in known:
        raise UserError(f"{name}: prepared without seed {seed}; prepare it again, by `snakemake` with this study")
    return known[None] if None in known else known[seed]


def in_memory(data: Dataset | DataOfSeeds) -> PreparedData:
    """Data that are in memory already: one data set, or one for each seed."""
    data = {None: data} if isinstance(data, Dataset) else data
    name = next(iter(data.values())).name
    return PreparedData(**_known(data), load=functools.partial(of_seed, data, name=name))


def write_dataset(path: Path, data: Dataset | DataOfSeeds) -> None:
    """Write data to `path` and the facts about them beside it. Raises UserError if the disk lacks the space."""
    data = {None: data} if isinstance(data, Dataset) else data
    arrays = {_prefix(seed) + name: array for seed, dataset in data.items() for name, array in _named(dataset).items()}
    require_space(path.parent, sum(array.nbytes for array in arrays.values()))
    known = _known(data)
    write_arrays(path, Record(arrays, _facts(data) | {"fingerprints": _as_json(known["fingerprints"])}))
    document = known | {"fingerprints": _as_json(known["fingerprints"])}
    write_text(facts_path(path), json.dumps(document, indent=2) + "\n")


def open_dataset(path: Path) -> PreparedData:
    """Open prepared data without reading their arrays. Raises UserError if their facts are missing or damaged."""
    facts = facts_path(path)
    try:
        known = json.loads(facts.read_text(encoding="utf-8"))
        fingerprints = _from_json(known.pop("fingerprints"))
        read = functools.cache(functools.partial(_read, path, fingerprints))
        return PreparedData(**known, fingerprints=fingerprints, load=lambda seed: of_seed(read(), seed, known["name"]))
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        state, how = ("damaged", "--force ") if facts.exists() else ("not there yet", "")
        raise UserError(f"{facts}: {state}; make it with `snakemake {how}{path}`") from error


def facts_path(path: Path) -> Path:
    """The file with the facts about a prepared data set, which is beside it."""
    return path.with_suffix(".json")


def _read(path: Path, fingerprints: Mapping[int | None, str]) -> DataOfSeeds:
    record = read_arrays(path, "a prepared data set", REMEDY)
    facts = dict(record.facts)
    if _from_json(facts.pop("fingerprints", {})) != fingerprints:
        raise UserError(f"{path}: not the data set that {facts_path(path).name} describes; {REMEDY}")
    stream = facts.pop("stream", None)
    facts["stream"] = stream and _open_stream(stream)
    return {seed: _dataset_of(record.arrays, _prefix(seed), facts) for seed in fingerprints}


def _dataset_of(arrays: Mapping[str, np.ndarray], prefix: str, facts: dict) -> Dataset:
    parts: dict[str, dict[str, np.ndarray]] = {"inputs": {}, "labels": {}}
    for name, array in arrays.items():
        if name.startswith(prefix):
            split, kind = name.removeprefix(prefix).split("_")
            parts[kind][split] = array
    return Dataset(**parts, **facts)


def _open_stream(facts: dict) -> ImageStream:
    # This is imported by name, because other data sets have no stream and do not depend on its code.
    return importlib.import_module("temperature_check.data.stream").ImageStream.from_facts(facts)


def _known(data: DataOfSeeds) -> dict:
    first = next(iter(data.values()))
    return {
        "name": first.name,
        "classes": first.classes,
        "train_examples": first.train_examples,
        "streamed": first.stream is not None,
        "fingerprints": {seed: _fingerprint(dataset) for seed, dataset in data.items()},
    }


def _facts(data: DataOfSeeds) -> dict:
    """The facts about a data set that its arrays do not tell."""
    first = next(iter(data.values()))
    known = {"name": first.name, "classes": first.classes, "vocabulary": first.vocabulary}
    stream = first.stream and first.stream.facts()
    return {name: value for name, value in (known | {"stream": stream}).items() if value is not None}


def _prefix(seed: int | None) -> str:
    """What names of arrays in the file begin with."""
    return "" if seed is None else f"{seed}_"


def _as_json(fingerprints: Mapping[int | None, str]) -> str | dict[str, str]:
    return fingerprints[None] if None in fingerprints else {str(seed): value for seed, value in fingerprints.items()}


def _from_json(fingerprints: str | dict[str, str]) -> dict[int | None, str]:
    if isinstance(fingerprints, str):
        return {None: fingerprints}
    return {int(seed): value for seed, value in fingerprints.items()}


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
