"""Finds the Python file or module that `--model` names, and says what to type if it names none."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from temperature_check.base.errors import UserError

SAVED = (".keras", ".h5", ".hdf5", ".tflite", ".onnx", ".pt", ".pth", ".pb", ".ckpt")
FUNCTION = "FUNCTION"


@dataclass(frozen=True)
class Reference:
    """What `--model` names. file: the module's file, if it is named by its path or shadows another module."""

    text: str
    module: str
    name: str
    file: Path | None

    def load(self) -> ModuleType:
        """Import the module."""
        if not self.file:
            sys.path.insert(0, str(Path.cwd()))
            return importlib.import_module(self.module)
        return _load_file(self.file)

    @property
    def program(self) -> str:
        """What `sys.argv[0]` would be if the module were the program."""
        return str(self.file or self.module)


def find(text: str) -> Reference:
    """The module and the name in `module:function`, `file.py:function` or `folder/file:function`.

    Raises UserError with what to type for any other form.
    """
    module, _, name = text.rpartition(":") if ":" in text else (text, "", "")
    name = name.strip().removesuffix("()")
    if not module or not name or Path(module).suffix in (*SAVED, ".ipynb"):
        raise UserError(f"--model {text}: {_advice(text, module)}")
    path = Path(module).expanduser()
    if path.suffix == ".py" or "/" in module:
        path = path if path.suffix == ".py" else path.with_name(f"{path.name}.py")
        if not path.is_file():
            raise UserError(f"--model {text}: there is no file {path}{_likely(path)}")
        return Reference(text, module, name, path.absolute())
    shadowing = Path(f"{module}.py")
    hides = shadowing.is_file() and (module in sys.stdlib_module_names or _is_elsewhere(module, shadowing))
    return Reference(text, module, name, shadowing.absolute() if hides else None)


def models_in(file: Path) -> list[str]:
    """The functions of a file that can be called without arguments, from its text. Functions `_name` are left out."""
    try:
        lines = ast.parse(file.read_text(encoding="utf-8")).body
    except (OSError, SyntaxError, ValueError):
        return []
    functions = [line for line in lines if isinstance(line, ast.FunctionDef) and not line.name.startswith("_")]
    return [line.name for line in functions if len(line.args.args) == len(line.args.defaults)]


def _advice(text: str, module: str) -> str:
    """What to type instead of a reference that has no function or is no Python file."""
    path = Path(module).expanduser()
    if path.suffix == ".ipynb":
        return f"is a notebook; save the function in a file such as {path.stem}.py and type {path.stem}.py:{FUNCTION}"
    if path.suffix in SAVED or path.is_dir():
        load = f'`def build(): import keras; return keras.saving.load_model("{module}")`'
        return f"should be a function; write {load} in a file mine.py and type --model mine.py:build"
    if path.suffix == ".py":
        return _typed(module, path)
    if Path(f"{module}.py").is_file():
        return _typed(module, Path(f"{module}.py"))
    folder, dot, name = module.rpartition(".")
    if dot and not text.endswith(":"):
        return f"should be module:function; type --model {folder}:{name}"
    named = module or "module"
    return f"should be module:function; type --model {named}:{FUNCTION}, with the function that returns the model"


def _typed(module: str, file: Path) -> str:
    if not file.is_file():
        return f"there is no file {file}; type --model FILE.py:{FUNCTION}"
    functions = models_in(file)
    choice = f" (it has {', '.join(functions)})" if len(functions) > 1 else ""
    return f"should be module:function; type --model {module}:{(functions or [FUNCTION])[0]}{choice}"


def _likely(path: Path) -> str:
    same = [other for other in path.parent.glob("*.py") if other.stem.lower() == path.stem.lower()]
    return f"; there is {same[0]}" if same else f" (the current folder is {Path.cwd()})"


def _is_elsewhere(module: str, file: Path) -> bool:
    """Whether a module of this name is loaded already and is not the file."""
    loaded = sys.modules.get(module)
    return loaded is not None and Path(getattr(loaded, "__file__", None) or "").absolute() != file.absolute()


def _load_file(file: Path) -> ModuleType:
    """Import a file. A file inside a package is imported as part of it, so that its relative imports work."""
    names, root = [file.stem], file.parent
    while (root / "__init__.py").is_file():
        names.insert(0, root.name)
        root = root.parent
    sys.path[:0] = list(dict.fromkeys((str(file.parent), str(root))))
    if len(names) > 1:
        found = importlib.import_module(".".join(names))
        if Path(found.__file__ or "").absolute() == file:
            return found
    taken = file.stem in sys.modules or file.stem in sys.stdlib_module_names
    specification = importlib.util.spec_from_file_location(f"_user_{file.stem}" if taken else file.stem, file)
    module = importlib.util.module_from_spec(specification)
    sys.modules[specification.name] = module
    specification.loader.exec_module(module)
    return module
