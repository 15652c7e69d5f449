"""Wrong input ends in one clear line before the first job: exit code, no traceback, nothing changed or lost."""

from __future__ import annotations

import subprocess

import numpy as np
import pytest
import yaml

RUNS = "results/small/runs.parquet"


def refused(result: subprocess.CompletedProcess, *parts: str, lines: int = 1) -> None:
    """The command failed, with `lines` lines of error, one of which holds all of `parts`, and without a traceback."""
    assert result.returncode not in (0, None)
    output = result.stdout + result.stderr
    assert "Traceback" not in output
    assert 'File "' not in output
    found = [line for line in output.splitlines() if line.startswith(("error: ", "ERROR:"))]
    assert len(found) == lines, found
    assert any(all(part in line for part in parts) for line in found), found


def change(settings: dict, path: str, value: object) -> None:
    *parents, last = path.split("/")
    for key in parents:
        settings = settings[key]
    settings[last] = value


BAD_SETTINGS = [
    ("tasks/mlp/epoch", 3, ["tasks.mlp.epoch", "unknown key", "did you mean epochs?"]),
    ("tasks/mlp/grid/betas", [1.0], ["tasks.mlp.grid.betas", "did you mean beta?"]),
    ("tasks/mlp/model/width", 512, ["tasks.mlp.model.width", "did you mean widths?"]),
    ("tasks/mlp/model/units", 512, ["tasks.mlp.model.units", "there is kind, widths, activation"]),
    ("tasks/mlp/grid/learning_rate", [1.0], ["grid.learning_rate", "did you mean scaled_learning_rate?"]),
    ("tasks/mlp/optimizer", "adam", ["tasks.mlp.optimizer: unknown key; training is SGD with momentum"]),
    ("tasks/mlp/temperature", 2, ["tasks.mlp.temperature: unknown key; give the inverse temperature, grid.beta"]),
    ("tasks/mlp/early_learning", "none", ["tasks.mlp.early_learning = 'none'", "null takes the key away"]),
    ("tasks/mlp/title", "", ["tasks.mlp.title = ''", "should not be empty"]),
    ("tasks/mlp/title", "one\ntwo", ["tasks.mlp.title", "should be one line of text; it has '\\n'"]),
    ("tasks/mlp/title", "\x1b[31mred", ["tasks.mlp.title", "it has '\\x1b'"]),
    ("tasks/mlp/title", "数字", ["tasks.mlp.title", "has '数', which the font of the figures lacks"]),
    ("tasks/mlp/title", "long " * 30, ["tasks.mlp.title", "150 characters: should have at most 100"]),
    ("taks", {}, ["taks", "unknown key", "did you mean tasks?"]),
    ("tasks/mlp/epochs", "many", ["tasks.mlp.epochs = 'many'", "integer"]),
    ("tasks/mlp/epochs", True, ["tasks.mlp.epochs = True", "number"]),
    ("tasks/mlp/grid/beta", 1.0, ["tasks.mlp.grid.beta = 1.0", "should be a list"]),
    ("tasks/mlp/grid/beta", [], ["tasks.mlp.grid.beta = []", "at least 1 value"]),
    ("tasks/mlp/grid/beta", [0.1, 1, 1.0], ["tasks.mlp.grid.beta", "each value once", "1.0"]),
    ("tasks/mlp/grid/beta", [0.1, 0], ["tasks.mlp.grid.beta[1] = 0", "greater than 0"]),
    ("tasks/mlp/grid/beta", [-1], ["tasks.mlp.grid.beta[0] = -1", "greater than 0"]),
    ("tasks/mlp/grid/beta", [float("nan")], ["tasks.mlp.grid.beta[0] = nan", "finite"]),
    ("tasks/mlp/grid/z0", [float("inf")], ["tasks.mlp.grid.z0[0] = inf", "finite"]),
    ("tasks/mlp/grid/report_seeds", [0, 10], ["tasks.mlp.grid", "no tuning seed", "0 is both"]),
    ("tasks/mlp/model", {"kind": "wide_resnet", "depth": 12, "width": 1}, ["tasks.mlp.model.depth = 12", "6n+4", "10"]),
    ("tasks/mlp/model", {"kind": "transformer"}, ["tasks.mlp.model", "'transformer'", "'mlp', 'wide_resnet'"]),
    (
        "tasks/mlp/model",
        {"kind": "text_gru", "embedding": 8, "units": 8},
        ["tasks.mlp.model.kind = 'text_gru'", "a network of images, as data.digits are"],
    ),
    ("tasks/mlp/batch_size", 61, ["tasks.mlp.batch_size = 61", "at most data.digits.train = 60"]),
    ("tasks/mlp/shard_by", ["depth"], ["tasks.mlp.shard_by[0] = 'depth'", "'beta'"]),
    ("tasks/mlp/data", "cifar", ["tasks.mlp.data = 'cifar'", "should be one of digits"]),
    ("data/digits", {"source": "mnist"}, ["data.digits", "source 'mnist' should be one of", "'cifar10'"]),
    (
        "data/digits",
        {"source": "cifar10", "train": 50_000, "validation": 1},
        ["data.digits", "train + validation = 50,001", "at most 50,000"],
    ),
    (
        "data/digits",
        {"source": "imdb", "train": 1, "validation": 1, "test": 25_001},
        ["data.digits", "test = 25,001", "at most 25,000"],
    ),
    (
        "data/digits",
        {"source": "imagenet", "train": 1_231_168},
        ["data.digits", "train + validation = 1,281,168", "at most 1,281,167"],
    ),
    ("data/digits", {"source": "imagenet", "split_seed": 1}, ["data.digits", "split_seed", "unknown key"]),
    ("data/digits/train", 1800, ["data.digits", "1,890", "at most 1,797"]),
    ("figures", {"beta_sweep": {"tasks": ["wrn"]}}, ["figures.beta_sweep.tasks = 'wrn'", "should be one of mlp"]),
    (
        "figures",
        {"phase_plane": {"tasks": ["mlp"]}},
        ["figures.phase_plane.tasks = 'mlp'", "several values"],
    ),
    ("figures", {"stability": {"confidance": 0.9}}, ["figures.stability.confidance", "did you mean confidence?"]),
    ("figures", {"beta_swoop": {}}, ["figures.beta_swoop", "unknown key", "did you mean beta_sweep?"]),
    ("study", "../results", ["study = '../results'", "should be a short name"]),
    ("study", "store", ["study = 'store'", "none of store, reference"]),
    ("tasks/mlp/grid/tuning_seeds", [0, 0], ["tasks.mlp.grid.tuning_seeds", "0 is repeated"]),
    ("figures", {"beta_sweep": {"color": "bleu"}}, ["figures.beta_sweep.color = 'bleu'", "#rrggbb"]),
    ("tasks/mlp/grid/tuning_seeds", list(range(100, 25100)), ["100,004 runs", "mlp alone", "raise max_runs"]),
    ("evaluation", {"failed_below": 10}, ["evaluation.failed_below = 10", "below 10", "data.digits", "every run"]),
    ("engine", {"threads": 0}, ["engine.threads = 0", "greater than 0"]),
    ("engine", {"device": "tpu"}, ["engine.device = 'tpu'", "'cpu' or 'gpu'"]),
    ("tasks/mlp/augmentation", {"padding": 8}, ["tasks.mlp.augmentation.padding = 8", "less than 8"]),
    ("tasks/mlp/schedule", {"warmup_epochs": 2}, ["schedule has 2 epochs", "fewer than epochs = 2"]),
    ("tasks/mlp/schedule", {"decay": "steps"}, ["tasks.mlp.schedule", "milestones should be given with decay: steps"]),
    ("tasks/mlp/precision", "float16", ["tasks.mlp.precision = 'float16'", "'bfloat16'"]),
]


