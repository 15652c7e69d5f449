"""Loads the examples of a user. Each error is one line."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from temperature_check.base.errors import UserError
from temperature_check.theory.gate.faults import reason

WRITTEN = "as np.savez(file, x=inputs, y=labels) writes it"


@dataclass(frozen=True)
class Examples:
    """Inputs of shape [n, ...] and integer labels of shape [n]."""

    inputs: np.ndarray
    labels: np.ndarray

    def one_class(self) -> str:
        """A line if all examples are of one class, or ""."""
        if len(np.unique(self.labels)) > 1:
            return ""
        return f"all {len(self.labels)} examples are of class {self.labels[0]}; take more with --examples"


def load_examples(path: Path, limit: int, seed: int = 0) -> Examples:
    """At most `limit` examples of an npz file with arrays x and y, drawn by a seed, in the order of the file.

    Raises UserError if the file is not an npz file or holds objects, or if x and y are not finite numbers and equally
    many integer labels.
    """
    where = f"--data {path}"
    arrays = _read_arrays(path, where)
    if missing := [name for name in ("x", "y") if name not in arrays]:
        raise UserError(f"{where}: has no array {' and no '.join(missing)}; it should have x, inputs, and y, labels")
    inputs, labels = arrays["x"], _checked_labels(arrays["y"], where)
    if inputs.ndim == 1 and len(inputs) == len(labels) > 0:
        raise UserError(f"{where}: x, of shape {inputs.shape}, should have a feature axis; save x[:, None]")
    if inputs.ndim < 2 or len(inputs) != len(labels) or not len(labels):
        raise UserError(f"{where}: x, of shape {inputs.shape}, should hold an input for each of {len(labels)} labels y")
    if inputs.dtype.kind not in "biuf":
        raise UserError(f"{where}: x, of type {inputs.dtype}, should hold finite numbers")
    chosen = np.arange(len(labels))
    if limit < len(labels):
        chosen = np.sort(np.random.default_rng(seed).choice(len(labels), limit, replace=False))
    if not np.isfinite(inputs[chosen]).all():
        raise UserError(f"{where}: x should hold finite numbers")
    return Examples(inputs[chosen], labels[chosen])


def _checked_labels(labels: np.ndarray, where: str) -> np.ndarray:
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.ndim == 1 and labels.dtype.kind in "iu":
        return labels
    advice = ""
    if labels.ndim == 2 and labels.dtype.kind in "biuf":
        advice = "; for one-hot labels save y.argmax(axis=1)"
    elif labels.ndim == 1 and labels.dtype.kind in "bf" and np.array_equal(labels, labels.astype(int)):
        advice = "; save y.astype(int)"
    raise UserError(
        f"{where}: y, {labels.dtype} of shape {labels.shape}, should be integer labels of shape (n,){advice}"
    )


def _read_arrays(path: Path, where: str) -> dict[str, np.ndarray]:
    # An absent file is an error of the file system, which names the file.
    with path.open("rb") as file:
        start = file.read(6)
    if start == b"\x93NUMPY":
        raise UserError(f"{where}: is a single array; it should be an npz file of numbers, {WRITTEN}")
    if not zipfile.is_zipfile(path):
        found = "" if start else "is empty; it "
        raise UserError(f"{where}: {found}should be an npz file of numbers, {WRITTEN}")
    try:
        with np.load(path, allow_pickle=False) as file, np.errstate(all="ignore"):
            return {name: file[name] for name in ("x", "y") if name in file.files}
    except Exception as error:
        raise UserError(f"{where}: should be an npz file of numbers, {WRITTEN} ({reason(error)})") from error
