"""Command `prune`: the files of the store that no study needs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from temperature_check.base.errors import UserError
from temperature_check.base.paths import StudyPaths
from temperature_check.base.tables import read_shards, read_table
from temperature_check.commands.planned import planned_runs
from temperature_check.runs.store import Store
from temperature_check.runs.users import REGISTER, forget, register, registered
from temperature_check.study.file import load_study
from temperature_check.study.study import Study


@dataclass
class Needed:
    """The keys of the runs that studies need, and what cannot be known of them.

    notes: what was found out, one line each. unknown: folders of results whose study may need runs that it does not
    list.
    """

    keys: set[str] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)
    unknown: list[Path] = field(default_factory=list)


@dataclass(frozen=True)
class DiskUse:
    """All files of the store, and those that no study needs, with their sizes in bytes."""

    all: dict[Path, int]
    unneeded: dict[Path, int]
    needed: Needed

    def text(self) -> str:
        """What cannot be known, and the number and the size of both, one line each."""
        lines = ((len(files), sum(files.values()) / 1e6) for files in (self.all, self.unneeded))
        sizes = (
            f"{count:,} files, {size:,.1f} MB {what}"
            for (count, size), what in zip(lines, ("in the store", "that no study needs"))
        )
        return "\n".join([*self.needed.notes, *sizes])

    def delete(self) -> None:
        """Delete the files that no study needs. Raises UserError if some study may need runs that are not known."""
        if unknown := self.needed.unknown:
            folders = ", ".join(map(str, unknown))
            options = " ".join(f"--forget {folder}" for folder in unknown)
            raise UserError(
                f"nothing is deleted, because not all runs that {folders} may need are known; finish these studies or,"
                f" if they are given up, add {options}"
            )
        for path in self.unneeded:
            path.unlink()


def disk_use(store: Store, files: Iterable[Path], forgotten: Iterable[Path] = ()) -> DiskUse:
    """All files of the store, and those that no known study needs, such as leftovers of interrupted writes.

    Known are the studies of `files`, and all that are registered in the store, those of other checkouts included. The
    studies of `files` are registered by this. forgotten: folders of results that are given up and leave the register.
    """
    for folder in forgotten:
        forget(store, folder)
    needed = Needed()
    known = _add_own(needed, store, files)
    _add_others(needed, store, known | {folder.resolve() for folder in forgotten})
    kept = {store.path(key) for key in needed.keys} | _checkpoints(store, needed.keys)
    found = (path for pattern in ("*/*", "checkpoints/*/*") for path in store.root.glob(pattern))
    found = (path for path in sorted(found) if path.is_file() and path.parent.name != REGISTER)
    sizes = {path: path.stat().st_size for path in found}
    return DiskUse(sizes, {path: size for path, size in sizes.items() if path not in kept}, needed)


def _add_own(needed: Needed, store: Store, files: Iterable[Path]) -> set[Path]:
    """Add the runs of study files, and return the folders of their results.

    Of a file that is no longer valid, the runs that its results list are needed.
    """
    folders = set()
    for file in files:
        study = None
        try:
            study = load_study(file)
            needed.keys |= {trainer.key(run) for trainer, run in planned_runs(study, store)}
        except UserError as error:
            needed.notes.append(f"{error.lines[0]}; the runs that its results list are kept")
            needed.unknown += [Path(StudyPaths(study.study).root)] if study else []
        folders.add(results := Path(StudyPaths(study.study).root) if study else file.parent)
        needed.keys |= listed_keys(results, study)
        if results.exists():
            register(store, results)
    return {folder.resolve() for folder in folders}


def _add_others(needed: Needed, store: Store, known: set[Path]) -> None:
    """Add the runs that the studies of other checkouts list. Their other code may give other keys to those planned."""
    here = Path("results").resolve()
    if not store.root.resolve().is_relative_to(here):
        needed.notes.append(
            f"{store.folder} is {store.root.resolve()}, which other checkouts may use; known are the studies that were"
            " started since the store has a register"
        )
    for results in set(registered(store)) - known:
        if not results.exists() and results.is_relative_to(here):
            needed.notes.append(f"{results} was removed: no run is kept for it")
            forget(store, results)
            continue
        study = _study_of(results)
        needed.keys |= listed_keys(results, study)
        if not study or not all(shard.exists() for shard in _shards(results, study)):
            reason = "is unfinished, or of another version" if results.exists() else "is not there"
            needed.notes.append(f"{results}, a study that uses this store, {reason}: its runs are not all known")
            needed.unknown.append(results)


def _study_of(results: Path) -> Study | None:
    try:
        return load_study(results / "config.yaml")
    except UserError:
        return None


def _shards(results: Path, study: Study) -> Iterator[Path]:
    paths = StudyPaths(study.study)
    for phase in study.phases():
        for shard in paths.shards(phase.task_name, phase.name, phase.shards()):
            yield results / shard.relative_to(paths.root)


def listed_keys(results: Path, study: Study | None) -> set[str]:
    """Keys of the runs in a study's tables of runs and of shards.

    They include runs of older code or settings, which are needed until the tables are made again. All shards count if
    the study is not known.
    """
    tables = [read_table(table) for table in results.glob("runs.parquet")]
    shards = _shards(results, study) if study else results.glob("shards/*/*/*.csv")
    tables += [read_shards([shard]) for shard in shards if shard.exists()]
    return {key for table in tables for key in table["key"]}


def _checkpoints(store: Store, keys: set[str]) -> set[Path]:
    """Checkpoints of unfinished runs among `keys`."""
    unfinished = (key for key in keys if not store.path(key).exists())
    return {path for key in unfinished for path in store.checkpoints(key).glob("*.npz")}
