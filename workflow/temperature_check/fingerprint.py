"""The code that a stage runs, as a hash that comments, docstrings and formatting do not change."""

from __future__ import annotations

import ast
import hashlib
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

PACKAGE = "temperature_check"
BLOCKS = ("body", "orelse", "finalbody")


def fingerprint(*modules: str, root: Path = Path(__file__).parent) -> str:
    """SHA-256 over the syntax trees of `modules` and of all that they import inside the package, wherever in the file.

    Imports for type checking alone do not run and do not count.

    root: the directory of the package `temperature_check`.
    """
    sources = _sources(modules, root)
    joined = "\0".join(f"{name}\0{sources[name].code}" for name in sorted(sources))
    return hashlib.sha256(joined.encode()).hexdigest()[:16]


def training_fingerprint(backend: str, engine: str) -> str:
    """Fingerprint of the code that determines a run's numbers with a Keras backend and an engine, by their modules."""
    return fingerprint(f"training.{engine}", f"training.{backend}")


@dataclass(frozen=True)
class _Source:
    """code: without comments, docstrings and formatting. imports: the statements that run, wherever they stand."""

    code: str
    imports: tuple[ast.Import | ast.ImportFrom, ...]


def _sources(modules: tuple[str, ...], root: Path) -> dict[str, _Source]:
    found, waiting = {}, [f"{PACKAGE}.{module}" for module in modules]
    while waiting:
        name = waiting.pop()
        if name not in found and (path := _path(name, root)):
            found[name] = _parsed(path.read_text(encoding="utf-8"))
            imported = (_imported(node, name, path.name == "__init__.py") for node in found[name].imports)
            waiting += [name.rpartition(".")[0], *itertools.chain(*imported)]
    return found


@cache
def _path(name: str, root: Path) -> Path | None:
    stem = root.joinpath(*name.split(".")[1:])
    candidates = (stem / "__init__.py", stem.with_suffix(".py"))
    return next((path for path in candidates if name.startswith(PACKAGE) and path.is_file()), None)


def _imported(node: ast.Import | ast.ImportFrom, name: str, is_package: bool) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    base = _absolute(node, name, is_package)
    return [base, *(f"{base}.{alias.name}" for alias in node.names)]


def _absolute(node: ast.ImportFrom, name: str, is_package: bool) -> str:
    if not node.level:
        return node.module or ""
    parts = name.split(".") + ["__init__"] * is_package
    return ".".join(parts[: -node.level] + [node.module] * bool(node.module))


@cache
def _parsed(text: str) -> _Source:
    tree = ast.parse(text)
    statements = list(_running_statements(tree))
    for node in (tree, *statements):
        for field in BLOCKS:
            if block := getattr(node, field, None):
                setattr(node, field, [line for line in block if not _is_docstring(line)])
    imports = (node for node in statements if isinstance(node, ast.Import | ast.ImportFrom))
    return _Source(ast.unparse(tree), tuple(imports))


def _running_statements(node: ast.AST) -> Iterator[ast.AST]:
    """Those below `node`, at any depth, but for those that are for type checking alone."""
    for child in itertools.chain(*(getattr(node, field, ()) for field in (*BLOCKS, "handlers", "cases"))):
        if not (isinstance(child, ast.If) and ast.unparse(child.test).endswith("TYPE_CHECKING")):
            yield child
            yield from _running_statements(child)


def _is_docstring(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
