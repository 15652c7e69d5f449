"""Code that runs around the first import of a library, whoever imports it."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from importlib.abc import MetaPathFinder


def around_import(library: str, context: Callable[[], AbstractContextManager]) -> None:
    """Let the library be imported inside of a context, when it is first imported."""
    if library not in sys.modules:
        sys.meta_path.insert(0, _Finder(library, context))


class _Finder(MetaPathFinder):
    """Finds one library as ever, and lets its loader run inside of a context."""

    def __init__(self, library: str, context: Callable[[], AbstractContextManager]):
        self._library, self._context = library, context

    def find_spec(self, name: str, path=None, target=None):
        if name != self._library:
            return None
        sys.meta_path.remove(self)
        try:
            spec = importlib.util.find_spec(name)
        finally:
            # Who only asks whether the library is installed does not import it.
            sys.meta_path.insert(0, self)
        if spec:
            self._wrap(spec.loader)
        return spec

    def _wrap(self, loader) -> None:
        import_it = loader.exec_module

        def exec_module(module) -> None:
            loader.exec_module = import_it
            with self._context():
                import_it(module)

        loader.exec_module = exec_module
