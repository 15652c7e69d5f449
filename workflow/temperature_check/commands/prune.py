"""Command `prune`: the files of the store that no study needs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from temperature_check.base.paths import StudyPaths
from temperature_check.base.tables import read_shards, read_table
from temperature_check.commands.planned import planned_runs
from temperature_check.runs.store import Store
from temperature_check.study.study import Study


@dataclass(frozen=True)
class DiskUse:
    """All files of the store, and those that no study needs, with their sizes in bytes."""

    all: dict[Path, int]
    unneeded: dict[Path, int]

    def text(self) -> str:
        """The number and the size of both, one line each."""
        lines = ((len(files), sum(files.values()) / 1e6) for files in (self.all, self.unneeded))
        return "\n".join(
            f"{count:,} files, {size:,.1f} MB {what}"
            for (count, size), what in zip(lines, ("in the store", "that no study needs"))
        )


def disk_use(store: Store, studies: Iterable[Study]) -> DiskUse:
    """All files of the store, and those that no study needs, such as leftovers of interrupted writes."""
    keys = {key for study in studies for key in needed_keys(study, store)}
    needed = {store.path(key) for key in keys} | _checkpoints(store, keys)
    found = (path for pattern in ("*/*", "checkpoints/*/*") for path in store.root.glob(pattern))
    files = {path: path.stat().st_size for path in sorted(found) if path.is_file()}
    return DiskUse(files, {path: size for path, size in files.items() if path not in needed})


def _checkpoints(store: Store, keys: set[str]) -> set[Path]:
    """Checkpoints of unfinished runs among `keys`."""
    unfinished = (key for key in keys if not store.path(key).exists())
    return {path for key in unfinished for path in store.checkpoints(key).glob("*.npz")}


def needed_keys(study: Study, store: Store) -> Iterator[str]:
    """Keys of the runs that a study plans, and of the runs in its tables of runs and of shards.

    The tables have runs of older code or settings until they are made again. Raises UserError if a data set is not
    prepared, because then the keys cannot be known.
    """
    yield from (trainer.key(run) for trainer, run in planned_runs(study, store))
    paths = StudyPaths(study.study)
    table = Path(paths.runs)
    if table.exists():
        yield from read_table(table)["key"]
    for phase in study.phases():
        shards = paths.shards(phase.task_name, phase.name, phase.shards())
        for shard in filter(Path.exists, shards):
            yield from read_shards([shard])["key"]
