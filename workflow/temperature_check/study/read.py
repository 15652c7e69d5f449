"""Reads study files as mappings: YAML in which each key is there once, and in which null takes a key away."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import yaml

from temperature_check.base.errors import UserError, one_line

MERGE = "tag:yaml.org,2002:merge"
NULLS = ("null", "~")
"""How null is written in a value of `--config`, whose values Snakemake reads as text."""


def read_settings(*paths: Path) -> object:
    """The settings of study files, unchecked. Later files change single keys of earlier ones.

    Raises UserError if a file cannot be read, is not YAML, or has a key twice in one mapping.
    """
    first, *others = map(_read, paths)
    for path, other in zip(paths[1:], others):
        first = changed(first, _mapping(other, path))
    return first


def _mapping(settings: object, path: Path) -> Mapping:
    if not isinstance(settings, dict):
        raise UserError(f"{path}: should be a mapping of settings")
    return settings


def changed(settings: object, changes: Mapping) -> object:
    """The settings with the values in `changes`, at any depth. A change to null takes its key away."""
    if not isinstance(settings, dict):
        return settings
    result = dict(settings)
    for key, value in changes.items():
        if value is None or value in NULLS:
            result.pop(key, None)
        else:
            known = result.get(key) if isinstance(result.get(key), dict) else {}
            result[key] = changed(known, value) if isinstance(value, Mapping) else value
    return result


def without_nulls(settings: object) -> object:
    """The settings without the keys whose value is null, at any depth, so that null means: as if it were not there."""
    if not isinstance(settings, dict):
        return settings
    return {key: without_nulls(value) for key, value in settings.items() if value is not None}


def _read(path: Path) -> object:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8 text"
        raise UserError(f"{path}: cannot be read as a study file ({reason})") from error
    try:
        return _parsed(text, path)
    except (yaml.YAMLError, ValueError) as error:
        raise UserError(f"{path}: not valid YAML ({one_line(error)})") from error
    except RecursionError as error:
        raise UserError(f"{path}: not a study file: its values are nested too deeply, or contain themselves") from error


def _parsed(text: str, path: Path) -> object:
    loader = yaml.SafeLoader(text)
    try:
        if (node := loader.get_single_node()) is None:
            return None
        if repeated := list(_repeated(node, "", set())):
            raise UserError(*(f"{path}: {line}" for line in repeated))
        return without_nulls(loader.construct_document(node))
    finally:
        loader.dispose()


def _repeated(node: yaml.Node, where: str, seen: set[int]) -> Iterator[str]:
    """One line for each key that a mapping has twice. An alias is looked at once."""
    if id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        for place, item in enumerate(node.value):
            yield from _repeated(item, f"{where}[{place}]", seen)
    elif isinstance(node, yaml.MappingNode):
        yield from _repeated_here(node, where)
        for key, value in node.value:
            yield from _repeated(value, f"{where}.{key.value}".removeprefix("."), seen)


def _repeated_here(node: yaml.MappingNode, where: str) -> Iterator[str]:
    lines: dict[tuple, list[int]] = {}
    for key, _ in node.value:
        if isinstance(key, yaml.ScalarNode) and key.tag != MERGE:
            lines.setdefault((key.tag, key.value), []).append(key.start_mark.line + 1)
    for (_, key), places in lines.items():
        if len(places) > 1:
            name = f"{where}.{key}".removeprefix(".")
            yield f"{name}: there are {len(places)}, in lines {_listed(places)}; give each key once, or another name"


def _listed(places: Sequence[int]) -> str:
    return f"{', '.join(map(str, places[:-1]))} and {places[-1]}"
