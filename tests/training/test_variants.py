"""Runs that switch β, and runs with smoothed labels, differ from report runs in that one thing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from temperature_check.runs.checkpoints import Checkpoints
from temperature_check.runs.key import key_of, made_of
from temperature_check.runs.run import Run
from temperature_check.runs.store import Store
from temperature_check.runs.variants import Smoothed, Switched
from temperature_check.study.file import check_study
from tests.builders import new_trainer
from tests.conftest import SMALL_STUDY
from tests.runs.test_checkpoints import Interrupted, Interrupting
from tests.training.test_backends import bits

MECHANISM = {
    "pairs": [[0.1, 1]],
    "switch": {"linear_times": [0], "fractions": [0.5]},
    "label_smoothing": [0.1],
}
STILL = 1e-30
"""A rate at which nothing changes."""


def trainer_of(folder, phase: str = "switch", **changes):
    task = {**SMALL_STUDY["tasks"]["mlp"], "epochs": 8, "mechanism": MECHANISM, **changes}
    study = check_study({**SMALL_STUDY, "tasks": {"mlp": task}}, "a test")
    return new_trainer(study.phase("mlp", phase), Store(folder))


def switched(step: int, **changes) -> Switched:
    kept = {"beta": 0.1, "scaled_learning_rate": 0.1, "beta_before": 0.1, "scaled_rate_before": 0.1}
    names = {"task": "mlp", "phase": "switch", "first": 0.1, "second": 1.0, "arm": "first"}
    return Switched(**{**names, **kept, "z0": 0.001, "seed": 7, "switch_step": step, **changes})


REPORT = Run("mlp", "report", 0.1, 0.001, 0.1, 7)


@pytest.fixture(scope="module", params=["mlp", pytest.param("batch norm", marks=pytest.mark.long)])
def trainers(request, tmp_path_factory):
    model = {
        "mlp": {"kind": "mlp", "widths": [16]},
        "batch norm": {"kind": "wide_resnet", "depth": 10, "width": 1},
    }[request.param]
    folder = tmp_path_factory.mktemp("store")
    return [trainer_of(folder, phase, model=model) for phase in ("switch", "report")]


@pytest.fixture
def trainer(trainers):
    return trainers[0]


def test_a_switch_to_the_same_at_the_start_changes_nothing(trainers):
    ours, report = trainers
    assert bits(ours.train_one(switched(0))) == bits(report.train_one(REPORT))


def test_a_switch_keeps_the_function_and_leaves_only_beta_to_change(trainer):
    kept, there, jump = (
        trainer.train_one(switched(12, scaled_learning_rate=STILL, **changes)).arrays["test_logits"]
        for changes in ({}, {"beta": 1.0}, {"beta": 1.0, "rescaled": False})
    )
    np.testing.assert_allclose(1.0 * there, 0.1 * kept, rtol=1e-4, atol=1e-7)
    np.testing.assert_array_equal(jump, kept)


def test_a_switch_clears_the_momentum_and_takes_the_rate_of_the_new_beta(trainer, trainers):
    report = bits(trainers[1].train_one(REPORT))
    assert bits(trainer.train_one(switched(12))) != report
    slower = [trainer.train_one(switched(12, scaled_learning_rate=rate)) for rate in (0.1, 0.01)]
    assert bits(slower[0]) != bits(slower[1])


def test_without_momentum_a_switch_to_the_same_changes_nothing(tmp_path):
    ours, report = (trainer_of(tmp_path, phase, momentum=0) for phase in ("switch", "report"))
    for step in (5, 12):
        logits = [one.arrays["test_logits"] for one in (ours.train_one(switched(step)), report.train_one(REPORT))]
        np.testing.assert_array_equal(*logits)


def test_diverging_before_the_switch_ends_the_run(trainer):
    record = trainer.train_one(switched(20, scaled_rate_before=1e30))
    assert record.facts["status"] == "diverged"


@pytest.mark.parametrize("saves", [1, 2, 3, 5])
def test_an_interrupted_run_goes_on_to_the_same_bits(tmp_path, monkeypatch, saves):
    from temperature_check.training.feeds import ResidentFeed

    monkeypatch.setattr(ResidentFeed, "_steps_of_a_call", property(lambda _: 4, lambda *_: None), raising=False)
    run = switched(8, beta=1.0, scaled_learning_rate=0.05)
    trainer = trainer_of(tmp_path)
    undisturbed = bits(trainer.train_one(run))
    with pytest.raises(Interrupted):
        trainer.train_one(run, Interrupting(tmp_path / "run", saves))
    saved = Checkpoints(tmp_path / "run", minutes=5)
    assert saved.newest().facts["step"] == 4 * saves
    assert bits(trainer.train_one(run, saved)) == undisturbed


def test_smoothed_run_is_that_of_a_task_with_smoothed_labels(tmp_path):
    smoothed = Smoothed(**vars(replace(REPORT, phase="smoothing")), label_smoothing=0.2)
    ours = trainer_of(tmp_path, "smoothing").train_one(smoothed)
    plain = {**SMALL_STUDY["tasks"]["mlp"], "epochs": 8, "label_smoothing": 0.2}
    study = check_study({**SMALL_STUDY, "tasks": {"mlp": plain}}, "a test")
    theirs = new_trainer(study.phase("mlp", "report"), Store(tmp_path)).train_one(REPORT)
    assert bits(ours) == bits(theirs)
    assert "test_logits" in ours.arrays
    assert ours.facts["made_of"]["training"]["label_smoothing"] == 0.2


def test_keys_have_what_a_switch_does_and_not_what_it_is_compared_as():
    def key(run: Run) -> str:
        return key_of(made_of(run, {}, {}))

    before = key(switched(4))
    assert key(switched(4, arm="second", first=1.0, second=0.1)) == before
    other = {"switch_step": 5, "beta_before": 0.2, "scaled_rate_before": 0.2, "rescaled": False, "beta": 1.0}
    for name, value in other.items():
        assert key(replace(switched(4), **{name: value})) != before, name


def test_after_the_switch_the_program_has_the_other_beta_and_rate(trainer):
    run = switched(12, beta=1.0, scaled_learning_rate=0.05)
    trainer.train_one(run)
    program = trainer.engine(run.beta, run.seed).program
    assert (float(program.beta), float(program.learning_rate)) == pytest.approx((1.0, 0.05))
