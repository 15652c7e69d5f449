"""Configuration: what is accepted, how grids become runs and shards."""

from __future__ import annotations

import copy
import json

import pytest

from temperature_check.base.errors import UserError
from temperature_check.base.paths import DEFAULT_STUDY
from temperature_check.runs.key import key_of, made_of
from temperature_check.runs.rates import ChosenRate
from temperature_check.study.figures import RENAMED, Panel
from temperature_check.study.file import check_study, load_study, study_schema, write_study
from tests.conftest import ROOT


def test_default_study_is_valid_and_called_digits():
    assert load_study(ROOT / DEFAULT_STUDY).study == "digits"


def test_studies_that_come_along_are_valid_and_have_names_of_their_own():
    files = sorted((ROOT / "config").glob("*.yaml"))
    assert len({load_study(file).study for file in files}) == len(files) >= 2


def test_full_study_trains_no_run_of_the_default_study_again():
    default, full = (load_study(ROOT / "config" / name) for name in ("config.yaml", "digits_full.yaml"))
    for name in default.tasks:
        assert default.phase(name, "tune").training == full.phase(name, "tune").training
        assert default.data["digits"] == full.data["digits"]
        assert set(default.phase(name, "tune").grid_runs()) <= set(full.phase(name, "tune").grid_runs())


def test_study_of_the_paper_has_the_runs_of_its_parts():
    paper = load_study(ROOT / "config/paper.yaml")
    parts = [load_study(ROOT / f"config/{name}.yaml") for name in ("cifar10", "imdb", "imagenet")]
    assert paper.tasks == {name: task for part in parts for name, task in part.tasks.items()}
    assert paper.data == {name: data for part in parts for name, data in part.data.items()}
    assert all(paper.engine == part.engine for part in parts)


@pytest.mark.parametrize("name", ["cifar10", "imdb", "imagenet"])
def test_reduced_studies_say_so_in_their_figures_and_differ_in_size_alone(name):
    whole, reduced = (load_study(ROOT / f"config/{part}.yaml") for part in (name, f"{name}_reduced"))
    assert list(reduced.tasks) == list(whole.tasks)
    assert reduced.size() < whole.size() / 2
    for key, task in reduced.tasks.items():
        assert task.title.endswith("(reduced)")
        assert f"{task.epochs} epochs" in task.title
        same = {"model", "batch_size", "augmentation", "precision", "momentum", "label_smoothing", "weight_decay"}
        assert task.model_dump(include=same) == whole.tasks[key].model_dump(include=same)


@pytest.mark.parametrize("name", ["cifar10", "imagenet", "paper", "cifar10_reduced", "imagenet_reduced"])
def test_beta_of_one_is_trained_in_the_precision_of_both_its_sides(name):
    tasks = load_study(ROOT / f"config/{name}.yaml").tasks
    bodies = {task for task, settings in tasks.items() if settings.precision == "bfloat16"}
    assert bodies
    for task in bodies:
        single = tasks[f"{task}_float32"]
        assert (single.precision, single.grid.beta) == ("float32", (1,))
        differing = {"precision", "title", "grid"}
        assert single.model_dump(exclude=differing) == tasks[task].model_dump(exclude=differing)
        assert single.grid.report_seeds == tasks[task].grid.report_seeds


def test_schema_file_is_the_one_generated():
    assert json.loads((ROOT / "config/schema.json").read_text()) == json.loads(json.dumps(study_schema()))


def test_every_field_is_described():
    definitions = [study_schema(), *study_schema()["$defs"].values()]
    fields = {name: field for definition in definitions for name, field in definition["properties"].items()}
    assert not [name for name, field in fields.items() if "description" not in field]


def test_resolved_study_reads_back_equal(small_study, tmp_path):
    study = check_study(small_study, "study")
    write_study(study, tmp_path / "resolved.yaml")
    assert load_study(tmp_path / "resolved.yaml") == study


def test_a_study_of_another_version_is_refused(small_study):
    assert check_study(small_study | {"version": 1}, "study") == check_study(small_study, "study")
    with pytest.raises(UserError, match=r"^study: version = 2: should be 1"):
        check_study(small_study | {"version": 2}, "study")


