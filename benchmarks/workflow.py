"""What planning costs: our workflow beside bare Snakemake with the same number of jobs, at several numbers of shards.

    python benchmarks/workflow.py [SHARDS ...] [--repeats N]          default: 100 1000 10000, three repeats

Three plans are timed, each a fresh `snakemake -n`: nothing is made yet, all is made, and one seed (a shard) is added.
Nothing is trained: outputs are empty files that `snakemake --touch` declares finished. The bare workflow has a rule of
shards, with the inputs, params, log and benchmark that ours has, and one that joins them. Prints medians of seconds,
the ratio to the bare workflow and the time per shard.
"""

from __future__ import annotations

import argparse
import itertools
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]
SNAKEMAKE = (str(Path(sys.executable).parent / "snakemake"),)
PLANS = ("nothing made", "all made", "one added")

# Snakemake sleeps for 0.1 s before it touches the outputs of a job, and looks at all that are left before each:
# hours at 10,000 shards. So it is kept from sleeping, and touches BATCH shards at a time.
BATCH = 500
SLEEPLESS_SNAKEMAKE = (
    sys.executable,
    "-c",
    "from snakemake import cli; from snakemake.executors.touch import Executor; Executor.SLEEPING_TIME = 0; cli.main()",
)

BARE = """
rule join:
    input: expand("shards/{{shard}}.csv", shard=range({shards}))
    output: "joined.csv"
    params: settings=1
    shell: "cat {{input}} > {{output}}"

rule shard:
    input: "tracked", data="data.npz"
    output: "shards/{{shard}}.csv"
    log: "logs/{{shard}}.log"
    benchmark: "benchmarks/{{shard}}.tsv"
    params: study="study", settings=lambda wildcards: wildcards.shard, code="code", store="store"
    shell: "touch {{output}}"
"""


def write_bare(folder: Path, shards: int) -> None:
    """The bare workflow."""
    for name in ("tracked", "data.npz"):
        if not (folder / name).exists():
            (folder / name).touch()
    (folder / "Snakefile").write_text(BARE.format(shards=shards))


def write_ours(folder: Path, shards: int) -> None:
    """A copy of the project whose study has `shards` shards in the tuning phase and one in the report phase."""
    for name in ("workflow", "profiles"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"), dirs_exist_ok=True)
    shutil.copy(ROOT / "Snakefile", folder)
    study = yaml.safe_load((ROOT / "config/config.yaml").read_text())
    task = study["tasks"]["mlp"] | {"shard_by": ["beta", "seed"]}
    grid = {"beta": [1.0], "z0": [0.001], "scaled_learning_rate": [0.1]}
    task["grid"] = grid | {"tuning_seeds": list(range(1, shards)), "report_seeds": [0]}
    (folder / "config").mkdir(exist_ok=True)
    settings = study | {"tasks": {"mlp": task}, "max_runs": 10**6}
    (folder / "config/config.yaml").write_text(yaml.safe_dump(settings))


def plan(folder: Path, *options: str, snakemake: tuple[str, ...] = SNAKEMAKE) -> float:
    """Seconds of a dry run, or of another Snakemake command that runs no job."""
    started = time.perf_counter()
    command = [*snakemake, "--cores", "1", "--quiet", "all", *options]
    # Modules are compiled once, as installed packages have been.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True)
    return time.perf_counter() - started


def declare_made(folder: Path) -> None:
    """Make every output an empty file and have Snakemake take it for finished."""
    made = outputs(folder)
    for path in itertools.chain(*made.values()):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).touch()
    data, shards = made.pop("prepare_data", []), made.pop("train", None) or made.pop("shard")
    batches = [shards[start : start + BATCH] for start in range(0, len(shards), BATCH)]
    for targets in filter(None, [data, *batches]):
        plan(folder, "--touch", "--force", *targets, snakemake=SLEEPLESS_SNAKEMAKE)
    plan(folder, "--touch", "--forcerun", *made, snakemake=SLEEPLESS_SNAKEMAKE)


def outputs(folder: Path) -> dict[str, list[str]]:
    """The outputs of each rule."""
    summary = subprocess.run([*SNAKEMAKE, "--cores", "1", "--summary"], cwd=folder, capture_output=True, text=True)
    made: dict[str, list[str]] = {}
    for line in summary.stdout.splitlines()[1:]:
        path, _, rule, *_ = line.split("\t")
        made.setdefault(rule, []).append(path)
    return made


def time_plans(shards: int, repeats: int) -> list[tuple[float, float]]:
    """Seconds of the three plans, of our workflow and the bare one, which take turns; medians."""
    with tempfile.TemporaryDirectory() as ours, tempfile.TemporaryDirectory() as bare:
        folders = {Path(ours): write_ours, Path(bare): write_bare}

        def seconds() -> tuple[float, float]:
            turns = [[plan(folder, "-n") for folder in folders] for _ in range(repeats)]
            return tuple(map(statistics.median, zip(*turns)))

        for folder, write in folders.items():
            write(folder, shards)
        nothing_made = seconds()
        for folder in folders:
            declare_made(folder)
        all_made = seconds()
        for folder, write in folders.items():
            write(folder, shards + 1)
        return [nothing_made, all_made, seconds()]


def main() -> None:
    """Time and print all plans."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("shards", nargs="*", type=int, default=[100, 1_000, 10_000])
    parser.add_argument("--repeats", type=int, default=3, help="of each plan")
    options = parser.parse_args()
    print("| shards | plan | ours (s) | bare (s) | ratio | ours, ms a shard |\n| --- | --- | --- | --- | --- | --- |")
    for shards in options.shards:
        for what, (ours, bare) in zip(PLANS, time_plans(shards, options.repeats)):
            print(f"| {shards:,} | {what} | {ours:.1f} | {bare:.1f} | {ours / bare:.2f} | {1e3 * ours / shards:.1f} |")


if __name__ == "__main__":
    main()