@pytest.mark.parametrize(
    ("path", "value", "parts"), BAD_SETTINGS, ids=lambda value: value if isinstance(value, str) else ""
)
def test_bad_setting(project, path, value, parts):
    study = project.study()
    change(study, path, value)
    project.write_study(study)
    before = project.tree()
    refused(project.snakemake(), "config/config.yaml: ", *parts)
    assert project.tree() == before


def test_all_errors_of_a_file_are_listed(project):
    study = project.study()
    study["tasks"]["mlp"] |= {"epoch": 3, "batch_size": 0}
    study["tasks"]["mlp"].pop("epochs")
    study["tasks"]["..\u2215evil; rm -rf"] = study["tasks"]["mlp"] | {"batch_size": 20, "epochs": 2}
    study["tasks"]["..\u2215evil; rm -rf"].pop("epoch")
    project.write_study(study)
    result = project.snakemake()
    refused(result, "tasks.mlp.epoch: unknown key; did you mean epochs?", lines=3)
    refused(result, "tasks.mlp.batch_size = 0", "greater than 0", lines=3)
    refused(result, "evil; rm -rf", "should be a short name", lines=3)


def test_all_contradictions_are_listed(project):
    study = project.study()
    study["tasks"]["mlp"] |= {"batch_size": 100, "augmentation": {"padding": 9}}
    study["figures"] = {"beta_sweep": {"tasks": ["a", "b"]}}
    project.write_study(study)
    refused(project.snakemake(), "figures.beta_sweep.tasks = 'b'", lines=4)


