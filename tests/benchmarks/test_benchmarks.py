"""The programs in benchmarks/ run, and print tables; what they measure is not judged here."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.conftest import ROOT

SMALLEST = {
    "claims": ["--claims", "C7", "--studies", "5", "--others", "5"],
    "dynamics": ["--repeats", "1", "--networks", "mlp", "--backends", "tensorflow"],
    "engine": ["--repeats", "1", "--networks", "mlp", "--engines", "ours", "arithmetic"],
    "gpu": ["--smoke", "--repeats", "1", "--sizes", "wrn-128", "--engines", "tensorflow"],
    "parts": ["--repeats", "1", "--parts", "loss and accuracy of each step"],
    "population": ["--repeats", "1", "--networks", "mlp", "--runs", "2"],
    "search": ["--study", "tests/benchmarks/halving.yaml", "--fresh", "6"],
    "study": ["--sample", "1", "--tasks", "mlp"],
    "workflow": ["--repeats", "1", "3"],
}


def test_each_benchmark_is_tried():
    assert {path.stem for path in (ROOT / "benchmarks").glob("*.py")} == set(SMALLEST)


@pytest.mark.long
@pytest.mark.parametrize("name", SMALLEST)
def test_benchmark_runs(name):
    command = [sys.executable, str(ROOT / f"benchmarks/{name}.py"), *SMALLEST[name]]
    result = subprocess.run(command, capture_output=True, text=True, timeout=900)
    assert result.returncode == 0, result.stderr
    rows = [line for line in result.stdout.splitlines() if line.startswith("|")]
    assert len(rows) >= 3
    assert len({row.count("|") for row in rows[:3]}) == 1
