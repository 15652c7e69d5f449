"""Data of which each seed of runs has its own: how they are drawn, stored, and given to an engine."""

from __future__ import annotations

import copy
import random
import socket

import numpy as np
import pytest
from pydantic import TypeAdapter

from temperature_check.base.errors import UserError
from temperature_check.data.file import in_memory, open_dataset, write_dataset
from temperature_check.data.prepare import prepare_data, prepare_dataset
from temperature_check.runs.run import Run
from temperature_check.study.data import DataSettings
from temperature_check.study.file import check_study
from tests.builders import new_engine
from tests.conftest import SMALL_STUDY
from tests.training.test_backends import bits

DIGITS = {"source": "digits", "train": 60, "validation": 50, "test": 40}
MNIST1D = {"source": "mnist1d", "train": 60, "validation": 31, "test": 40}
SOURCES = {"digits": DIGITS | {"split": "by_seed"}, "mnist1d": MNIST1D}
EARLY = {
    "examples": 30,
    "seeds": [5, 6],
    "kernel_vectors": 1,
    "departure": {"beta": [1.0], "z0": [0.01], "scaled_learning_rate": [0.1], "steps": 6},
    "curves": {"beta": [1.0], "z0": 0.01, "effective_learning_rate": 0.05, "steps": 6},
}


def settings_of(values: dict):
    return TypeAdapter(DataSettings).validate_python(values)


@pytest.fixture(scope="module", params=SOURCES)
def data(request):
    return prepare_data(settings_of(SOURCES[request.param]), (3, 4))


def same(first, second) -> bool:
    pairs = zip((first.inputs, first.labels), (second.inputs, second.labels), strict=True)
    return all(np.array_equal(a[split], b[split]) for a, b in pairs for split in a)


def test_seeds_have_examples_of_their_own(data):
    first, second = data.values()
    for split in ("train", "validation"):
        assert first.inputs[split].shape == second.inputs[split].shape
        assert not np.array_equal(first.inputs[split], second.inputs[split])


@pytest.mark.parametrize("source", SOURCES)
def test_a_seed_has_the_same_examples_whatever_others_are_asked_for(source):
    settings = settings_of(SOURCES[source])
    assert same(prepare_data(settings, (4, 9))[4], prepare_data(settings, (4,))[4])


def test_digits_have_one_test_set_that_no_seed_trains_or_validates_on():
    once = prepare_dataset(settings_of(DIGITS))
    for dataset in prepare_data(settings_of(SOURCES["digits"]), range(20)).values():
        assert np.array_equal(dataset.inputs["test"], once.inputs["test"])
        images = {split: {image.tobytes() for image in values} for split, values in dataset.inputs.items()}
        assert not images["test"] & (images["train"] | images["validation"])
        assert not images["train"] & images["validation"]


def test_seeds_divide_all_digits_that_are_no_test_examples():
    drawn = prepare_data(settings_of(SOURCES["digits"]), range(60)).values()
    seen = {
        image.tobytes() for dataset in drawn for split in ("train", "validation") for image in dataset.inputs[split]
    }
    assert len(seen) > 0.95 * (1797 - 40)


def test_mnist1d_draws_new_test_examples_and_leaves_global_generators_alone(monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("no connection may be made")

    monkeypatch.setattr(socket, "socket", refuse)
    states = random.getstate(), np.random.get_state()
    first, second = prepare_data(settings_of(MNIST1D), (3, 4)).values()
    assert not np.array_equal(first.inputs["test"], second.inputs["test"])
    assert random.getstate() == states[0]
    assert all(np.array_equal(now, before) for now, before in zip(np.random.get_state(), states[1], strict=True))


def test_mnist1d_is_what_its_package_makes():
    from mnist1d.data import get_dataset_args, make_dataset

    dataset = prepare_data(settings_of(MNIST1D | {"train": 400, "validation": 100, "test": 100}), (0,))[0]
    assert dataset.inputs["train"].shape == (400, 40, 1)
    assert dataset.inputs["train"].dtype == np.float32
    assert sorted(np.bincount(np.concatenate([*dataset.labels.values()]))) == [60] * 10
    arguments = get_dataset_args()
    arguments.num_samples = 600
    other = make_dataset(arguments)
    ours = np.concatenate([*dataset.inputs.values()])
    assert ours.mean() == pytest.approx(other["x"].mean(), abs=0.1)
    assert ours.std() == pytest.approx(other["x"].std(), rel=0.1)


def test_written_data_of_seeds_read_back(data, tmp_path):
    write_dataset(tmp_path / "data.npz", data)
    opened = open_dataset(tmp_path / "data.npz")
    assert all(same(opened.load(seed), data[seed]) for seed in data)
    assert [opened.fingerprint(seed) for seed in data] == [in_memory(data).fingerprint(seed) for seed in data]
    assert opened.fingerprint(3) != opened.fingerprint(4)
    for ask in (opened.load, opened.fingerprint):
        with pytest.raises(UserError, match="prepared without seed 7; prepare it again"):
            ask(7)


def test_more_seeds_do_not_change_fingerprints():
    settings = settings_of(SOURCES["digits"])
    few, many = (in_memory(prepare_data(settings, seeds)) for seeds in ((3,), (2, 3)))
    assert few.fingerprint(3) == many.fingerprint(3)


def test_a_study_prepares_the_seeds_of_all_its_runs_on_the_data():
    study = copy.deepcopy(SMALL_STUDY)
    study["tasks"]["mlp"]["early_learning"] = EARLY
    assert check_study(study, "study").data_seeds("digits") == []
    study["data"]["digits"] |= {"split": "by_seed"}
    grid = study["tasks"]["mlp"]["grid"]
    expected = sorted({*grid["tuning_seeds"], *grid["report_seeds"], 5, 6})
    assert check_study(study, "study").data_seeds("digits") == expected


@pytest.mark.parametrize("phase", ["tune", "departure", "departure_linearized", "curves_exact"])
def test_an_engine_with_other_examples_gives_the_bits_of_a_new_one(phase):
    study = copy.deepcopy(SMALL_STUDY)
    study["tasks"]["mlp"]["early_learning"] = EARLY
    study = check_study(study, "study")
    training = study.phase("mlp", phase).training
    first, second = prepare_data(settings_of(SOURCES["digits"]), (3, 4)).values()
    run = Run("mlp", phase, 1.0, 0.01, 0.1, 4)
    engine = new_engine(training, first, study.engine)
    engine.train(run)
    engine.use(second)
    assert bits(engine.train(run)) == bits(new_engine(training, second, study.engine).train(run))
