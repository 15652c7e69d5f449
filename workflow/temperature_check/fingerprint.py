"""The code that a stage runs, as a hash that comments, docstrings and formatting do not change."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

PACKAGE = "temperature_check"


def fingerprint(*modules: str, root: Path = Path(__file__).parent) -> str:
    """SHA-256 over the syntax trees of `modules` and of all that they import inside the package, wherever in the file.

    Imports for type checking alone do not run and do not count.

    root: the directory of the package `temperature_check`.
    """
    texts = {name: _normalized(_text(_source(name, root))) for name in sorted(_closure(modules, root))}
    joined = "\0".join(f"{name}\0{text}" for name, text in texts.items())
    return hashlib.sha256(joined.encode()).hexdigest()[:16]


def training_fingerprint(backend: str, engine: str) -> str:
    """Fingerprint of the code that determines a run's numbers with a Keras backend and an engine, by their modules."""
    return fingerprint(f"training.{engine}", f"training.{backend}")


def _closure(modules: tuple[str, ...], root: Path) -> set[str]:
    found, waiting = set(), [f"{PACKAGE}.{module}" for module in modules]
    while waiting:
        name = waiting.pop()
        if name not in found and _source(name, root):
            found.add(name)
            path = _source(name, root)
            waiting += [name.rpartition(".")[0], *_imports(_text(path), name, path.name == "__init__.py")]
    return found


@cache
def _source(name: str, root: Path) -> Path | None:
    stem = root.joinpath(*name.split(".")[1:])
    candidates = (stem / "__init__.py", stem.with_suffix(".py"))
    return next((path for path in candidates if name.startswith(PACKAGE) and path.is_file()), None)


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@cache
def _imports(text: str, name: str, is_package: bool) -> tuple[str, ...]:
    found = []
    for node in _running_nodes(ast.parse(text)):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(node, name, is_package)
            found += [base, *(f"{base}.{alias.name}" for alias in node.names)]
    return tuple(found)


def _absolute(node: ast.ImportFrom, name: str, is_package: bool) -> str:
    if not node.level:
        return node.module or ""
    parts = name.split(".") + ["__init__"] * is_package
    return ".".join(parts[: -node.level] + [node.module] * bool(node.module))


def _running_nodes(node: ast.AST) -> Iterator[ast.AST]:
    yield node
    for child in ast.iter_child_nodes(node):
        if not (isinstance(child, ast.If) and ast.unparse(child.test).endswith("TYPE_CHECKING")):
            yield from _running_nodes(child)


@cache
def _normalized(text: str) -> str:
    tree = ast.parse(text)
    for node in ast.walk(tree):
        for field in ("body", "orelse", "finalbody"):
            block = getattr(node, field, None)
            if isinstance(block, list):
                setattr(node, field, [line for line in block if not _is_docstring(line)])
    return ast.unparse(tree)


def _is_docstring(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
