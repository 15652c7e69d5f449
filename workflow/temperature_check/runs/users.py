"""The studies that use a store, which several checkouts may share.

Each study that trains is registered in the store by the folder of its results.
"""

from __future__ import annotations

import json
from pathlib import Path

from temperature_check.base.digest import digest
from temperature_check.base.errors import UserError
from temperature_check.base.files import write_text
from temperature_check.runs.store import Store

REGISTER = "studies"
"""The folder of the register inside the store."""


def register(store: Store, results: Path) -> None:
    """Note that the study whose results are in the folder `results` uses the store."""
    entry = _entry(store, results)
    if not entry.exists():
        places = {"results": str(results.resolve()), "store": str(store.root.resolve())}
        write_text(entry, json.dumps(places) + "\n")


def forget(store: Store, results: Path) -> None:
    """Take a study out of the register."""
    _entry(store, results).unlink(missing_ok=True)


def registered(store: Store) -> list[Path]:
    """The folders of the results of all studies that are known to use the store. Some may be gone.

    They are those of the register and those beside the store. A study whose own store is another folder does not use
    this one, which is a copy of it. Raises UserError if an entry is damaged.
    """
    entries = map(_read, (store.root / REGISTER).glob("*.json"))
    found = {Path(entry["results"]) for entry in entries if _is_at(store, Path(entry["store"]))}
    return sorted(found | {config.parent for config in store.root.resolve().parent.glob("*/config.yaml")})


def _is_at(store: Store, place: Path) -> bool:
    return not place.exists() or place.samefile(store.root)


def _entry(store: Store, results: Path) -> Path:
    return store.root / REGISTER / f"{digest(str(results.resolve()), length=16)}.json"


def _read(path: Path) -> dict[str, str]:
    try:
        entry = json.loads(path.read_text(encoding="utf-8"))
        return {name: entry[name] for name in ("results", "store")}
    except (ValueError, TypeError, KeyError) as error:
        raise UserError(f"{path}: damaged; run the study that it is of once more, or delete it") from error
