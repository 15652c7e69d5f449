"""Reading and writing of study files. An error says in one line what is wrong with a file."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from pathlib import Path

import yaml
from pydantic import ValidationError

from temperature_check.base.errors import UserError, one_line
from temperature_check.base.files import write_text
from temperature_check.study.study import VERSION, Study
from temperature_check.study.types import Settings

LONGEST_VALUE = 80
MESSAGES = {
    "missing": "missing",
    "tuple_type": "should be a list",
    "string_type": "should be text, in quotes",
    "too_short": "should hold at least {min_length} value",
    "dict_type": "should be a mapping",
    "model_type": "should be a mapping",
    "model_attributes_type": "should be a mapping",
    "union_tag_invalid": "{discriminator} {tag!r} should be one of {expected_tags}",
    "union_tag_not_found": "should name its {discriminator}",
}


def write_study(study: Study, path: Path) -> None:
    """Write a study with all defaults as YAML, atomically. `load_study` reads it back."""
    text = yaml.safe_dump(study.model_dump(mode="json"), sort_keys=False, allow_unicode=True)
    write_text(path, text)


def study_schema() -> dict:
    """The JSON schema of study files."""
    return Study.model_json_schema()


def load_study(path: Path | str) -> Study:
    """Read and check a study file. Raises UserError, which names a key, its value and what would be right."""
    return check_study(read_settings(Path(path)), str(path))


def read_settings(path: Path) -> object:
    """Read a study file without checking it. Raises UserError if it cannot be read."""
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8 text"
        raise UserError(f"{path}: cannot be read as a study file ({reason})") from error
    except yaml.YAMLError as error:
        raise UserError(f"{path}: not valid YAML ({one_line(error)})") from error


def check_study(settings: object, source: str) -> Study:
    """Check parsed settings and return their study. Raises UserError, which names `source`, if they are wrong."""
    if not isinstance(settings, dict):
        raise UserError(f"{source}: should be a mapping of settings, starting with `study: NAME`")
    if (version := settings.get("version", VERSION)) != VERSION:
        raise UserError(f"{source}: version = {version!r}: should be {VERSION}, the version of studies read here")
    try:
        return Study.model_validate(settings)
    except ValidationError as error:
        raise UserError(f"{source}: {_explain(error, settings)}") from None


def _explain(error: ValidationError, settings: dict) -> str:
    # If a required key is misspelled, it is also missing. The misspelling says more, so it comes first.
    problems = sorted(error.errors(include_url=False), key=lambda problem: problem["type"] != "extra_forbidden")
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    return _explain_one(problems[0], settings) + more


def _explain_one(problem: dict, settings: dict) -> str:
    where = _location(problem["loc"], settings)
    message = _message(problem)
    if not where or isinstance(problem["input"], dict) or problem["type"] in ("missing", "extra_forbidden"):
        return f"{where}: {message}".removeprefix(": ")
    return f"{where} = {_shortened(problem['input'])}: {message}"


def _message(problem: dict) -> str:
    if problem["type"] == "extra_forbidden":
        return f"unknown key{_suggestion(problem['loc'])}"
    if problem["type"] in MESSAGES:
        context = problem.get("ctx", {})
        # Pydantic puts the discriminator of a union in quotes.
        discriminator = context.get("discriminator", "").strip("'")
        return MESSAGES[problem["type"]].format(**context | {"discriminator": discriminator})
    return problem["msg"].removeprefix("Value error, ").replace("Input should", "should")


def _shortened(value: object) -> str:
    text = repr(value)
    return text if len(text) <= LONGEST_VALUE else text[: LONGEST_VALUE - 3] + "..."


def _location(location: tuple, settings: object) -> str:
    text = ""
    for index, part in enumerate(location):
        if isinstance(settings, dict) and (part in settings or index == len(location) - 1) and part != "[key]":
            text, settings = f"{text}.{part}", settings.get(part)
        elif isinstance(settings, list) and isinstance(part, int):
            text, settings = f"{text}[{part}]", settings[part]
    return text.removeprefix(".")


def _suggestion(location: tuple) -> str:
    known = {field for model in _descendants(Settings) for field in model.model_fields}
    close = difflib.get_close_matches(str(location[-1]), sorted(known), n=1, cutoff=0.75)
    return f"; did you mean {close[0]}?" if close else ""


def _descendants(parent: type) -> Iterator[type]:
    for child in parent.__subclasses__():
        yield child
        yield from _descendants(child)
