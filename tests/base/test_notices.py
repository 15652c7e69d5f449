"""TensorFlow's notices are silent, and its errors are not, even if its import ends the process."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.conftest import ROOT

PROGRAM = """
from temperature_check.base.notices import silence_notices
silence_notices()
import importlib.util
assert importlib.util.find_spec("tensorflow")
import tensorflow
print("after")
"""
NOTICES = [
    "WARNING: All log messages before absl::InitializeLog() is called are written to STDERR",
    "I0000 00:00:1795772638.931223    3768 port.cc:153] oneDNN custom operations are on.",
]
ERRORS = ["E0000 00:00:1.2 3 cuda.cc:52] failed call to cuInit", "W0000 00:00:1.2 3 cpu.cc:1] slow"]
WRITE = f"import os\nos.write(2, {chr(10).join([*NOTICES, *ERRORS, ''])!r}.encode())\n"
ENDINGS = {
    "import": ("", 0, ""),
    "error": ("raise ImportError('libcudart.so is missing')", 1, "ImportError: libcudart.so is missing"),
    "crash": ("os.write(2, b'F0000 compiled to use AVX'); os.abort()", -6, "F0000 compiled to use AVX"),
    "exit": ("os._exit(3)", 3, ""),
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_notices_are_silent_and_errors_are_shown(tmp_path, ending):
    statement, code, message = ENDINGS[ending]
    (tmp_path / "tensorflow.py").write_text(WRITE + statement)
    environment = os.environ | {"PYTHONPATH": f"{tmp_path}:{ROOT / 'workflow'}"}
    result = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, text=True, capture_output=True)
    assert result.returncode == code
    assert not [line for line in NOTICES if line in result.stderr]
    assert not [line for line in [*ERRORS, message] if line not in result.stderr]
    assert (result.stdout == "after\n") == (code == 0)
