"""Which finished runs no study needs any more."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from temperature_check.paths import shard_files, study_paths
from temperature_check.planned import planned_runs
from temperature_check.runs import WHOLE
from temperature_check.store import Store
from temperature_check.study import Study
from temperature_check.tables import read_shards, read_table


@dataclass(frozen=True)
class DiskUse:
    """Files of the store: all of them, and those that no study needs; sizes in bytes."""

    all: dict[Path, int]
    unneeded: dict[Path, int]

    def text(self) -> str:
        """Both counts and sizes in a line each."""
        lines = ((len(files), sum(files.values()) / 1e6) for files in (self.all, self.unneeded))
        return "\n".join(
            f"{count:,} files, {size:,.1f} MB {what}"
            for (count, size), what in zip(lines, ("in the store", "that no study needs"))
        )


def disk_use(store: Store, studies: Iterable[Study]) -> DiskUse:
    """What the store holds, and what of it none of `studies` needs, files that an interrupted write left included."""
    keys = {key for study in studies for key in needed_keys(study, store)}
    needed = {store.path(key) for key in keys} | _checkpoints(store, keys)
    found = (path for pattern in ("*/*", "checkpoints/*/*") for path in store.root.glob(pattern))
    files = {path: path.stat().st_size for path in sorted(found) if path.is_file()}
    return DiskUse(files, {path: size for path, size in files.items() if path not in needed})


def _checkpoints(store: Store, keys: set[str]) -> set[Path]:
    """Checkpoints of those runs that are not finished."""
    unfinished = (key for key in keys if not store.path(key).exists())
    return {path for key in unfinished for path in store.checkpoints(key).glob("*.npz")}


def needed_keys(study: Study, store: Store) -> Iterator[str]:
    """Keys of the runs that a study's settings ask for, and of those that its tables of runs and bisections cite.

    The tables keep the runs of older code or settings, until they are made again. Raises UserError where a data set is
    not prepared, for then the keys cannot be known.
    """
    yield from (trainer.key(run) for trainer, run in planned_runs(study, store))
    table = Path(study_paths(study.study).runs)
    if table.exists():
        yield from read_table(table)["key"]
    bisections = (shard_files(study.study, task, "bisection", [WHOLE])[0] for task in study.early_tasks())
    for shard in filter(Path.exists, bisections):
        yield from read_shards([shard])["key"]