@pytest.mark.parametrize(("former", "now"), RENAMED.items())
def test_former_names_of_figures_are_read(small_study, former, now):
    study = check_study(small_study | {"figures": {former: {"color": "#000000"}}}, "study")
    assert study.figure(now).color == "#000000"
    assert now in study.model_dump()["figures"]


def test_former_name_of_the_largest_rate_is_read(small_study):
    search = {"beta": [1.0], "z0": 0.001, "between": [0.01, 1.0], "halvings": 2, "steps": 3}
    task = small_study["tasks"]["mlp"]
    found = []
    for name in ("bisection", "largest_rate"):
        task["early_learning"] = {"examples": 20, "seeds": [0], name: search}
        found.append(check_study(small_study, "study").phase("mlp", "largest_rate").digests())
    assert found[0] == found[1]


def test_who_shares_a_rate_determines_no_run(small_study):
    before = check_study(small_study, "study").phase("mlp", "tune").digests()
    small_study["tasks"]["mlp"]["grid"]["rate_of"] = "beta"
    assert check_study(small_study, "study").phase("mlp", "tune").digests() == before


@pytest.mark.parametrize(
    "changes",
    [
        {"search": {"method": "halving", "rungs": [{"length": 0.5, "seeds": 1}]}},
        {"search": {"method": "grid", "bounds": [0.001, 10]}},
        {"lengths": [1, 2]},
    ],
)
def test_a_shared_rate_is_refused_where_each_cell_is_searched_alone(small_study, changes):
    task = small_study["tasks"]["mlp"]
    task["grid"]["rate_of"] = "beta"
    with pytest.raises(UserError) as error:
        check_study(small_study | {"tasks": {"mlp": task | changes}}, "study")
    (line,) = error.value.lines
    assert "tasks.mlp" in line
    assert "grid.rate_of = 'beta': should be absent" in line


def test_numbers_as_yaml_reads_them(small_study):
    small_study["tasks"]["mlp"]["grid"]["beta"] = ["1e-3", 1]
    assert check_study(small_study, "study").tasks["mlp"].grid.beta == (0.001, 1.0)


def test_tuning_runs_are_the_product_of_the_grid(small_study):
    runs = check_study(small_study, "study").phase("mlp", "tune").runs()
    assert len(set(runs)) == len(runs) == 2 * 1 * 2 * 1
    assert {run.phase for run in runs} == {"tune"}
    assert {run.learning_rate for run in runs} == {0.01 / 0.1, 0.1 / 0.1, 0.01, 0.1}


def test_report_runs_have_the_chosen_rates_and_fresh_seeds(small_study):
    study = check_study(small_study, "study")
    rates = {
        ("mlp", 0.1, 0.001): (ChosenRate(0.1, 0.001, 0.01, "", 0.9, 1),),
        ("mlp", 1.0, 0.001): (ChosenRate(1.0, 0.001, None, "", None, 0),),
    }
    runs = study.phase("mlp", "report").runs(rates)
    assert [(run.beta, run.scaled_learning_rate, run.seed) for run in runs] == [(0.1, 0.01, 10), (0.1, 0.01, 11)]


def test_report_runs_have_the_length_of_the_task_and_that_of_their_cell(small_study):
    small_study["tasks"]["mlp"]["grid"]["beta"] = [0.1]
    study = check_study(small_study, "study")
    chosen = [ChosenRate(0.1, 0.001, rate, "", 0.9, 1, length) for rate, length in ((0.1, 1.0), (0.01, 4.0))]
    runs = study.phase("mlp", "report").runs({("mlp", 0.1, 0.001): tuple(chosen)})
    assert [(run.scaled_learning_rate, run.length) for run in runs] == [(0.1, 1.0)] * 2 + [(0.01, 4.0)] * 2


@pytest.mark.parametrize("shard_by", [[], ["beta"], ["seed", "beta"], ["beta", "z0", "learning_rate", "seed"]])
@pytest.mark.parametrize("phase", ["tune", "report"])
def test_shards_divide_the_runs(small_study, shard_by, phase):
    small_study["tasks"]["mlp"]["shard_by"] = shard_by
    study = check_study(small_study, "study")
    shards = study.phase("mlp", phase).shards()
    runs = [run for shard in shards.values() for run in shard]
    expected = study.phase("mlp", phase).runs()
    assert sorted(map(repr, runs)) == sorted(map(repr, expected))


