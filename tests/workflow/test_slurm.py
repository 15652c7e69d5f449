"""A small study on a running Slurm, through the project's profile: `pytest -m slurm`, some three minutes."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

ON_SLURM = ("--workflow-profile", "slurm")
SUBMITTED = re.compile(r"submitted with SLURM jobid (\d+) \(log: \S*/rule_(\w+)/")


def states_of_nodes() -> str:
    """The states of the nodes of a Slurm; empty where none answers."""
    if not shutil.which("sinfo"):
        return ""
    return subprocess.run(["sinfo", "--noheader", "--format=%T"], text=True, capture_output=True).stdout


pytestmark = [
    pytest.mark.slurm,
    pytest.mark.skipif(
        not importlib.util.find_spec("snakemake_executor_plugin_slurm"), reason="needs pip install -e '.[slurm]'"
    ),
    pytest.mark.skipif(not re.search("idle|mixed", states_of_nodes()), reason="needs a Slurm with a free node"),
]


def asked_for(job: str) -> str:
    """What Slurm knows of a job that it has run."""
    return subprocess.run(["scontrol", "show", "job", job], text=True, capture_output=True, check=True).stdout


def test_study_is_made_and_only_long_jobs_are_submitted(project):
    result = project.run("snakemake", "figures/fig_beta_sweep.pdf", *ON_SLURM)
    assert result.returncode == 0, result.stderr
    assert (project.root / "figures/fig_beta_sweep.pdf").exists()
    submitted = SUBMITTED.findall(result.stderr)
    assert Counter(rule for _, rule in submitted) == {"train": 2, "evaluate": 2}
    for job, rule in submitted:
        assert ("gpu:1" in asked_for(job)) == (rule == "train")


def test_cancelled_job_is_run_again_with_more_memory(project):
    shard = "results/small/shards/mlp/tune/all.csv"
    command = [str(Path(sys.executable).parent / "snakemake"), shard, *ON_SLURM]
    environment = os.environ | {"PYTHONPATH": str(project.root / "workflow")}
    with subprocess.Popen(
        command, cwd=project.root, env=environment, text=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as snakemake:
        first = next(found[1] for line in snakemake.stderr if (found := SUBMITTED.search(line)))
        subprocess.run(["scancel", first], check=True)
        output = snakemake.communicate()[1]
    assert snakemake.returncode == 0, output
    assert "Trying to restart job" in output
    ((second, _),) = SUBMITTED.findall(output)
    memory = [int(re.search(r"MinMemoryNode=(\d+)M", asked_for(job))[1]) for job in (first, second)]
    assert memory[1] == 2 * memory[0]
    assert (project.root / shard).exists()
