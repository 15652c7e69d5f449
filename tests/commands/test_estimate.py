"""The estimate of a study: its counts are those of the workflow, and its hours come from the speeds it names."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import numpy as np
import pytest
import yaml
from pydantic import TypeAdapter

from temperature_check.adaptive.search import searches
from temperature_check.base.errors import UserError
from temperature_check.base.paths import StudyPaths
from temperature_check.base.record import Record
from temperature_check.commands.estimate import estimate_study, needed_phases, plan, typical_runs
from temperature_check.commands.speeds import (
    Measurement,
    Speed,
    calibrated_speed,
    read_speeds,
    recorded_speed,
    speed_settings,
    write_speeds,
)
from temperature_check.commands.status import status
from temperature_check.data.file import in_memory
from temperature_check.data.prepare import prepare_dataset
from temperature_check.data.synthetic import dataset_bytes, synthetic_dataset
from temperature_check.runs.rates import ChosenRate, write_rates
from temperature_check.runs.store import Store
from temperature_check.study.data import DataSettings
from temperature_check.study.file import check_study
from temperature_check.training.backend import processor_name
from temperature_check.training.trainer import Trainer
from tests.evaluation.test_early_learning import EARLY, early_study
from tests.workflow.test_bad_input import refused

STEPS = 2 * (60 // 20)


@pytest.fixture
def study():
    return early_study()


@pytest.fixture
def speed_file(study, tmp_path):
    """A file in which every phase of the study has 2 steps a second, and a job starts in 10 seconds."""
    write_speeds(tmp_path / "speeds.csv", speeds_of(study))
    return tmp_path / "speeds.csv"


def speeds_of(study, steps_per_second: float = 2.0, start_seconds: float | None = 10.0) -> list[Speed]:
    return [
        Speed(
            phase.task_name, phase.name, steps_per_second, start_seconds, "a device", speed_settings(phase), "records"
        )
        for phase in study.phases()
    ]


def part(result, phase: str):
    (found,) = [part for part in result.parts if part.phase == phase]
    return found


def test_counts_are_those_of_a_dry_run(project, speed_file):
    settings = project.study()
    settings["tasks"]["mlp"] |= {"shard_by": ["beta", "seed"], "early_learning": copy.deepcopy(EARLY)}
    project.write_study(settings)
    study = check_study(settings, "study")
    for target, rules in (
        ([], ("train", "starts")),
        (["figures/fig_beta_sweep.pdf"], ("train",)),
        (["results/small/figures/fig_time_scales.pdf"], ("train", "starts")),
        (["figures/fig_claims.pdf"], ("train", "starts")),
    ):
        planned = project.planned(*target)
        counted = estimate_study(study, Store(project.root / "nowhere"), target, speeds=speed_file).table()
        assert counted.loc["total", "jobs"] == sum(planned.get(rule, 0) for rule in rules)
    all_runs = estimate_study(study, Store(project.root / "nowhere"), speeds=speed_file)
    assert {part.phase: part.runs for part in all_runs.parts} == {
        **{"tune": 4, "report": 4, "onset": 8, "departure": 4, "departure_linearized": 4, "largest_rate": 2 * (21 + 3)},
        **dict.fromkeys(("curves_exact", "curves_linearized", "curves_correlated"), 4),
    }


def test_hours_are_steps_over_speed_and_the_start_of_jobs(study, speed_file, tmp_path):
    result = estimate_study(study, Store(tmp_path), speeds=speed_file)
    assert part(result, "tune").hours(4) == pytest.approx((4 * STEPS / 2 + 10) / 3600)
    assert part(result, "largest_rate").hours(12) == pytest.approx((12 * 10 / 2 + 10) / 3600)
    threads = check_study(study.model_dump() | {"engine": {"threads": 4}}, "study")
    write_speeds(speed_file, speeds_of(threads))
    assert part(estimate_study(threads, Store(tmp_path), speeds=speed_file), "tune").hours(4) == pytest.approx(
        4 * (4 * STEPS / 2 + 10) / 3600
    )


def test_speeds_read_back_are_those_written(study, speed_file):
    assert read_speeds(speed_file) == speeds_of(study)
    write_speeds(speed_file, speeds_of(study, 1 / 3, None))
    assert read_speeds(speed_file) == speeds_of(study, 1 / 3, None)


def test_a_calibration_weighs_the_precisions_of_a_phase(study, monkeypatch):
    settings = copy.deepcopy(study.model_dump())
    settings["tasks"]["mlp"] |= {"precision": "bfloat16"}
    settings["tasks"]["mlp"]["grid"] |= {"beta": [0.01, 0.1, 10.0], "z0": [0.001]}
    mixed = check_study(settings, "study")
    typical = typical_runs(mixed.phase("mlp", "tune"))
    assert {run.beta: share for run, share in typical.items()} == pytest.approx({0.1: 2 / 3, 10.0: 1 / 3})
    seconds = {0.1: 1.0, 10.0: 4.0}

    def measured(training, data, settings, run, steps):
        return Measurement("a device", 10 * seconds[run.beta], seconds[run.beta], {"validation": 0.5, "test": 7.0})

    monkeypatch.setattr("temperature_check.commands.speeds._measured", measured)
    speed = calibrated_speed(mixed.phase("mlp", "tune"), typical)
    assert STEPS / speed.steps_per_second == pytest.approx(2 / 3 * 1 + 1 / 3 * 4 + 0.5)
    assert speed.start_seconds == pytest.approx(20)


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", "\xff", None, "negative", "word", "source"])
def test_file_of_speeds_that_is_none(study, speed_file, text):
    if text is None:
        speed_file.unlink()
    elif text in ("negative", "word", "source"):
        old, new = {"negative": ("2.0", "-2.0"), "word": ("10.0", "fast"), "source": ("records", "hearsay")}[text]
        speed_file.write_text(speed_file.read_text().replace(old, new))
    else:
        speed_file.write_bytes(text.encode("latin-1"))
    with pytest.raises(UserError, match=r"speeds.csv: not a file of speeds.*--write-speeds"):
        read_speeds(speed_file)


def test_speed_that_is_missing_or_of_other_settings(study, speed_file, tmp_path):
    with_batch = copy.deepcopy(study.model_dump())
    with_batch["tasks"]["mlp"]["batch_size"] = 30
    with pytest.raises(UserError, match=r"speeds.csv: task mlp in phase tune was measured with other settings"):
        estimate_study(check_study(with_batch, "study"), Store(tmp_path), speeds=speed_file)
    longer = copy.deepcopy(study.model_dump())
    longer["tasks"]["mlp"]["epochs"] = 20
    assert (
        part(estimate_study(check_study(longer, "study"), Store(tmp_path), speeds=speed_file), "tune").steps
        == 10 * STEPS
    )
    write_speeds(speed_file, speeds_of(study)[:1])
    with pytest.raises(UserError, match=r"speeds.csv: no speed of task mlp in phase report; measure it"):
        estimate_study(study, Store(tmp_path), speeds=speed_file)


def test_targets(study):
    assert {phase.name for phase in needed_phases(study, ["results/small/tables/tuned_beta.md"])} == {"tune", "report"}
    early = {phase.name for phase in needed_phases(study, ["figures/fig_timescales.pdf"])}
    assert early == set(study.task("mlp").early_learning.phases())
    assert len(needed_phases(study, ["figures/fig_beta_sweep.pdf", "figures/fig_timescales.pdf"])) == 2 + len(early)
    with pytest.raises(UserError, match="'swoop' is no figure; there is beta_sweep"):
        needed_phases(study, ["figures/fig_swoop.pdf"])
    with pytest.raises(UserError, match=r"--target data.npz: should be a figure or table"):
        needed_phases(study, ["data.npz"])


def test_speed_of_records_is_the_median_of_those_that_finished(study):
    def record(seconds: float, status: str = "finished") -> Record:
        return Record({"history_step": np.array([0, 6])}, {"status": status, "seconds": seconds, **device})

    device = {"hardware": "a processor"}
    found = recorded_speed(study.phase("mlp", "tune"), [record(1.0), record(2.0), record(9.0), record(0.1, "diverged")])
    assert (found.steps_per_second, found.start_seconds, found.source) == (3.0, None, "records")
    assert recorded_speed(study.phase("mlp", "tune"), [record(1.0, "diverged")]) is None


def test_bisection_counts_its_most_runs_until_it_is_finished(study, tmp_path):
    store, data = Store(tmp_path), in_memory(prepare_dataset(study.dataset("digits")))
    phase = study.phase("mlp", "largest_rate")
    settings = phase.task.early_learning.largest_rate
    scanned = len(settings.scanned())
    bound = 2 * (scanned + settings.halvings)
    assert plan(phase, store, None) == (bound, [], bound, bound, 0)
    trainer = Stable(phase.training, data, study.engine, store)
    first, second = searches(phase)
    assert len(list(first.runs(trainer.record))) == scanned
    half = plan(phase, store, data)
    assert (half.runs, len(half.keys)) == (scanned + bound // 2, scanned)
    assert len(list(second.runs(trainer.record))) == scanned
    assert plan(phase, store, data).runs == 2 * scanned


def searching(study, **changes):
    """The study with a search of rates, in which the best rate is in the middle."""
    settings = copy.deepcopy(study.model_dump())
    task = settings["tasks"]["mlp"]
    task["early_learning"] = None
    task["grid"] |= {"beta": [1.0], "z0": [0.001], "scaled_learning_rate": [0.01, 0.1, 1.0], "tuning_seeds": [0, 1]}
    settings["tasks"]["mlp"] = task | changes
    return check_study(settings, "study")


RUNGS = {"method": "halving", "rungs": [{"length": 0.25, "seeds": 1}], "keep": 0.3}


@pytest.mark.parametrize(
    ("changes", "most", "base"),
    [
        # The best rate and its lower neighbour are left after the rung.
        ({"search": RUNGS}, 3 * 0.25 + 3 * 2, 3 * 0.25 + 2 * 2),
        ({"search": RUNGS | {"bounds": [0.001, 200]}}, 3 * 0.25 + (3 + 2) * 2, 3 * 0.25 + 2 * 2),
        ({"lengths": [1, 2, 4]}, 3 * 2 * (1 + 2 + 4), 3 * 2),
        ({"search": RUNGS, "lengths": [1, 4]}, 3 * 0.25 + 3 * 2 * 1 + 3 * 2 * 4, 3 * 0.25 + 2 * 2),
    ],
)
def test_a_search_costs_the_lengths_of_its_runs(study, tmp_path, changes, most, base):
    searched = searching(study, **changes)
    write_speeds(tmp_path / "speeds.csv", speeds_of(searched))
    result = estimate_study(searched, Store(tmp_path), speeds=tmp_path / "speeds.csv")
    tune = part(result, "tune")
    assert (tune.lengths, tune.base_lengths, tune.stored_lengths) == pytest.approx((most, base, 0))
    hours = json.loads(result.json())
    assert hours["hours"] - hours["hours_base"] == pytest.approx((most - base) * STEPS / 2 / 3600)
    assert hours["hours"] == pytest.approx(hours["hours_left"])
    assert f"the total is {hours['hours_base']:,.3g} core-hours" in result.text()


def test_a_full_grid_has_one_cost(study, speed_file, tmp_path):
    result = estimate_study(study, Store(tmp_path), ["figures/fig_beta_sweep.pdf"], speeds=speed_file)
    assert "If length 1" not in result.text()
    assert "count at length 1" not in result.text()
    assert json.loads(result.json())["hours_base"] == json.loads(result.json())["hours"]


def searched_phase(study, folder):
    searched = searching(study, search=RUNGS, lengths=[1, 2])
    phase, data = searched.phase("mlp", "tune"), in_memory(prepare_dataset(searched.dataset("digits")))
    return phase, Fitting(phase.training, data, searched.engine, Store(folder))


def test_a_finished_search_costs_what_it_trained(study, tmp_path):
    phase, trainer = searched_phase(study, tmp_path)
    (search,) = searches(phase)
    lengths = [run.length for run in search.runs(trainer.record)]
    assert plan(phase, trainer.store, trainer.data)[2:] == (sum(lengths),) * 3
    assert set(lengths) == {0.25, 0.5, 1.0, 2.0}


def test_an_unfinished_search_has_some_of_its_lengths_in_the_store(study, tmp_path):
    phase, trainer = searched_phase(study, tmp_path)
    (search,) = searches(phase)
    runs = search.runs(trainer.record)
    for _ in range(3):
        next(runs)
    found = plan(phase, trainer.store, trainer.data)
    assert found.stored_lengths == 2 * 0.25
    assert found.lengths == sum(search.most) > found.base_lengths == sum(search.base)


def test_status_prices_runs_by_their_lengths(study, tmp_path, monkeypatch):
    phase, trainer = searched_phase(study, tmp_path)
    (search,) = searches(phase)
    runs = search.runs(trainer.record)
    for _ in range(3):
        next(runs)
    tune, *_ = speeds_of(phase.study)
    monkeypatch.setattr("temperature_check.commands.status.recorded", lambda *_: tune)
    left = next(part for part in status(phase.study, trainer.store) if part.phase == "tune")
    assert (left.runs, left.stored) == (len(search.most), 2)
    assert left.seconds == pytest.approx((sum(search.most) - 2 * 0.25) * STEPS / 2)


def test_report_runs_count_at_the_settled_length_if_rates_are_known(study, tmp_path, monkeypatch):
    searched = searching(study, lengths=[1, 4])
    monkeypatch.chdir(tmp_path)
    write_speeds(tmp_path / "speeds.csv", speeds_of(searched))
    seeds = len(searched.task("mlp").grid.report_seeds)

    def estimated():
        return estimate_study(searched, Store(tmp_path / "store"), speeds=tmp_path / "speeds.csv")

    said = "Report runs of mlp count at length 1, because their rates are not chosen yet."
    assert part(estimated(), "report").lengths == seeds
    assert said in estimated().text()
    rates = [ChosenRate(1.0, 0.001, 0.1, "", 0.9, 2, length) for length in (1.0, 4.0)]
    write_rates(Path(StudyPaths(searched.study).rates.format(task="mlp")), "mlp", rates)
    assert part(estimated(), "report").lengths == seeds * (1 + 4)
    assert said not in estimated().text()


class Fitting(Trainer):
    """Trains nothing: the middle rate is best, and runs of length 2 fit."""

    def train_one(self, run, checkpoints):
        accuracy = 0.9 - 0.1 * abs(np.log10(run.scaled_learning_rate / 0.1))
        epochs = np.array([1.0 if run.length == 2 else 0.5])
        arrays = {"history_accuracy": np.array([0.9]), "epoch_accuracy": epochs}
        return Record(arrays, {"status": "finished", "validation_accuracy": accuracy})


class Stable(Trainer):
    """Trains nothing: every run is stable, so that a search ends at its highest rate."""

    def train_one(self, run, checkpoints):
        return Record({"history_loss": np.ones(2), "largest_loss": np.ones(())}, {"status": "finished"})


def test_finished_study_is_measured_by_its_runs(finished_project):
    result = json.loads(finished_project.run("temperature-check", "estimate", "--json").stdout)
    assert [(part["phase"], part["runs"], part["stored"]) for part in result["parts"]] == [
        ("tune", 4, 4),
        ("report", 4, 4),
    ]
    assert {part["speed"]["source"] for part in result["parts"]} == {"records"}
    assert result["hours_left"] == 0
    assert result["hours"] > 0
    stored = sum(path.stat().st_size for path in (finished_project.root / "results/store").glob("*/*.npz"))
    assert stored < sum(part["bytes"] for part in result["parts"]) < 4 * stored
    data = finished_project.root / "results/small/data/digits.npz"
    assert data.stat().st_size < result["data_bytes"] + 4096

    study = finished_project.study()
    study["tasks"]["mlp"]["grid"]["report_seeds"].append(12)
    finished_project.write_study(study)
    text = finished_project.run("temperature-check", "estimate").stdout
    assert f"Speeds of mlp: finished runs, {processor_name()}; " in text
    assert "compiling not included" in text
    more = json.loads(finished_project.run("temperature-check", "estimate", "--json").stdout)
    assert [(part["runs"], part["stored"]) for part in more["parts"]] == [(4, 4), (6, 4)]
    assert 0 < more["hours_left"] < more["hours"]


def test_runs_of_another_study_are_not_left(finished_project):
    (finished_project.root / "mine.yaml").write_text(yaml.safe_dump(finished_project.study() | {"study": "mine"}))
    found = finished_project.run("temperature-check", "estimate", "--configfile", "mine.yaml", "--json")
    tune, report = json.loads(found.stdout)["parts"]
    assert (tune["runs"], tune["stored"], tune["speed"]["source"]) == (4, 4, "records")
    assert (report["runs"], report["stored"]) == (4, 0)  # their rates are not chosen yet
    assert not (finished_project.root / "results/mine").exists()


def test_data_that_are_not_prepared_are_named(project, speed_file):
    study = project.study()
    study["data"]["cifar10"] = {"source": "cifar10", "train": 60, "validation": 60, "test": 60}
    study["tasks"]["mlp"]["data"] = "cifar10"
    checked = check_study(study, "study")
    write_speeds(speed_file, speeds_of(checked))
    text = estimate_study(checked, Store(project.root / "nowhere"), speeds=speed_file).text()
    assert "Not prepared here: cifar10. All runs on these data count as left." in text


@pytest.mark.long
def test_calibration_measures_every_phase_without_data(project):
    settings = project.study()
    settings["tasks"]["mlp"]["early_learning"] = {
        **{"seeds": [5], "examples": 20, "kernel_vectors": 1},
        "departure": {"beta": [1.0], "z0": [0.001], "scaled_learning_rate": [0.1], "steps": 10},
    }
    (project.root / "mine.yaml").write_text(yaml.safe_dump(settings))
    command = ["temperature-check", "estimate", "--configfile", "mine.yaml", "--json"]
    result = project.run(*command, "--write-speeds", "speeds.csv")
    assert result.returncode == 0, result.stderr
    parts = json.loads(result.stdout)["parts"]
    assert [part["phase"] for part in parts] == ["tune", "report", "departure", "departure_linearized"]
    assert {part["speed"]["source"] for part in parts} == {"calibration"}
    assert all(part["speed"]["steps_per_second"] > 0 and part["speed"]["start_seconds"] > 0 for part in parts)
    assert not (project.root / "results").exists()
    assert json.loads(project.run(*command, "--speeds", "speeds.csv").stdout) == json.loads(result.stdout)
    refused(project.run(*command, "--speeds", "speeds.csv", "--calibrate"), "--calibrate", "one of the two")


@pytest.mark.parametrize(
    ("source", "more", "shape", "bytes_of_example"),
    [
        ("digits", {}, (8, 8, 1), 8 * 8 * 4),
        ("cifar10", {}, (32, 32, 3), 32 * 32 * 3),
        ("imdb", {"vocabulary": 20, "length": 7}, (7,), 7 * 4),
        ("imagenet", {"image_size": 16}, (16, 16, 3), 16 * 16 * 3),
    ],
)
def test_random_data_have_the_form_of_a_source(source, more, shape, bytes_of_example):
    given = {"source": source, "train": 30, "validation": 20, "test": 10, **more}
    settings = TypeAdapter(DataSettings).validate_python(given)
    dataset = synthetic_dataset(settings, 15)
    assert {split: inputs.shape for split, inputs in dataset.inputs.items()} == {
        "train": (15, *shape),
        "validation": (15, *shape),
        "test": (10, *shape),
    }
    assert dataset.vocabulary == more.get("vocabulary")
    assert max(labels.max() for labels in dataset.labels.values()) < dataset.classes
    kept = 30 if source == "imagenet" else 60
    assert dataset_bytes(settings) == kept * bytes_of_example + 60 * 4
    if source == "digits":
        real = prepare_dataset(settings)
        assert (real.inputs["test"].dtype, real.classes) == (dataset.inputs["test"].dtype, dataset.classes)


def test_streamed_data_without_a_finished_run_have_an_estimate(project):
    study = project.study()
    study["data"]["digits"] = {
        **{"source": "imagenet", "train": 600, "validation": 100, "test": 100},
        **{"image_size": 8, "data_dir": "none"},
    }
    study["tasks"]["mlp"]["model"] = {"kind": "wide_resnet", "depth": 10, "width": 1}
    project.write_study(study)
    result = project.run("temperature-check", "estimate", "--json")
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["parts"][0]["speed"]["source"] == "calibration"
    assert all(part["streamed"] for part in json.loads(result.stdout)["parts"])
