"""Training jobs that are killed at any moment, SIGKILL, end with the bits of one that is left alone.

The long test, 20 kills, prints when each came and what it hit: pytest -m long -s tests/workflow/test_kills.py
"""

from __future__ import annotations

import itertools
import json
import os
import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

STEPS_OF_EPOCH = 60 // 20
AIMS = ("first epoch", "between", "mid-write")
TIMEOUT = 120


@pytest.fixture
def killed_project(project):
    """A project whose study has one long run, saved as often as can be."""
    study = project.study()
    study["tasks"]["mlp"] |= {"model": {"kind": "wide_resnet", "depth": 10, "width": 1}, "epochs": 150}
    study["tasks"]["mlp"]["grid"] |= {"beta": [1.0], "scaled_learning_rate": [0.01], "report_seeds": [10]}
    study["engine"] = {"checkpoint_minutes": 0}
    project.write_study(study)
    project.made("results/small/data/digits.npz")
    return project


def command(store: str) -> list[str]:
    files = ["--data", "results/small/data/digits.npz", "--output", f"{store}/shard.csv", "--store", store]
    program = str(Path(sys.executable).parent / "temperature-check")
    return [program, "train", "config/config.yaml", "mlp", "tune", "all", *files]


def start(project, store: str) -> subprocess.Popen:
    environment = os.environ | {"PYTHONPATH": str(project.root / "workflow")}
    return subprocess.Popen(command(store), cwd=project.root, env=environment, stderr=subprocess.DEVNULL)


def wait_for(what, process: subprocess.Popen) -> None:
    """Wait until `what` is true or the process has ended."""
    deadline = time.monotonic() + TIMEOUT
    while process.poll() is None and not what():
        assert time.monotonic() < deadline, "nothing happened"
        time.sleep(0.0005)


def kill(project, aim: str, delay: float) -> str | None:
    """Start the job, kill it when it hits its aim; say what the kill found, or None if the job had ended."""
    folder = project.root / "killed/checkpoints"
    process, before = start(project, "killed"), newest_step(folder)
    if aim == "mid-write":
        wait_for(lambda: list(folder.glob("*/.*")) and newest_step(folder) != before, process)
        wait_for(lambda: list(folder.glob("*/.*")), process)
    else:
        wait_for(lambda: newest_step(folder) != before, process)
        time.sleep(delay if aim == "between" else 0)
    process.kill()
    if process.wait() == 0:
        return None
    partial, step = list(folder.glob("*/.*")), newest_step(folder)
    for path in partial:
        path.unlink()
    return "mid-write" if partial else "first epoch" if step is None or step < STEPS_OF_EPOCH else "between"


def newest_step(folder: Path) -> tuple | int | None:
    """The step of the newest whole checkpoint of any run that is not finished."""
    steps = []
    for path in folder.glob("*/*.npz"):
        try:
            with np.load(path) as file:
                steps.append(json.loads(file["facts"].tobytes())["step"])
        except (OSError, ValueError, KeyError):
            continue
    return max(steps, default=None)


def arrays(root: Path) -> dict[str, dict[str, bytes]]:
    """The arrays of all finished runs of a store, facts, which hold seconds, apart."""
    found = {}
    for path in root.glob("??/*.npz"):
        with np.load(path) as file:
            found[path.name] = {name: file[name].tobytes() for name in file if name not in ("facts", "checksum")}
    return found


def kills(project, count: int, wanted: tuple[str, ...]) -> Counter:
    """Kill a job `count` times, let it end, and compare with one that nobody killed."""
    assert start(project, "undisturbed").wait() == 0
    stream, hits, aims = random.Random(1), Counter(), itertools.cycle(wanted)
    while hits.total() < count:
        aim, delay = next(aims), stream.uniform(0, 3)
        if aim == "first epoch" and newest_step(project.root / "killed/checkpoints") is not None:
            aim = "between"
        if hit := kill(project, aim, delay):
            hits[hit] += 1
            print(f"kill {hits.total()}: {aim}, after {delay:.3f} s, hit {hit}")
        else:
            subprocess.run(["rm", "-r", "killed"], cwd=project.root, check=True)
    assert start(project, "killed").wait() == 0
    expected = arrays(project.root / "undisturbed")
    assert len(expected) == 1
    assert arrays(project.root / "killed") == expected
    assert not list((project.root / "killed/checkpoints").glob("*/*"))
    return hits


def test_killed_in_the_middle_of_writing(killed_project):
    assert kills(killed_project, 1, ("mid-write",)) == {"mid-write": 1}


@pytest.mark.long
def test_twenty_kills(killed_project):
    hits = kills(killed_project, 20, AIMS)
    assert set(hits) == set(AIMS)
