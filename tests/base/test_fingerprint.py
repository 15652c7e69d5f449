"""The fingerprint follows imports, and ignores what does not run."""

from __future__ import annotations

from pathlib import Path

import pytest

from temperature_check.base.fingerprint import closure, fingerprint

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
        ("stage.py", STAGE.format(extra="").replace("run(x)", "run(x: float) -> float")),
        ("stage.py", STAGE.format(extra="if TYPE_CHECKING:\n    from temperature_check.lazy import X")),
        ("parts/leaf.py", "TWO = 2\n'''The description of a field.'''\n"),
        ("parts/leaf.py", "TWO: int = 2\n"),
        ("unused.py", "X = 2\n"),
        ("__init__.py", "VERSION = 2\n"),
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
        ("stage.py", STAGE.format(extra="class Point:\n    x: int\n")),
        ("stage.py", STAGE.format(extra="").replace("run(x)", "run(x=1)")),
        ("parts/helper.py", "from . import leaf\n\ndef double(x):\n    return leaf.TWO * x + 0\n"),
        ("parts/leaf.py", "TWO = 3\n"),
        ("parts/__init__.py", "VALUE = 2\n"),
    ],
)
def test_changed_by_an_edit_anywhere_in_what_is_imported(package, name, text):
    before = fingerprint("stage", root=package)
    write(package, name, text)
    assert fingerprint("stage", root=package) != before


def test_fields_of_a_class_run_and_their_types_count(package):
    write(package, "stage.py", STAGE.format(extra="class Point:\n    x: int\n"))
    before = fingerprint("stage", root=package)
    write(package, "stage.py", STAGE.format(extra="class Point:\n    x: ClassVar[int]\n"))
    assert fingerprint("stage", root=package) != before


def test_the_order_of_lines_in_a_class_counts(package):
    first, second = "    a = 1\n", "    b: int = 2\n"
    write(package, "stage.py", STAGE.format(extra=f"class Point:\n{first}{second}"))
    before = fingerprint("stage", root=package)
    write(package, "stage.py", STAGE.format(extra=f"class Point:\n{second}{first}"))
    assert fingerprint("stage", root=package) != before


def test_what_runs_outside_of_type_checking_counts(package):
    write(package, "stage.py", STAGE.format(extra="if TYPE_CHECKING:\n    Y = 1\nelse:\n    Y = 2"))
    before = fingerprint("stage", root=package)
    write(package, "stage.py", STAGE.format(extra="if TYPE_CHECKING:\n    Y = 1\nelse:\n    Y = 3"))
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


def test_other_packages_are_not_followed(package):
    write(package, "stage.py", STAGE.format(extra="import temperature_check_mine.lazy"))
    assert set(closure("stage", root=package)) == {"stage", "parts", "parts.helper", "parts.leaf"}