def test_bad_setting_in_a_study_of_configfile_and_of_config(project):
    study = project.study()
    change(study, "tasks/mlp/grid/beta", [-1])
    (project.root / "mine.yaml").write_text(yaml.safe_dump(study))
    refused(project.snakemake("--configfile", "mine.yaml"), "mine.yaml: tasks.mlp.grid.beta[0] = -1")
    refused(project.snakemake("--config", "study=UPPER"), "study = 'UPPER'")


@pytest.mark.parametrize(("text", "part"), [("study: [", "not valid YAML"), ("- a list", "mapping"), ("", "mapping")])
def test_study_file_that_is_none(project, text, part):
    project.study_file.write_text(text)
    refused(project.snakemake(), "config/config.yaml", part)


def test_study_file_that_is_missing_a_directory_or_binary(project):
    refused(project.run("temperature-check", "runs", "--study", "nowhere.yaml"), "nowhere.yaml", "No such file")
    refused(project.run("temperature-check", "runs", "--study", "config"), "config", "Is a directory")
    (project.root / "binary.yaml").write_bytes(b"\xff\xfe\x00\x80")
    refused(project.run("temperature-check", "runs", "--study", "binary.yaml"), "binary.yaml", "not UTF-8")


def test_half_written_data_directory(project):
    study = project.study()
    study["data"]["digits"] = {"source": "imagenet", "data_dir": "data", "validation": 100}
    project.write_study(study)
    (project.root / "data/imagenet2012/5.1.0").mkdir(parents=True)
    refused(project.snakemake(), "data/imagenet2012/5.1.0: not a whole data set, dataset_info.json is missing")
    assert not (project.root / "results/small/data").exists()


@pytest.mark.parametrize("missing", ["ILSVRC2012_img_train.tar", "ILSVRC2012_img_val.tar"])
def test_missing_archive_of_imagenet_before_the_first_job(project, missing):
    study = project.study()
    study["data"]["digits"] = {"source": "imagenet", "data_dir": "data", "manual_dir": "archives", "validation": 100}
    project.write_study(study)
    (project.root / "archives").mkdir()
    with (project.root / "archives/ILSVRC2012_img_train.tar").open("wb") as archive:
        # A hole of the archive's size: it takes no space.
        archive.truncate(147_897_477_120 if missing != archive.name.rpartition("/")[2] else 10)
    before = project.tree()
    for arguments in ((), ("--dry-run",)):
        refused(
            project.snakemake(*arguments), f"archives/{missing}", "data/imagenet2012 is not prepared", "image-net.org"
        )
    assert project.tree() == before


@pytest.mark.parametrize(
    ("target", "parts"),
    [
        ("figures/fig_beta_swoop.pdf", ["'beta_swoop' is no figure; there is beta_sweep"]),
        ("results/small/tables/gru-tune.parquet", ["'gru' is no task of small; there is mlp"]),
        ("results/small/shards/gru/tune/all.csv", ["'gru' is no task of small; there is mlp"]),
        ("results/small/shards/mlp/onset/all.csv", ["'onset' is no phase of mlp; there is tune, report"]),
        ("results/small/shards/mlp/largest_rate/all.csv", ["'largest_rate' is no phase of mlp; there is tune, report"]),
        ("results/small/starts/mlp.parquet", ["'mlp' is no task with early_learning"]),
        ("results/small/shards/mlp/tune/beta=5.csv", ["'beta=5' is no shard of mlp in phase tune; there is all"]),
        ("results/small/data/imdb.npz", ["'imdb' is no data set of small; there is digits"]),
    ],
)
def test_unknown_target(finished_project, target, parts):
    before = finished_project.tree()
    refused(finished_project.snakemake(target), *parts)
    assert finished_project.tree() == before
    assert finished_project.made().jobs == {}


