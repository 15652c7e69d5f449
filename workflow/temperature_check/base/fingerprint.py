"""Fingerprints of code, which do not change with comments, docstrings, type annotations and formatting."""

from __future__ import annotations

import ast
import hashlib
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

PACKAGE = "temperature_check"
ROOT = Path(__file__).parents[1]
DETERMINES_NOTHING = (PACKAGE, f"{PACKAGE}.base.errors", f"{PACKAGE}.data.unreadable")
"""Modules that no fingerprint covers, because they determine no numbers: the public names and the errors."""


def fingerprint(*modules: str, root: Path = ROOT) -> str:
    """SHA-256 over the code of `modules` and of everything that they import inside the package; see `closure`."""
    parts = closure(*modules, root=root)
    return _sha("\0".join(f"{name}\0{code}" for name, code in sorted(parts.items())))


def closure(*modules: str, root: Path = ROOT) -> dict[str, str]:
    """Hashes of the code of `modules` and of everything that they import, by module name below the package.

    Every import statement counts, except those for type checking only. A module that is imported by a name from the
    settings is not found, so the caller has to pass it in `modules`.

    root: the directory of the package `temperature_check`.
    """
    found: dict[str, _Source] = {}
    waiting = [f"{PACKAGE}.{module}" for module in modules]
    while waiting:
        name = waiting.pop()
        if name in DETERMINES_NOTHING or name in found or not (path := _path(name, root)):
            continue
        found[name] = _source(name, path, path.stat().st_mtime_ns)
        waiting += [name.rpartition(".")[0], *found[name].imports]
    return {name.removeprefix(f"{PACKAGE}."): source.hash for name, source in found.items() if not source.empty}


@dataclass(frozen=True)
class _Source:
    """hash: hash of the code that runs. empty: whether no code runs. imports: names in the package that it imports."""

    hash: str
    empty: bool
    imports: tuple[str, ...]


@cache
def _source(name: str, path: Path, modified: int) -> _Source:
    tree = _Running().visit(ast.parse(path.read_text(encoding="utf-8")))
    statements = (node for node in _statements(tree) if isinstance(node, ast.Import | ast.ImportFrom))
    imported = itertools.chain(*(_imported(node, name, path.name == "__init__.py") for node in statements))
    code = ast.unparse(tree)
    return _Source(_sha(code), not code, tuple(other for other in imported if other.partition(".")[0] == PACKAGE))


# Planning asks for the same few hundred names thousands of times.
@cache
def _path(name: str, root: Path) -> Path | None:
    stem = root.joinpath(*name.split(".")[1:])
    return next((path for path in (stem / "__init__.py", stem.with_suffix(".py")) if path.is_file()), None)


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


BLOCKS = ("body", "orelse", "finalbody", "handlers", "cases")


def _statements(node: ast.AST) -> Iterator[ast.AST]:
    """Every statement below `node`, at any depth."""
    for child in itertools.chain(*(getattr(node, field, ()) for field in BLOCKS)):
        yield child
        yield from _statements(child)


class _Running(ast.NodeTransformer):
    """Removes docstrings, blocks for type checking only, and annotations of functions and variables."""

    def visit(self, node: ast.AST) -> ast.AST | list | None:
        if isinstance(node, ast.expr):
            return node
        for field in BLOCKS:
            if isinstance(block := getattr(node, field, None), list):
                setattr(node, field, [line for line in block if not _is_text(line)])
        return super().visit(node)

    def visit_If(self, node: ast.If) -> ast.AST | list | None:
        self.generic_visit(node)
        return node.orelse if ast.unparse(node.test).endswith("TYPE_CHECKING") else node

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> ast.AST:
        node.returns = None
        arguments = node.args
        every = (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg)
        for argument in filter(None, every):
            argument.annotation = None
        return self.generic_visit(node)

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        node.body = list(itertools.chain(*map(self._visited_in_class, node.body)))
        return node

    def _visited_in_class(self, line: ast.AST) -> list[ast.AST]:
        # Annotations define the fields of a dataclass, so they are kept.
        found = line if isinstance(line, ast.AnnAssign) else self.visit(line)
        return found if isinstance(found, list) else [found] if found else []

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST | None:
        return node.value and ast.copy_location(ast.Assign([node.target], node.value), node)


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
