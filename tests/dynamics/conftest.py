"""Runs the measurements once for each backend, both at a time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

BACKENDS = ("tensorflow", "jax")


@pytest.fixture(scope="session")
def _processes(tmp_path_factory) -> dict[str, tuple[subprocess.Popen, Path]]:
    folder = tmp_path_factory.mktemp("measurements")
    return {backend: _start(backend, folder / f"{backend}.json") for backend in BACKENDS}


def _start(backend: str, output: Path) -> tuple[subprocess.Popen, Path]:
    environment = os.environ | {"KERAS_BACKEND": backend, "JAX_ENABLE_X64": "1"}
    command = [sys.executable, "-m", "tests.dynamics.measurements", str(output)]
    log = output.with_suffix(".log").open("w")
    return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log), output


@pytest.fixture(scope="session", params=BACKENDS)
def backend(request) -> str:
    """Each backend in turn."""
    return request.param


@pytest.fixture(scope="session")
def measured(_processes, backend):
    """A function from the name of a measurement to its result; fails with the error that the measurement ended in."""
    process, output = _processes[backend]
    assert process.wait() == 0, output.with_suffix(".log").read_text()
    results = json.loads(output.read_text())

    def result(name: str):
        found = results[name]
        assert not (isinstance(found, dict) and "error" in found), found["error"]
        return found

    return result
