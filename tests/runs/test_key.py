"""Resolved values are part of a key; what a run does not have is not."""

from __future__ import annotations

import pytest
from pydantic import BaseModel

from temperature_check.runs.key import differences, key_of, made_of
from temperature_check.runs.run import Run
from temperature_check.study.recipe import Augmentation, Schedule, Training

RUN = Run("mlp", "tune", 0.1, 0.001, 0.1, 7)
TRAINING = {
    "model": {"kind": "mlp", "widths": [8]},
    "epochs": 3,
    "batch_size": 10,
    "initialization": "correlated",
}
OTHER = {
    "momentum": 0.8,
    "schedule": {"decay": "cosine"},
    "weight_decay": 0.1,
    "label_smoothing": 0.1,
    "clip_norm": 1.0,
    "augmentation": {},
    "precision": "bfloat16",
    "examples": 7,
    "linearized": True,
    "kernel_vectors": 0,
    "kernel_examples": 7,
}


def key(training: Training, run: Run = RUN, **origin) -> str:
    return key_of(made_of(run, training.resolved(), origin))


def defaults(kind: type[BaseModel]) -> dict:
    return {name: field.default for name, field in kind.model_fields.items() if not field.is_required()}


def test_every_value_that_may_be_given_changes_the_key():
    before = key(Training(**TRAINING))
    assert OTHER.keys() == defaults(Training).keys()
    for name, value in OTHER.items():
        assert key(Training(**TRAINING, **{name: value})) != before, name


@pytest.mark.parametrize("kind", [Training, Schedule, Augmentation])
def test_defaults_are_part_of_a_key_so_that_another_default_is_another_key(kind):
    resolved = Training(**TRAINING, augmentation={}).resolved()
    found = {Training: resolved, Schedule: resolved["schedule"], Augmentation: resolved["augmentation"]}[kind]
    present = {name for name, value in defaults(kind).items() if value is not None}
    assert present
    assert present <= found.keys()


def test_a_default_that_changes_changes_the_key():
    class Changed(Training):
        momentum: float = 0.5

    assert key(Changed(**TRAINING)) != key(Training(**TRAINING))
    assert key(Changed(**TRAINING)) == key(Training(**TRAINING, momentum=0.5))


def test_an_optional_section_changes_no_key_by_being_possible():
    class WithSwitch(Training):
        switch: Schedule | None = None

    assert key(WithSwitch(**TRAINING)) == key(Training(**TRAINING))
    assert key(WithSwitch(**TRAINING, switch={})) != key(Training(**TRAINING))


def test_the_name_of_the_task_is_no_part_of_a_key():
    other = Run("other", *list(vars(RUN).values())[1:])
    assert key(Training(**TRAINING), other) == key(Training(**TRAINING))


def test_differences_are_a_line_each():
    first = {"run": {"seed": 1, "beta": 0.1}, "code": {"a": "1"}, "threads": 1}
    second = {"run": {"seed": 2, "beta": 0.1}, "code": {"a": "1", "b": "2"}, "threads": 1}
    assert differences(first, second) == ["code.b: absent -> 2", "run.seed: 1 -> 2"]
    assert differences(first, first) == []
