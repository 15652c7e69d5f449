"""What a checkout remembers of its studies: the file of each, which one `figures/` shows, and who uses the store.

Snakemake's rules call these functions before the first job and when it starts.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from temperature_check.base.errors import UserError
from temperature_check.base.files import write_text
from temperature_check.base.formats import FIGURE_FORMATS
from temperature_check.base.paths import FIGURE_COPY, STORE, StudyPaths
from temperature_check.runs.store import Store
from temperature_check.runs.users import register
from temperature_check.study.figures import FIGURES, RENAMED
from temperature_check.study.file import load_study
from temperature_check.study.read import read_settings
from temperature_check.study.study import Study

SHOWN = Path(FIGURE_COPY).parent / "study.txt"
"""The name of the study whose figures are in the folder."""


def refuse_other_files(study: Study, files: Sequence[Path]) -> None:
    """Raise UserError if other files that still have this study's name made its results, which this one would replace.

    A file that is moved, deleted or given another name gives its results up.
    """
    made_by = _files_of(study)
    if not made_by or made_by == _named(files) or _is_copy(study, files) or _name(made_by) != study.study:
        return
    folder, other = StudyPaths(study.study).root, ", ".join(made_by)
    raise UserError(
        f"{files[0]}: study = {study.study!r}: {folder} has the results of {other}, a study of the same name; give one"
        " of the two another name"
    )


def remember(study: Study, files: Sequence[Path], store: Path = STORE) -> None:
    """Write which files a study was read from, and in the store that the study uses it."""
    if not _is_copy(study, files):
        write_text(_record(study), json.dumps(_named(files)) + "\n")
    register(Store(store), Path(StudyPaths(study.study).root))


def show(study: Study) -> None:
    """Take the copies of another study's figures out of `figures/`, so that the folder never shows two studies."""
    if not SHOWN.exists() or SHOWN.read_text(encoding="utf-8").strip() != study.study:
        for path in _copies():
            path.unlink(missing_ok=True)
        write_text(SHOWN, f"{study.study}\n")


def changed_since(study: Study) -> str | None:
    """A warning if a study is another one than when its results were made; None if it is the same, or has none."""
    last = Path(StudyPaths(study.study).config)
    if not last.exists():
        return None
    try:
        same = load_study(last) == study
    except UserError:
        same = False
    return None if same else f"the study has changed since its results were made, from {last}; make them again first"


def _copies() -> Iterable[Path]:
    names = (*FIGURES, *RENAMED)
    return (Path(f"{FIGURE_COPY.format(figure=name)}.{extension}") for name in names for extension in FIGURE_FORMATS)


def _record(study: Study) -> Path:
    return Path(StudyPaths(study.study).root, "study_files.json")


def _named(files: Iterable[Path]) -> list[str]:
    """The paths of files, relative if they are in the checkout, so that a checkout may be moved and copied."""
    here, found = Path.cwd().resolve(), [Path(file).resolve() for file in files]
    return [str(file.relative_to(here) if file.is_relative_to(here) else file) for file in found]


def _is_copy(study: Study, files: Sequence[Path]) -> bool:
    """Whether the study is read from the file that the workflow itself wrote into its results."""
    return _named(files) == _named([Path(StudyPaths(study.study).config)])


def _files_of(study: Study) -> list[str]:
    try:
        return list(map(str, json.loads(_record(study).read_text(encoding="utf-8"))))
    except (OSError, ValueError, TypeError):
        return []


def _name(files: Iterable[str]) -> object:
    """The name of the study in files; None if they can no longer be read."""
    try:
        settings = read_settings(*map(Path, files))
    except UserError:
        return None
    return settings.get("study") if isinstance(settings, dict) else None
