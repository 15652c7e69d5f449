"""What surrounds a run of the workflow: a user's profile, environment, words on the command line, one count of runs."""

from __future__ import annotations

import json

import pytest
import yaml

from tests.workflow.test_bad_input import refused

RUNS = "results/small/runs.parquet"


def test_a_user_profile_hides_no_change(finished_project, monkeypatch):
    profile = {"rerun-triggers": "mtime", "drop-metadata": True, "ignore-incomplete": True, "keep-going": True}
    (finished_project.root / "mine").mkdir()
    (finished_project.root / "mine/config.yaml").write_text(yaml.safe_dump(profile))
    monkeypatch.setenv("SNAKEMAKE_PROFILE", str(finished_project.root / "mine"))
    study = finished_project.study()
    study["tasks"]["mlp"]["grid"]["beta"].append(10.0)
    finished_project.write_study(study)
    assert finished_project.planned(RUNS)["train"] == 2
    assert finished_project.made(RUNS).trained == 4
    assert finished_project.planned(RUNS) == {}
    for arguments in (["--workflow-profile", "none"], ["--rerun-triggers", "mtime"]):
        assert "a change of the study is not noticed" in finished_project.snakemake("-n", RUNS, *arguments).stdout


def test_null_on_the_command_line_takes_a_key_away(project):
    study = project.study()
    study["tasks"]["gru"] = study["tasks"]["mlp"] | {"model": {"kind": "gru", "units": 4}}
    study["tasks"]["mlp"]["augmentation"] = {"padding": 8}
    project.write_study(study)
    refused(project.snakemake("-n"), "tasks.mlp.augmentation.padding = 8")
    assert project.planned("--config", "tasks={mlp: {augmentation: null}}")["train"] == 4
    assert project.planned("--config", "tasks={mlp: null}")["train"] == 2
    refused(project.snakemake("-n", "--config", "tasks={mlp: null, gru: ~}"), "tasks")


@pytest.mark.parametrize("form", ["--configfile", "--study", "default"])
def test_a_key_that_is_there_twice_is_refused_wherever_the_study_comes_from(project, form):
    text = project.study_file.read_text()
    file = project.study_file if form == "default" else project.root / "mine.yaml"
    file.write_text(f"{text}\nevaluation: {{failed_below: 3}}\nevaluation: {{failed_below: 4}}\n")
    line = text.count("\n") + 2
    parts = (f"{file.name}: evaluation: there are 2, in lines {line} and {line + 1}",)
    if form == "--study":
        refused(project.run("temperature-check", "runs", "--study", "mine.yaml"), *parts)
    else:
        refused(project.snakemake("-n", *([] if form == "default" else ["--configfile", "mine.yaml"])), *parts)


@pytest.mark.parametrize("name", ["nan", "null", "none", "true", "inf", "na"])
def test_a_task_may_have_any_name(small_study, name):
    from temperature_check.study.file import check_study

    task = small_study["tasks"].pop("mlp")
    assert list(check_study(small_study | {"tasks": {name: task}}, "study").tasks) == [name]


def test_unfriendly_names_and_titles_work_to_the_end(project):
    title = r"100 % $\foo$ {x} | <b>costs $$</b> _it_ & \alpha_{x}"
    study = project.study()
    study["tasks"] = {"nan": study["tasks"]["mlp"] | {"title": title}}
    study["data"] = {"null": study["data"]["digits"]}
    study["tasks"]["nan"]["data"] = "null"
    project.write_study(study)
    made = project.made()
    assert made.trained == 8
    rows = (project.root / "results/small/tables/tuned_beta.md").read_text().split("\n\n")[0].splitlines()
    assert len(rows) == 3
    assert project.planned() == {}
    result = project.run("temperature-check", "runs", "--columns", "task,beta,task,all", "--csv")
    assert result.stdout.splitlines()[1].startswith("nan,")
    assert project.snakemake("--report", "report.html").returncode == 0


@pytest.mark.parametrize("columns", ["key,beta,key", "all,beta", "beta,beta"])
def test_a_column_may_be_named_twice(finished_project, columns):
    result = finished_project.run("temperature-check", "runs", "--columns", columns)
    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines()[0].split().count("beta") == 1


@pytest.mark.parametrize("option", [["--columns", ""], ["--columns", "key,,beta"], ["--sort", "-"], ["--sort", ""]])
def test_an_empty_name_is_one_line_or_nothing(finished_project, option):
    result = finished_project.run("temperature-check", "runs", *option)
    assert "Traceback" not in result.stderr
    assert result.returncode == 0 or result.stderr.startswith("error: no column ''")


def test_one_count_of_runs(finished_project):
    def status() -> str:
        return finished_project.run("temperature-check", "status").stdout.splitlines()[-1]

    assert status() == "0 of 8 runs to train"
    study = finished_project.study()
    study["tasks"]["mlp"]["grid"]["tuning_seeds"].append(1)
    finished_project.write_study(study)
    assert status().startswith("4 of 12 runs to train, about 0 s")
    estimate = json.loads(finished_project.run("temperature-check", "estimate", "--json").stdout)
    assert sum(part["runs"] for part in estimate["parts"]) == 12
    assert "temperature-check status" in finished_project.snakemake("-n").stdout
    made = finished_project.snakemake(RUNS)
    assert "4 of 12 runs to train" in made.stderr


def test_unreachable_cells_are_not_missing(project):
    study = project.study()
    study["tasks"]["mlp"]["grid"] |= {"beta": [0.1, 10.0], "z0": [0.001, 3.0]}
    project.write_study(study)
    assert project.snakemake(RUNS).returncode == 0
    assert project.run("temperature-check", "status").stdout.splitlines()[-1].startswith("0 of ")
    project.run("temperature-check", "preview", "beta_sweep")
    preview = (project.root / "results/small/preview/fig_beta_sweep.png").read_bytes()
    project.made("results/small/figures/fig_beta_sweep.pdf")
    assert (project.root / "results/small/figures/fig_beta_sweep.png").read_bytes() == preview


def test_notices_of_tensorflow_are_left_out(project):
    output = project.snakemake("results/small/shards/mlp/tune/all.csv").stderr
    assert "4/4 runs" in output
    assert "absl" not in output
    assert "oneDNN" not in output
