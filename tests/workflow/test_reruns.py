"""Only what a change touches runs again: the real workflow, counting jobs and runs trained."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow.parquet
import pytest
import yaml

FIGURES = 7
RUNS = "results/small/runs.parquet"
STYLE = {"figure": 1, "copy_figure": 1, "all": 1}


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def source(project, module: str) -> Path:
    return project.root / "workflow/temperature_check" / module


def test_nothing_changed(finished_project):
    made = finished_project.made()
    assert made.jobs == {}
    assert made.trained == 0


def test_figure_style_redraws_that_figure(finished_project):
    study = finished_project.study()
    study["figures"] = {"beta_sweep": {"color": "#bb3e03"}}
    finished_project.write_study(study)
    made = finished_project.made()
    assert made.jobs == STYLE | {"configuration": 1}
    assert made.trained == 0


def test_evaluation_setting_evaluates_again(finished_project):
    study = finished_project.study()
    study["evaluation"] = {"calibration_bins": 10}
    finished_project.write_study(study)
    made = finished_project.made()
    assert made.jobs["evaluate"] == 2
    assert made.jobs["figure"] == FIGURES
    assert made.jobs["table"] == 1
    assert "prepare_data" not in made.jobs
    assert made.trained == 0


@pytest.mark.parametrize(
    ("key", "value", "new_runs"),
    [
        ("beta", 10.0, 1 * 2 * 1 + 1 * 2),
        pytest.param("z0", 0.01, 2 * 1 * 2 * 1 + 2 * 1 * 2, marks=pytest.mark.long),
        pytest.param("tuning_seeds", 1, 2 * 2, marks=pytest.mark.long),
        ("report_seeds", 12, 2),
    ],
)
def test_value_added_to_a_grid_trains_its_runs_and_no_other(finished_project, key, value, new_runs):
    study = finished_project.study()
    study["tasks"]["mlp"]["grid"][key].append(value)
    if key == "z0":
        study["figures"] = {"beta_sweep": {"z0": 0.001}}
    finished_project.write_study(study)
    made = finished_project.made(RUNS)
    rates_kept = key != "tuning_seeds"
    assert made.trained == new_runs if rates_kept else new_runs <= made.trained <= new_runs + 4
    assert "prepare_data" not in made.jobs


def test_learning_rate_added_trains_its_tuning_runs(finished_project):
    study = finished_project.study()
    study["tasks"]["mlp"]["grid"]["scaled_learning_rate"].append(1.0e9)
    finished_project.write_study(study)
    assert finished_project.made(RUNS).trained == 2


def test_a_rate_of_each_beta_is_chosen_anew_from_the_same_tuning_runs(finished_project):
    study = finished_project.study()
    study["tasks"]["mlp"]["grid"]["rate_of"] = "beta"
    finished_project.write_study(study)
    planned = finished_project.planned(RUNS)
    assert (planned["select"], planned["train"]) == (1, 1)


def test_an_offset_of_seeds_trains_every_run_once_more_and_is_not_added_twice(finished_project):
    target, config = "results/again/runs.parquet", "results/again/config.yaml"
    assert finished_project.made(target, "--config", "study=again", "seed_offset=1000").trained == 2 * 2 * 1 + 2 * 2
    runs = pyarrow.parquet.read_table(finished_project.root / target).to_pandas()
    assert runs.groupby("phase")["seed"].unique().map(list).to_dict() == {"report": [1010, 1011], "tune": [1000]}
    assert finished_project.planned(target, "--config", "study=again", "seed_offset=1000") == {}
    assert finished_project.planned(target, "--configfile", config) == {}
    status = finished_project.run("temperature-check", "status", "--study", config).stdout
    assert status.splitlines() == ["0 of 8 runs to train"]


def test_value_removed_trains_nothing(finished_project):
    study = finished_project.study()
    study["tasks"]["mlp"]["grid"]["beta"] = [1.0]
    finished_project.write_study(study)
    assert finished_project.made(RUNS).trained == 0
    runs = pyarrow.parquet.read_table(finished_project.root / "results/small/runs.parquet").to_pandas()
    assert set(runs["beta"]) == {1.0}


def test_sharding_otherwise_trains_nothing(finished_project):
    study = finished_project.study()
    study["tasks"]["mlp"]["shard_by"] = ["beta", "z0", "learning_rate", "seed"]
    finished_project.write_study(study)
    made = finished_project.made(RUNS)
    assert made.jobs["train"] == 2 * 2 * 1 + 2 * 2
    assert made.trained == 0


def test_comment_docstring_format_and_touch_run_nothing(finished_project):
    engine = source(finished_project, "training/engine.py")
    edit(engine, '"""The engine, which tra', '"""As ever, the')
    engine.write_text(engine.read_text().replace("\n\n\n", "\n\n\n\n# A comment.\n\n") + "\n# And another.\n")
    edit(source(finished_project, "evaluation/metrics.py"), "np.mean(", "np.mean(  ")
    for path in finished_project.root.rglob("*"):
        if path.is_file() and path.relative_to(finished_project.root).parts[0] in ("workflow", "config", "Snakefile"):
            os.utime(path)
    made = finished_project.made()
    assert made.jobs == {}


def test_edit_of_training_code_trains_all_runs(finished_project):
    edit(source(finished_project, "theory/loss.py"), "beta * logits", "logits * beta * 1.0")
    made = finished_project.made(RUNS)
    assert made.trained == 8
    assert "prepare_data" not in made.jobs


def test_edit_of_metrics_evaluates_again(finished_project):
    edit(source(finished_project, "evaluation/metrics.py"), "== labels))", "== labels) + 0)")
    made = finished_project.made(RUNS)
    assert made.jobs["evaluate"] == 2
    assert "train" not in made.jobs or made.jobs["train"] == 1
    assert made.trained == 0


def test_edit_of_a_figure_redraws_it(finished_project):
    edit(source(finished_project, "figures/style.py"), "RESOLUTION = 200", "RESOLUTION = 100")
    assert finished_project.made().jobs == {"figure": FIGURES, "copy_figure": FIGURES, "all": 1}


def test_edit_of_one_figure_and_setting_of_a_table_make_that_again(finished_project):
    edit(source(finished_project, "figures/stability.py"), "WIDTH = 10**0.2", "WIDTH = 10**0.1")
    assert finished_project.made().jobs == STYLE
    study = finished_project.study()
    study["tables"] = {"tuned_beta": {"confidence": 0.9}}
    finished_project.write_study(study)
    assert finished_project.made().jobs == {"table": 1, "page": 1, "configuration": 1, "all": 1}


def test_edit_of_data_code_that_gives_equal_data_trains_nothing(finished_project):
    edit(source(finished_project, "data/digits.py"), "/ 16)", "* 0.0625)")
    made = finished_project.made(RUNS)
    assert made.jobs["prepare_data"] == 1
    assert made.trained == 0


def test_lost_metadata_trains_nothing_and_notices_a_changed_study(finished_project):
    shutil.rmtree(finished_project.root / ".snakemake")
    study = finished_project.study()
    study["tasks"]["mlp"]["grid"]["report_seeds"].append(12)
    finished_project.write_study(study)
    assert finished_project.made(RUNS).trained == 2
    assert finished_project.made(RUNS).jobs == {}


def test_fresh_checkout_over_results_runs_nothing(finished_project, project):
    for name in (".snakemake", "results", "figures"):
        shutil.copytree(finished_project.root / name, project.root / name)
    assert project.made().jobs == {}


def test_other_study_replaces_the_default_and_shares_its_runs(finished_project):
    other = finished_project.study()
    other["study"] = "other"
    other["tasks"]["perceptron"] = other["tasks"].pop("mlp")
    other["tasks"]["perceptron"]["grid"]["beta"] = [1.0]
    file = finished_project.root / "other.yaml"
    file.write_text(yaml.safe_dump(other))
    figure = finished_project.root / "figures/fig_beta_sweep.csv"
    default = figure.read_text()
    assert finished_project.made("figures/fig_beta_sweep.pdf", "--configfile", "other.yaml").trained == 0
    assert "perceptron" in figure.read_text()
    assert "mlp" not in figure.read_text()
    resolved = yaml.safe_load((finished_project.root / "results/other/config.yaml").read_text())
    assert list(resolved["tasks"]) == ["perceptron"]
    assert finished_project.made("figures/fig_beta_sweep.pdf").trained == 0
    assert figure.read_text() == default


def test_killed_training_keeps_its_finished_runs(project):
    study = project.study()
    study["tasks"]["mlp"]["epochs"] = 300
    study["tasks"]["mlp"]["grid"]["tuning_seeds"] = list(range(9))
    project.write_study(study)
    program = [str(Path(sys.executable).parent / "snakemake"), "--cores", "2", RUNS]
    environment = os.environ | {"PYTHONPATH": str(project.root / "workflow")}
    quiet = {"stderr": subprocess.DEVNULL, "start_new_session": True}
    process = subprocess.Popen(program, cwd=project.root, env=environment, **quiet)
    while len(project.stored()) < 3:
        assert process.poll() is None
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    kept = project.stored()
    assert 3 <= len(kept) < 36
    assert project.snakemake("--unlock").returncode == 0
    assert project.made(RUNS).trained == 36 + 4 - len(kept)
    assert kept.items() <= project.stored().items()


def test_keys_on_the_command_line_are_merged_into_the_study(finished_project):
    assert finished_project.planned("--config", "tasks={mlp: {epochs: 2}}") == {}
    assert finished_project.planned("--config", "tasks={mlp: {epochs: 3}}")["train"] == 2
