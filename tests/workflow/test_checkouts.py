"""Several studies in a checkout, and several checkouts with one store: nothing is mixed, hidden or lost."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml

from tests.conftest import Project
from tests.workflow.test_bad_input import refused

RUNS = "results/small/runs.parquet"


def write(project: Project, name: str, **changes) -> Path:
    """A study file beside the default, with other settings."""
    path = project.root / name
    path.write_text(yaml.safe_dump(project.study() | changes))
    return path


def pruned(project: Project, *arguments: str) -> list[str]:
    result = project.run("temperature-check", "prune", *arguments)
    assert result.returncode == 0, result.stderr
    return result.stdout.splitlines()


@pytest.fixture
def neighbor(finished_project: Project, tmp_path: Path) -> Project:
    """Another checkout, whose store is a link to that of the finished project."""
    shutil.copytree(finished_project.root, tmp_path / "neighbor", ignore=shutil.ignore_patterns("results", ".snake*"))
    other = Project(tmp_path / "neighbor")
    (other.root / "results").mkdir()
    (other.root / "results/store").symlink_to(finished_project.root / "results/store")
    study = other.study()
    study["tasks"]["mlp"]["grid"]["beta"] = [0.5]
    other.write_study(study)
    return other


def test_runs_of_another_checkout_are_needed(finished_project, neighbor):
    assert neighbor.made("results/small/runs.parquet").trained == 4
    (finished_project.root / "results/store/00").mkdir(exist_ok=True)
    (finished_project.root / "results/store/00/.interrupted.npz.x").write_bytes(b"half")
    lines = pruned(finished_project, "--delete")
    assert [line for line in lines if line.startswith("results/store/")] == ["results/store/00/.interrupted.npz.x"]
    assert len(finished_project.stored()) == 12
    there = pruned(neighbor)
    assert any("which other checkouts may use" in line for line in there)
    assert not [line for line in there if line.startswith("results/store/")]


def test_nothing_is_deleted_while_a_study_of_another_checkout_is_unfinished(finished_project, neighbor):
    neighbor.made("results/small/runs.parquet")
    (neighbor.root / "results/small/shards/mlp/report/all.csv").unlink()
    (neighbor.root / "results/small/runs.parquet").unlink()
    assert any("neighbor/results/small" in line and "unfinished" in line for line in pruned(finished_project))
    before = finished_project.stored()
    refused(finished_project.run("temperature-check", "prune", "--delete"), "nothing is deleted", "--forget")
    assert finished_project.stored() == before
    pruned(finished_project, "--delete", "--forget", str(neighbor.root / "results/small"))
    assert len(finished_project.stored()) == 8


def test_a_checkout_that_is_gone_is_named(finished_project, neighbor):
    neighbor.made("results/small/runs.parquet")
    shutil.rmtree(neighbor.root)
    assert any("neighbor/results/small" in line and "is not there" in line for line in pruned(finished_project))
    refused(finished_project.run("temperature-check", "prune", "--delete"), "neighbor/results/small", "--forget")


def test_prune_names_an_old_study_and_goes_on(finished_project):
    old = finished_project.root / "results/old"
    shutil.copytree(finished_project.root / "results/small", old)
    (old / "config.yaml").write_text("study: old\nencoder: {}\n")
    study = finished_project.study()
    study["tasks"]["mlp"]["grid"]["beta"] = [1.0]
    finished_project.write_study(study)
    finished_project.made(RUNS)
    lines = pruned(finished_project, "--delete")
    assert any(line.startswith("results/old/config.yaml: encoder: unknown key") for line in lines)
    assert len(finished_project.stored()) == 8
    shutil.rmtree(old)
    lines = pruned(finished_project, "--delete")
    assert any("results/old was removed" in line for line in lines)
    assert len([line for line in lines if line.startswith("results/store/")]) == 4
    assert len(pruned(finished_project, "--delete")) == 3


def test_a_second_file_with_the_name_of_a_study_is_refused(finished_project):
    mine = write(finished_project, "mine.yaml", evaluation={"failed_below": 3})
    before = finished_project.tree()
    result = finished_project.snakemake("--configfile", "mine.yaml", "--", RUNS)
    refused(result, "mine.yaml: study = 'small'", "config/config.yaml", "give one of the two another name")
    assert finished_project.tree() == before
    assert finished_project.planned("--configfile", "results/small/config.yaml") == {}
    finished_project.study_file.rename(finished_project.root / "moved.yaml")
    assert finished_project.planned(RUNS, "--configfile", "moved.yaml") == {}
    mine.write_text(mine.read_text().replace("study: small", "study: mine"))
    assert finished_project.planned("results/mine/runs.parquet", "--configfile", "mine.yaml")


def test_the_folder_of_figures_shows_one_study(finished_project):
    figures = finished_project.root / "figures"
    (figures / "my_own.png").write_bytes(b"of the user")
    write(finished_project, "mine.yaml", study="mine")
    finished_project.made("results/mine/figures/fig_stability.pdf", "--configfile", "mine.yaml")
    assert len(list(figures.glob("fig_*"))) == 3 * 7
    finished_project.made("--configfile", "mine.yaml", "--", "figures/fig_beta_sweep.pdf")
    assert {path.name for path in figures.iterdir()} == {
        *("study.txt", "my_own.png"),
        *(f"fig_beta_sweep.{extension}" for extension in ("pdf", "png", "csv")),
    }
    assert (figures / "study.txt").read_text() == "mine\n"
    finished_project.made()
    assert (figures / "study.txt").read_text() == "small\n"
    assert len(list(figures.glob("fig_*"))) == 3 * 7


def test_a_report_of_a_study_that_has_changed_says_so(finished_project):
    words = "the study has changed since its results were made"
    assert words not in finished_project.snakemake("--report", "report.html").stderr
    study = finished_project.study()
    study["tasks"]["mlp"]["title"] = "Another"
    finished_project.write_study(study)
    assert words in finished_project.snakemake("--report", "report.html").stderr