def test_shard_names(small_study):
    small_study["tasks"]["mlp"]["shard_by"] = ["beta", "learning_rate"]
    study = check_study(small_study, "study")
    assert list(study.phase("mlp", "report").shards()) == ["beta=0.1", "beta=1.0"]
    assert "beta=0.1,learning_rate=0.01" in study.phase("mlp", "tune").shards()


def test_shard_digest_changes_with_what_bears_on_its_runs_alone(small_study):
    small_study["tasks"]["mlp"]["shard_by"] = ["beta"]
    before = check_study(small_study, "study").phase("mlp", "tune").digests()
    small_study["tasks"]["mlp"]["grid"]["beta"].append(10.0)
    small_study["tasks"]["mlp"]["title"] = "Perceptron"
    small_study["evaluation"] = {"calibration_bins": 5}
    after = check_study(small_study, "study").phase("mlp", "tune").digests()
    assert before.items() < after.items()
    small_study["tasks"]["mlp"]["epochs"] += 1
    assert not before.items() & check_study(small_study, "study").phase("mlp", "tune").digests().items()


def test_key_leaves_out_the_name_of_the_task(small_study):
    run = check_study(small_study, "study").phase("mlp", "tune").runs()[0]
    small_study["tasks"]["other"] = small_study["tasks"]["mlp"]
    other = check_study(small_study, "study").phase("other", "tune").runs()[0]
    keys = [key_of(made_of(each, {}, {"code": code})) for each, code in ((run, "1"), (other, "1"), (run, "2"))]
    assert keys[0] == keys[1] != keys[2]


def test_plain_initialization_takes_no_norm(small_study):
    small_study["tasks"]["mlp"]["initialization"] = "plain"
    with pytest.raises(UserError, match=r"grid.z0 should be given with correlated"):
        check_study(small_study, "study")
    del small_study["tasks"]["mlp"]["grid"]["z0"]
    assert check_study(small_study, "study").phase("mlp", "tune").runs()[0].z0 is None


def test_phase_plane_shows_the_tasks_that_have_several_norms(small_study):
    assert check_study(small_study, "study").panels("phase_plane") == []
    small_study["tasks"]["wide"] = copy.deepcopy(small_study["tasks"]["mlp"])
    small_study["tasks"]["wide"]["grid"]["z0"] = [0.001, 0.1]
    study = check_study(small_study, "study")
    assert study.panels("phase_plane") == [Panel("wide", "MLP", (0.001, 0.1))]
    assert [panel.z0 for panel in study.panels("stability")] == [0.001, 0.001]
    small_study["figures"] = {"phase_plane": {"tasks": ["mlp"]}}
    with pytest.raises(UserError, match=r"figures.phase_plane.tasks = 'mlp': should have several values of grid.z0"):
        check_study(small_study, "study")


@pytest.mark.parametrize("figure", ["beta_sweep", "stability"])
def test_norm_of_a_figure_is_one_of_the_grid(small_study, figure):
    small_study["figures"] = {figure: {"z0": 0.5}}
    with pytest.raises(UserError, match=rf"figures.{figure}.z0 = 0.5: should be one of \[0.001\], which task mlp has"):
        check_study(small_study, "study")


def test_experiments_on_a_stream_take_no_more_examples_than_are_in_memory(small_study):
    small_study["data"]["digits"] = {"source": "imagenet"}
    curves = {"beta": [1], "z0": 0.01, "effective_learning_rate": 0.01, "steps": 2}
    small_study["tasks"]["mlp"]["early_learning"] = early = {"examples": 256, "seeds": [0], "curves": curves}
    assert check_study(small_study, "study").dataset("digits").train == 1_231_167
    early["examples"] = 257
    with pytest.raises(UserError, match=r"early_learning.examples = 257: should be at most 256, the examples of data."):
        check_study(small_study, "study")
