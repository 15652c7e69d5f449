"""What the commands print and write, and what they load."""

from __future__ import annotations

import io
import json
import re
import sys

import pandas as pd
import pytest


def test_runs_prints_filters_and_sorts(finished_project):
    text = finished_project.run("temperature-check", "runs").stdout
    assert len(text.splitlines()) == 1 + 8
    filtered = ["--where", "phase == 'report' and beta < 1", "--sort", "-test_accuracy", "--columns", "all", "--csv"]
    table = pd.read_csv(io.StringIO(finished_project.run("temperature-check", "runs", *filtered).stdout))
    assert len(table) == 2
    assert table["test_accuracy"].is_monotonic_decreasing
    assert len(finished_project.run("temperature-check", "runs", "--limit", "3").stdout.splitlines()) == 4


def test_table_of_runs_says_all_that_a_run_is(finished_project):
    runs = pd.read_parquet(finished_project.root / "results/small/runs.parquet")
    assert set(runs["phase"]) == {"tune", "report"}
    assert runs.loc[runs["phase"] == "tune", "test_accuracy"].isna().all()
    assert runs.loc[runs["phase"] == "report", "test_accuracy"].between(0, 1).all()
    assert runs["z0_measured"].between(0.00099, 0.00101).all()
    assert runs["key"].is_unique
    assert (runs["learning_rate"] * runs["beta"]).to_numpy() == pytest.approx(runs["scaled_learning_rate"].to_numpy())
    described = ["seconds", "threads", "backend", "device", "hardware", "machine", "code", "data"]
    assert runs[described].notna().all(axis=None)
    assert runs["versions"].str.contains("tensorflow").all()


def test_single_run_by_hand_is_equal_bit_by_bit(finished_project):
    runs = pd.read_parquet(finished_project.root / "results/small/runs.parquet")
    for key in runs["key"].iloc[[0, -1]]:
        result = finished_project.run("temperature-check", "run", key[:12])
        assert json.loads(result.stdout)["compared"] == "equal to the stored run, bit by bit"


def test_single_run_by_hand_is_kept(finished_project):
    stored = sorted((finished_project.root / "results/store").glob("*/*.npz"))[0]
    stored.unlink()
    result = finished_project.run("temperature-check", "run", stored.stem)
    assert json.loads(result.stdout)["compared"] == "the store did not have this run, now it has"
    assert stored.exists()


def test_convolutions_train_first_but_after_what_report_runs_wait_for(project):
    study = project.study()
    model = {"kind": "wide_resnet", "depth": 10, "width": 1}
    study["tasks"]["wrn"] = study["tasks"]["mlp"] | {"model": model}
    project.write_study(study)
    plan = project.snakemake("-n", "results/small/runs.parquet").stdout
    priorities = dict(re.findall(r"output: results/small/(\S+)\n(?:    \w+: .*\n)*?    priority: (\d)", plan))
    shards = {name: number for name, number in priorities.items() if name.startswith("shards")}
    assert shards == {f"shards/wrn/{phase}/all.csv": "1" for phase in ("tune", "report")}
    assert {priorities[name] for name in ("tables/mlp-tune.parquet", "rates/mlp.json")} == {"2"}


def test_figure_comes_with_its_numbers_and_log_with_progress(finished_project):
    for extension in ("pdf", "png", "csv"):
        copy = (finished_project.root / f"figures/fig_beta_sweep.{extension}").read_bytes()
        assert copy == (finished_project.root / f"results/small/figures/fig_beta_sweep.{extension}").read_bytes()
    log = (finished_project.root / "results/small/logs/train-mlp-tune-all.log").read_text()
    assert "mlp tune: 4/4 runs" in log
    assert "0:00:00 left" in log
    assert (finished_project.root / "results/small/benchmarks/train-mlp-tune-all.tsv").exists()


def test_preview_of_an_unfinished_study_is_marked(finished_project):
    study = finished_project.study()
    study["tasks"]["mlp"]["grid"]["report_seeds"].append(12)
    finished_project.write_study(study)
    result = finished_project.run("temperature-check", "preview", "beta_sweep")
    assert result.stdout.strip() == "results/small/preview/fig_beta_sweep.pdf"
    numbers = pd.read_csv(finished_project.root / "results/small/preview/fig_beta_sweep.csv")
    assert numbers.loc[numbers["series"] == "median", "n"].tolist() == [2, 2] * 2
    unmarked = (finished_project.root / "results/small/figures/fig_beta_sweep.png").read_bytes()
    assert (finished_project.root / "results/small/preview/fig_beta_sweep.png").read_bytes() != unmarked


def test_prune_lists_and_removes_what_no_study_needs(finished_project):
    nothing = finished_project.run("temperature-check", "prune").stdout
    assert nothing.splitlines()[0].startswith("8 files, ")
    assert nothing.splitlines()[1].startswith("0 files, ")
    study = finished_project.study()
    study["tasks"]["mlp"]["grid"]["beta"] = [1.0]
    finished_project.write_study(study)
    assert len(finished_project.run("temperature-check", "prune").stdout.splitlines()) == 2
    finished_project.made("results/small/runs.parquet")
    (finished_project.root / "results/store/00").mkdir(exist_ok=True)
    (finished_project.root / "results/store/00/.interrupted.npz.x").write_bytes(b"half")
    kept = next((finished_project.root / "results/store").glob("??/*.npz"))
    checkpoint = finished_project.root / "results/store/checkpoints" / kept.stem / "first.npz"
    checkpoint.parent.mkdir(parents=True)
    checkpoint.write_bytes(b"of a run that is finished")
    listed = finished_project.run("temperature-check", "prune").stdout.splitlines()[:-2]
    assert len(listed) == 4 + 2
    assert len(finished_project.stored()) == 8
    finished_project.run("temperature-check", "prune", "--delete")
    assert len(finished_project.stored()) == 4
    assert finished_project.made("results/small/runs.parquet", "--forcerun", "train").trained == 0


LOADED = """
import atexit, sys
atexit.register(lambda: print(sorted({"tensorflow", "jax", "keras"} & set(sys.modules))))
"""


@pytest.mark.parametrize(
    "program",
    [
        "import temperature_check",
        "import temperature_check.cli",
        "from snakemake.cli import main; main(['-n', '--cores', '1', '--quiet', 'all'])",
    ],
)
def test_import_and_dry_run_load_no_backend(project, program):
    result = project.run(sys.executable, "-c", LOADED + program)
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip().endswith("[]")


def test_dry_run_writes_nothing(project):
    before = project.tree()
    assert project.snakemake("-n").returncode == 0
    assert project.tree() == before


def test_lint_finds_no_fault_that_matters(project):
    findings = re.findall(r"^    \* (.*?):$", project.run("snakemake", "--lint").stderr, flags=re.MULTILINE)
    assert set(findings) == {"Specify a conda environment or container for each rule.", "No log directive defined"}
