"""The fingerprint follows imports and ignores what does not run."""

from __future__ import annotations

from pathlib import Path

import pytest

from temperature_check import fingerprint as module
from temperature_check.fingerprint import fingerprint

STAGE = '''"""A stage."""
import numpy
from temperature_check.parts import helper
{extra}

def run(x):
    """Doc."""
    return helper.double(x)  # comment
'''


@pytest.fixture
def package(tmp_path: Path) -> Path:
    module._path.cache_clear()
    write(tmp_path, "__init__.py", "")
    write(tmp_path, "stage.py", STAGE.format(extra=""))
    write(tmp_path, "parts/__init__.py", "VALUE = 1\n")
    write(tmp_path, "parts/helper.py", "from . import leaf\n\ndef double(x):\n    return leaf.TWO * x\n")
    write(tmp_path, "parts/leaf.py", "TWO = 2\n")
    write(tmp_path, "unused.py", "X = 1\n")
    write(tmp_path, "lazy.py", "X = 1\n")
    return tmp_path


def write(package: Path, name: str, text: str) -> None:
    (package / name).parent.mkdir(exist_ok=True)
    (package / name).write_text(text)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("stage.py", STAGE.format(extra="").replace('"""Doc."""', '"""Another."""').replace("# comment", "# other")),
        ("stage.py", STAGE.format(extra="").replace("helper.double(x)", "(helper.double( x ))")),
        ("parts/leaf.py", "TWO = 2\n'''The description of a field.'''\n"),
        ("unused.py", "X = 2\n"),
        ("stage.py", STAGE.format(extra="").replace("import numpy", "import numpy\n\n\n")),
    ],
)
def test_unchanged_by_what_does_not_run(package, name, text):
    before = fingerprint("stage", root=package)
    write(package, name, text)
    assert fingerprint("stage", root=package) == before


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("stage.py", STAGE.format(extra="Y = 1")),
        ("parts/helper.py", "from . import leaf\n\ndef double(x):\n    return leaf.TWO * x + 0\n"),
        ("parts/leaf.py", "TWO = 3\n"),
        ("parts/__init__.py", "VALUE = 2\n"),
        ("__init__.py", "VALUE = 2\n"),
    ],
)
def test_changed_by_an_edit_anywhere_in_what_is_imported(package, name, text):
    before = fingerprint("stage", root=package)
    write(package, name, text)
    assert fingerprint("stage", root=package) != before


def test_follows_imports_inside_functions_but_not_for_types(package):
    write(package, "stage.py", STAGE.format(extra="def late():\n    import temperature_check.lazy"))
    before = fingerprint("stage", root=package)
    write(package, "lazy.py", "X = 2\n")
    assert fingerprint("stage", root=package) != before
    types = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from temperature_check.lazy import X"
    write(package, "stage.py", STAGE.format(extra=types))
    before = fingerprint("stage", root=package)
    write(package, "lazy.py", "X = 3\n")
    assert fingerprint("stage", root=package) == before


def test_training_depends_on_models_and_losses_but_not_on_study_or_figures():
    modules = module._sources(("training.engine", "training.tensorflow"), Path(module.__file__).parent)
    names = {name.removeprefix("temperature_check.") for name in modules}
    assert {"losses", "models.mlp", "models.wide_resnet", "models.correlated", "training.initialization"} <= names
    assert not {"study", "store", "train", "cli", "figures", "evaluation", "dynamics", "autodiff"} & names
