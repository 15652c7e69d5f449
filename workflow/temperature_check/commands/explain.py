"""Command `runs KEY`: what the key of a run is made of, and why two keys differ."""

from __future__ import annotations

import json

from temperature_check.base.errors import UserError
from temperature_check.commands.planned import planned_runs
from temperature_check.runs.key import differences, key_of
from temperature_check.runs.store import Store
from temperature_check.study.study import Study

SHORT = 12


def explain(study: Study, store: Store, starts: list[str]) -> str:
    """What a key is made of and how the study's run of the same values differs, or the differences of two keys.

    starts: the first digits of keys of stored runs, or of runs that the study plans. Raises UserError if they fit no
    key, or several.
    """
    if len(starts) > 2:
        raise UserError(f"{len(starts)} keys: should be one, to see what it is made of, or two, to compare them")
    planned = {trainer.key(run): trainer.made_of(run) for trainer, run in planned_runs(study, store)}
    found = [_find(start, store, planned) for start in starts]
    if len(found) == 2:
        return _compared(*found, store, planned)
    parts = _parts(found[0], store, planned)
    return "\n".join([json.dumps(parts, indent=2, ensure_ascii=False), "", _beside_others(found[0], store, planned)])


def _find(start: str, store: Store, planned: dict[str, dict]) -> str:
    found = {*store.list_keys(start), *(key for key in planned if key.startswith(start))}
    if len(found) != 1:
        raise UserError(
            f"{len(found)} runs of the study and of the store have a key that starts with {start!r}, one should;"
            " `temperature-check runs` prints keys"
        )
    return found.pop()


def _parts(key: str, store: Store, planned: dict[str, dict]) -> dict:
    if key in planned:
        return planned[key]
    parts = store.facts(key)["made_of"]
    if key_of(parts) != key:
        raise UserError(f"{store.path(key)}: its name is not the key of what it holds; delete it")
    return parts


def _run(key: str, store: Store) -> dict | None:
    """The values of a stored run; None if its file is damaged or of another version."""
    try:
        return store.facts(key)["made_of"]["run"]
    except UserError:
        return None


def _beside_others(key: str, store: Store, planned: dict[str, dict]) -> str:
    parts = _parts(key, store, planned)
    if key in planned and store.path(key).exists():
        return f"{key[:SHORT]} is a run of the study, and is in the store."
    if key in planned:
        others = (other for other in store.list_keys() if _run(other, store) == parts["run"])
        state = f"{key[:SHORT]} is a run of the study, and is not in the store"
    else:
        others = (other for other, of_other in planned.items() if of_other["run"] == parts["run"])
        state = f"{key[:SHORT]} is in the store, and is no run of the study as it is now"
    nearest = min(others, key=lambda other: len(differences(_parts(other, store, planned), parts)), default=None)
    if nearest is None:
        return f"{state}. No other run has its β, ‖Z0‖, rate, seed and phase."
    pair = (key, nearest) if key not in planned else (nearest, key)
    return f"{state}.\n{_compared(*pair, store, planned)}"


def _compared(first: str, second: str, store: Store, planned: dict[str, dict]) -> str:
    lines = differences(*(_parts(key, store, planned) for key in (first, second)))
    return "\n".join([f"{first[:SHORT]} -> {second[:SHORT]}:", *(lines or ["no difference"])])
