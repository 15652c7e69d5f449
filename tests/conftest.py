"""Fixtures: a study small enough for tests, and copies of the project in which the real workflow runs on it."""

from __future__ import annotations

import copy
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from tests.theory.measured import _outputs, backend, measured  # noqa: F401

ROOT = Path(__file__).parents[1]
PROJECT = ("Snakefile", "workflow", "config", "profiles", "pyproject.toml")

SMALL_STUDY = {
    "study": "small",
    "data": {"digits": {"source": "digits", "train": 60, "validation": 50, "test": 40}},
    "tasks": {
        "mlp": {
            "title": "MLP",
            "data": "digits",
            "model": {"kind": "mlp", "widths": [16]},
            "epochs": 2,
            "batch_size": 20,
            "grid": {
                "beta": [0.1, 1.0],
                "z0": [0.001],
                "scaled_learning_rate": [0.01, 0.1],
                "tuning_seeds": [0],
                "report_seeds": [10, 11],
            },
            "shard_by": [],
        }
    },
}


@pytest.fixture
def small_study() -> dict:
    """A study of a small MLP on digits, to be changed at will."""
    return copy.deepcopy(SMALL_STUDY)


@dataclass
class Project:
    """A copy of the project in a directory of its own."""

    root: Path

    @property
    def study_file(self) -> Path:
        """The default study of the copy."""
        return self.root / "config/config.yaml"

    def study(self) -> dict:
        """The settings of the copy's default study."""
        return yaml.safe_load(self.study_file.read_text())

    def write_study(self, study: dict) -> None:
        """Replace the copy's default study."""
        self.study_file.write_text(yaml.safe_dump(study))

    def run(self, *command: str) -> subprocess.CompletedProcess:
        """Run a command of the environment in the copy, on the copy's own package."""
        environment = os.environ | {"PYTHONPATH": str(self.root / "workflow")}
        program = str(Path(sys.executable).parent / command[0])
        line = [program, *command[1:]]
        return subprocess.run(line, cwd=self.root, env=environment, text=True, capture_output=True, timeout=600)

    def snakemake(self, *arguments: str) -> subprocess.CompletedProcess:
        """Run Snakemake on two cores."""
        return self.run("snakemake", "--cores", "2", *arguments)

    def made(self, *arguments: str) -> Made:
        """Run Snakemake, which has to succeed; say which jobs and runs it took."""
        before = self.stored()
        result = self.snakemake(*arguments)
        assert result.returncode == 0, result.stderr
        trained = {name for name, time in self.stored().items() if before.get(name) != time}
        return Made(_jobs(result.stderr), len(trained))

    def planned(self, *arguments: str) -> dict[str, int]:
        """The jobs of a dry run, which has to succeed, by rule."""
        result = self.snakemake("-n", *arguments)
        assert result.returncode == 0, result.stderr
        return _jobs(result.stdout + result.stderr)

    def stored(self) -> dict[str, int]:
        """The finished runs and when they were written."""
        return {path.name: path.stat().st_mtime_ns for path in (self.root / "results/store").glob("*/*.npz")}

    def tree(self) -> dict[str, tuple[int, int]]:
        """Size and time of every file but Snakemake's and Python's own."""
        files = (path for path in self.root.rglob("*") if path.is_file())
        ours = (path for path in files if not {".snakemake", "__pycache__"} & set(path.parts))
        return {str(path.relative_to(self.root)): (path.stat().st_size, path.stat().st_mtime_ns) for path in ours}


@dataclass(frozen=True)
class Made:
    """What a run of Snakemake did: jobs by rule, and the number of runs trained."""

    jobs: dict[str, int]
    trained: int


def _jobs(output: str) -> dict[str, int]:
    if "Job stats:" not in output:
        return {}
    lines = output.split("Job stats:")[1].split("\n\n")[0].splitlines()[3:]
    counts = {rule: int(count) for rule, count in (line.split() for line in lines)}
    counts.pop("total", None)
    return counts


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A fresh copy of the project with the small study as its default."""
    return _new_project(tmp_path / "fresh")


@pytest.fixture(scope="session")
def _finished(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = _new_project(tmp_path_factory.mktemp("finished") / "project")
    made = project.made()
    assert made.trained == 2 * 2 * 1 + 2 * 2
    return project


@pytest.fixture
def finished_project(_finished: Project, tmp_path: Path) -> Project:
    """A copy of the project whose small study is finished, with Snakemake's metadata and all times as they were."""
    shutil.copytree(_finished.root, tmp_path / "project")
    return Project(tmp_path / "project")


def _new_project(root: Path) -> Project:
    root.mkdir()
    for name in PROJECT:
        source, target = ROOT / name, root / name
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
        else:
            shutil.copy2(source, target)
    project = Project(root)
    project.write_study(SMALL_STUDY)
    return project