def test_norm_that_no_cell_reaches(project):
    study = project.study()
    study["tasks"]["mlp"]["grid"]["z0"] = [0.001, 1000.0]
    study["figures"] = {"beta_sweep": {"z0": 0.001}}
    project.write_study(study)
    result = project.snakemake()
    refused(result, "tasks.mlp.grid.z0 = 1000: no β of the grid reaches it (at most", "at β = 1", "raise β")
    assert project.stored() == {}


def test_truncated_run_is_named_kept_and_hurts_no_other(finished_project):
    damaged = sorted((finished_project.root / "results/store").glob("*/*.npz"))[0]
    damaged.write_bytes(damaged.read_bytes()[:-100])
    before = finished_project.stored()
    result = finished_project.snakemake(RUNS, "--forcerun", "train", "evaluate")
    refused(result, str(damaged.relative_to(finished_project.root)), "damaged", "delete it")
    assert finished_project.stored() == before
    damaged.unlink()
    assert finished_project.made(RUNS, "--forcerun", "train").trained == 1


def test_truncated_data_set_is_named(finished_project):
    data = finished_project.root / "results/small/data/digits.npz"
    data.write_bytes(data.read_bytes()[:1000])
    refused(
        finished_project.snakemake(RUNS, "--forcerun", "train"), "results/small/data/digits.npz", "damaged", "delete it"
    )


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (["run", "zzz"], ["0 runs of small have a key that starts with 'zzz'"]),
        (["run", ""], ["8 runs of small"]),
        (["runs", "--sort", "accuracy"], ["no column 'accuracy'", "test_accuracy"]),
        (["runs", "--columns", "beta,nope"], ["no column 'nope'"]),
        (["runs", "--where", "nope > 1"], ["--where 'nope > 1'", "columns are"]),
        (["runs", "--where", "beta >"], ["--where 'beta >'"]),
        (["runs", "--where", "beta"], ["--where 'beta'", "true or false"]),
        (["train", "config/config.yaml", "gru", "tune", "all"], ["'gru' is no task"]),
        (["train", "config/config.yaml", "mlp", "tuning", "all"], ["'tuning' is no phase of mlp; there is tune"]),
        (["train", "config/config.yaml", "mlp", "report", "all"], ["phase report needs RATES"]),
        (["evaluate", "config/config.yaml", "gru", "tune"], ["'gru' is no task"]),
        (["figure", "config/config.yaml", "sweep", "--table", "results/small/runs.parquet"], ["'sweep' is no figure"]),
    ],
)
def test_bad_command(finished_project, arguments, parts):
    if arguments[0] in ("train", "evaluate"):
        arguments = [*arguments, "--data", "results/small/data/digits.npz"]
    if arguments[0] in ("train", "evaluate", "figure"):
        arguments = [*arguments, "--output", "out"]
    before = finished_project.tree()
    refused(finished_project.run("temperature-check", *arguments), *parts)
    assert finished_project.tree() == before


def test_table_that_is_missing_or_damaged(finished_project):
    table = finished_project.root / "results/small/runs.parquet"
    table.write_bytes(table.read_bytes()[:200])
    refused(finished_project.run("temperature-check", "runs"), "results/small/runs.parquet", "damaged")
    table.unlink()
    refused(finished_project.run("temperature-check", "runs"), "not there yet", "snakemake results/small/runs.parquet")


def test_stored_run_with_pickled_objects_is_not_loaded(finished_project):
    entry = sorted((finished_project.root / "results/store").glob("*/*.npz"))[0]
    np.savez(entry, facts=np.array("{}"), validation_logits=np.array([object()], dtype=object))
    refused(finished_project.snakemake(RUNS, "--forcerun", "evaluate"), entry.name, "damaged")
