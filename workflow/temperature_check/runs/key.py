"""The key of a run: a digest of everything that determines its numbers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict

from temperature_check.base.digest import digest
from temperature_check.runs.run import Run

ABSENT = "absent"
NAMES = ("task", "length", "first", "second", "arm")
"""Values of a run that determine its numbers only by what they are names of, or not at all."""


def made_of(run: Run, training: dict, origin: dict) -> dict:
    """What the key of a run is made of, as JSON values.

    training: resolved settings, with the epochs of this run. origin: data, code, backend, versions and the like. The
    name of the task, the length in epochs of the task, and what a run is compared as, are left out, so that equal runs
    of different studies have one key. Values of None are left out as well, so that a new optional value does not change
    the keys of runs without it.
    """
    values = {name: value for name, value in asdict(run).items() if name not in NAMES and value is not None}
    return {"run": values, "training": training, **origin}


def key_of(parts: dict) -> str:
    """The key that is made of what `made_of` returned."""
    return digest(parts)


def differences(first: dict, second: dict) -> list[str]:
    """One line per value that differs between what two keys are made of: its name, the first value, the second.

    >>> differences({"run": {"seed": 1}, "threads": 1}, {"run": {"seed": 2}, "threads": 1})
    ['run.seed: 1 -> 2']
    """
    flat = [dict(_flat(parts)) for parts in (first, second)]
    names = sorted({*flat[0], *flat[1]})
    pairs = ((name, *(values.get(name, ABSENT) for values in flat)) for name in names)
    return [f"{name}: {before} -> {after}" for name, before, after in pairs if before != after]


def _flat(parts: dict, prefix: str = "") -> Iterator[tuple[str, object]]:
    for name, value in parts.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value
