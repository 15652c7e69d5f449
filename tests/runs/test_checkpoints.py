"""Checkpoints: an interrupted run goes on, and ends with the same bits."""

from __future__ import annotations

import json
import logging

import numpy as np
import pytest

from temperature_check.runs.checkpoints import FILES, Checkpoints
from temperature_check.runs.run import Run
from temperature_check.runs.store import Store
from temperature_check.training.feeds import ResidentFeed
from tests.builders import new_trainer
from tests.evaluation.test_early_learning import early_study
from tests.training.test_backends import bits
from tests.training.test_engine import new_engine

MODELS = {
    "mlp": {},
    "wide_resnet": {"augmentation": {"padding": 1}, "schedule": {"decay": "cosine"}},
}
RUN = Run("mlp", "report", 0.1, 0.001, 0.1, 7)


class Interrupted(Exception):
    """Stands for a kill."""


class Interrupting(Checkpoints):
    """Saves at every chance, and interrupts after a number of them."""

    def __init__(self, folder, saves: int):
        super().__init__(folder, minutes=0)
        self.left = saves

    def save_when_due(self, record):
        super().save_when_due(record)
        self.left -= 1
        if not self.left:
            raise Interrupted


def interrupted(engine, folder, saves: int) -> None:
    with pytest.raises(Interrupted):
        engine.train(RUN, Interrupting(folder, saves))


@pytest.fixture(autouse=True)
def _chances_to_save(monkeypatch):
    """Calls of two steps, except for the undisturbed run. Their length changes no bits."""
    two = property(lambda feed: 2, lambda feed, steps: None)
    monkeypatch.setattr(ResidentFeed, "_steps_of_a_call", two, raising=False)


@pytest.fixture(scope="module", params=MODELS)
def engine(request):
    return new_engine(request.param, epochs=8, **MODELS[request.param])


@pytest.fixture(scope="module")
def undisturbed(engine) -> str:
    return bits(engine.train(RUN))


@pytest.mark.parametrize("saves", [1, 4, 9])
def test_resumed_run_has_the_same_bits(engine, undisturbed, tmp_path, saves):
    interrupted(engine, tmp_path / "run", saves)
    engine.train(Run("mlp", "tune", 10.0, 0.001, 0.3, 8))
    resumed = Checkpoints(tmp_path / "run", minutes=5)
    assert resumed.newest().facts["step"] > 0
    assert bits(engine.train(RUN, resumed)) == undisturbed


def test_run_interrupted_again_and_again_has_the_same_bits(engine, undisturbed, tmp_path):
    for _ in range(4):
        interrupted(engine, tmp_path / "run", 2)
    assert bits(engine.train(RUN, Checkpoints(tmp_path / "run", minutes=5))) == undisturbed


def test_two_are_kept_and_cleared(engine, tmp_path):
    interrupted(engine, tmp_path / "run", 5)
    checkpoints = Checkpoints(tmp_path / "run", minutes=5)
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == sorted(FILES)
    checkpoints.clear()
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("damaged", [1, 2])
def test_damaged_one_gives_way_to_the_one_before_with_a_warning(engine, undisturbed, tmp_path, caplog, damaged):
    interrupted(engine, tmp_path / "run", 5)
    newest = sorted((tmp_path / "run").iterdir(), key=lambda path: path.stat().st_mtime_ns, reverse=True)
    steps = [json.loads(np.load(path)["facts"].tobytes())["step"] for path in newest]
    assert steps[0] > steps[1]
    for path in newest[:damaged]:
        path.write_bytes(path.read_bytes()[:-1000])
    with caplog.at_level(logging.WARNING):
        record = Checkpoints(tmp_path / "run", minutes=5).newest()
    assert (record.facts["step"] if record else None) == (steps[1] if damaged == 1 else None)
    assert len(caplog.records) == damaged
    assert "not a checkpoint, or damaged" in caplog.text
    assert bits(engine.train(RUN, Checkpoints(tmp_path / "run", minutes=5))) == undisturbed


def test_nothing_is_saved_before_it_is_time(engine, tmp_path):
    engine.train(RUN, Checkpoints(tmp_path / "run", minutes=60))
    assert not (tmp_path / "run").exists()


def test_run_of_early_learning_resumes(tmp_path):
    study = early_study()
    trainer = new_trainer(study.phase("mlp", "departure"), Store(tmp_path))
    run = study.phase("mlp", "departure").runs()[0]
    engine = trainer.engine(run.beta, run.seed)
    undisturbed = engine.train(run)
    with pytest.raises(Interrupted):
        engine.train(run, Interrupting(tmp_path / "run", 4))
    assert undisturbed.arrays["history_kernel_change"].size > 4
    assert bits(engine.train(run, Checkpoints(tmp_path / "run", minutes=5))) == bits(undisturbed)


def test_change_of_the_kernel_of_a_resumed_run_is_from_its_start(tmp_path):
    engine = new_engine("mlp", phase="report", epochs=8, kernel_change={"examples": 20})
    undisturbed = engine.train(RUN)
    interrupted(engine, tmp_path / "run", 3)
    assert undisturbed.arrays["history_final_kernel_change"].shape == (1,)
    assert bits(engine.train(RUN, Checkpoints(tmp_path / "run", minutes=5))) == bits(undisturbed)


def test_trainer_goes_on_from_a_checkpoint_and_clears_it(tmp_path, caplog):
    study = early_study()
    trainer = new_trainer(study.phase("mlp", "tune"), Store(tmp_path))
    run = study.phase("mlp", "tune").runs()[0]
    folder = trainer.store.checkpoints(trainer.key(run))
    with pytest.raises(Interrupted):
        trainer.engine(run.beta, run.seed).train(run, Interrupting(folder, 2))
    with caplog.at_level(logging.INFO):
        trainer.train([run])
    assert "going on from step" in caplog.text
    assert not folder.exists()
    assert trainer.missing([run]) == []
