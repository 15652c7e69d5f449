"""Runs the measurements once for each backend, both at a time."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BACKENDS = ("tensorflow", "jax")
LONGEST_SECONDS = 900


@pytest.fixture(scope="session")
def _outputs(tmp_path_factory) -> dict[str, Path]:
    """The files that the measurements write. Of pytest's workers, the first to come starts them; all wait."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "measurements"
    outputs = {backend: folder / f"{backend}.json" for backend in BACKENDS}
    with contextlib.suppress(FileExistsError):
        folder.mkdir()
        for backend, output in outputs.items():
            _start(backend, output)
    return outputs


def _start(backend: str, output: Path) -> None:
    environment = os.environ | {"KERAS_BACKEND": backend, "JAX_ENABLE_X64": "1"}
    command = [sys.executable, "-m", "tests.theory.measurements", str(output)]
    log = output.with_suffix(".log").open("w")
    subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)


@pytest.fixture(scope="session", params=BACKENDS)
def backend(request) -> str:
    """Each backend in turn."""
    return request.param


@pytest.fixture(scope="session")
def measured(_outputs, backend):
    """A function from the name of a measurement to its result; fails with the error that the measurement ended in."""
    results = _read(_outputs[backend])

    def result(name: str):
        found = results[name]
        assert not (isinstance(found, dict) and "error" in found), found["error"]
        return found

    return result


def _read(output: Path) -> dict:
    given_up = time.monotonic() + LONGEST_SECONDS
    while not output.exists():
        assert time.monotonic() < given_up, output.with_suffix(".log").read_text()
        time.sleep(0.2)
    return json.loads(output.read_text())
