"""A user's module runs in a process of its own: whatever it does, the answer is alone on standard output."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from tests.conftest import ROOT

BUILD = """
import keras
def build():
    return keras.Sequential([keras.Input((4,)), keras.layers.Dense(8, activation="tanh"), keras.layers.Dense(3)])
"""
MODULES = {
    "prints": "import atexit, ctypes, os, sys\nprint('hello')\nos.write(1, b'raw')\nctypes.CDLL(None).puts(b'from C')\n"
    "atexit.register(print, 'goodbye')\nsys.__stdout__.write('direct')\n" + BUILD,
    "exits at import": "import sys\nsys.exit(0)\n" + BUILD,
    "parses at import": "import argparse\np = argparse.ArgumentParser()\np.add_argument('data')\np.parse_args()\n"
    + BUILD,
    "parses without need": "import argparse\nargparse.ArgumentParser().parse_args()\n" + BUILD,
    "asks": BUILD.replace("    return", "    input('size? ')\n    return"),
    "closes": "import sys\nsys.stdout.close()\n" + BUILD,
    "fails without words": "raise RuntimeError\n" + BUILD,
    "syntax": "def build(:\n",
}
FAILS = {
    "exits at import": "it ends the program",
    "parses at import": "parsing arguments",
    "asks": "it asks for input",
    "fails without words": "(RuntimeError)",
    "syntax": "SyntaxError",
}


@pytest.mark.parametrize("name", MODULES)
def test_users_module(tmp_path, name):
    (tmp_path / "mine.py").write_text(MODULES[name])
    random = np.random.default_rng(0)
    np.savez(tmp_path / "data.npz", x=random.normal(size=(12, 4)), y=np.arange(12) % 3)
    program = [sys.executable, "-m", "temperature_check", "time-scales", "--model", "mine.py:build"]
    options = ["--data", "data.npz", "--beta", "1", "--check-steps", "0", "--json"]
    environment = os.environ | {"KERAS_BACKEND": "jax", "PYTHONPATH": str(ROOT / "workflow")}
    result = subprocess.run(
        [*program, *options], cwd=tmp_path, env=environment, text=True, capture_output=True, stdin=subprocess.DEVNULL
    )
    assert "Traceback" not in result.stderr
    if name in FAILS:
        assert result.returncode == 1
        assert result.stdout == ""
        (line,) = [line for line in result.stderr.splitlines() if "error: --model mine.py:build" in line]
        assert FAILS[name] in line
    else:
        assert result.returncode == 0, result.stderr
        assert json.loads(result.stdout)["rows"][0]["learning"] > 0
