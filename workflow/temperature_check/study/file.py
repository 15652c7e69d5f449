"""Checking and writing of study files. Each error of a file is one line that says what is wrong with it."""

from __future__ import annotations

from pathlib import Path

import yaml
from pydantic import ValidationError

from temperature_check.base.errors import UserError
from temperature_check.base.files import write_text
from temperature_check.study.explain import explain
from temperature_check.study.read import read_settings
from temperature_check.study.study import VERSION, Study

MOST_ERRORS = 20


def write_study(study: Study, path: Path) -> None:
    """Write a study with all defaults as YAML, atomically. `load_study` reads it back."""
    text = yaml.safe_dump(study.model_dump(mode="json"), sort_keys=False, allow_unicode=True)
    write_text(path, text)


def study_schema() -> dict:
    """The JSON schema of study files."""
    return Study.model_json_schema()


def load_study(path: Path | str) -> Study:
    """Read and check a study file. Raises UserError, which names each wrong key, its value and what would be right."""
    return check_study(read_settings(Path(path)), str(path))


def check_study(settings: object, source: str) -> Study:
    """Check settings and return their study. Raises UserError, which names `source`, if they are wrong."""
    if not isinstance(settings, dict):
        raise UserError(f"{source}: should be a mapping of settings, starting with `study: NAME`")
    if (version := settings.get("version", VERSION)) != VERSION:
        raise UserError(f"{source}: version = {version!r}: should be {VERSION}, the version of studies read here")
    try:
        return Study.model_validate(settings, context={})
    except ValidationError as error:
        lines = [f"{source}: {line}" for line in explain(error, settings)]
        more = [f"{source}: and {len(lines) - MOST_ERRORS} more errors"] if len(lines) > MOST_ERRORS else []
        raise UserError(*lines[:MOST_ERRORS], *more) from None
