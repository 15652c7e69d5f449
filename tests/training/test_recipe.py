"""What a task may ask of its optimizer: schedule, weight decay, smoothed labels, clipping, augmentation, precision."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from temperature_check.data.dataset import Dataset
from temperature_check.data.prepare import prepare_dataset
from temperature_check.runs.run import Run
from temperature_check.study.data import SPLITS
from temperature_check.study.engine import EngineSettings
from temperature_check.study.file import check_study
from temperature_check.study.networks import TextGRU
from temperature_check.study.recipe import Augmentation, Schedule, Training
from temperature_check.training.backend import processor_name, use
from temperature_check.training.plan import draw_changes, new_plan
from temperature_check.training.schedule import rate_factors
from tests.builders import new_engine as engine_of
from tests.training.test_backends import run_python

if TYPE_CHECKING:
    from temperature_check.training.engine import Engine

RECIPE = {
    "epochs": 3,
    "schedule": {"decay": "cosine", "warmup_epochs": 1},
    "weight_decay": 0.01,
    "label_smoothing": 0.1,
    "clip_norm": 0.05,
    "augmentation": {"padding": 1},
}
RATE, BETA = 0.5, 0.5

ON_JAX = """
import sys
import numpy as np
from tests.training.test_recipe import trained

initial = dict(np.load(sys.argv[1]))
np.savez(sys.argv[2], *trained("jax", [initial[f"arr_{i}"] for i in range(len(initial))]))
"""


def new_engine(backend: str = "tensorflow", model: dict | None = None, **changes) -> Engine:
    from tests.conftest import SMALL_STUDY

    grid = {"beta": [1.0], "scaled_learning_rate": [0.1], "tuning_seeds": [0], "report_seeds": [1]}
    changes = {"initialization": "plain", "grid": grid, "model": model or {"kind": "mlp", "widths": [16]}, **changes}
    task = {**SMALL_STUDY["tasks"]["mlp"], **changes}
    study = check_study({**SMALL_STUDY, "tasks": {"mlp": task}, "engine": {"backend": backend}}, "test")
    training = study.phase("mlp", "tune").training.at(BETA)
    return engine_of(training, prepare_dataset(study.data["digits"]), study.engine)


def trained(backend: str, initial: list[np.ndarray]) -> list[np.ndarray]:
    """The weights after all steps of RECIPE from given ones, then loss and accuracy of each batch."""
    engine = new_engine(backend, **RECIPE)
    engine.program.start(initial, BETA, RATE / BETA)
    engine.feed.start(seed=5, length=1, step=0)
    ((reached, found),) = engine.feed.advance(engine.program, 0, engine.feed.steps)
    assert reached == 9
    return [*engine.initialization.network.get_weights(), found.batches]


def by_hand(engine: Engine, weights: list[np.ndarray]) -> list[np.ndarray]:
    """The same of an MLP with one hidden layer, written out in NumPy and float64."""
    inputs, labels = (values["train"].numpy() for values in (engine.program.inputs, engine.program.labels))
    weights, velocities = [weight.astype(float) for weight in weights], [0.0] * 4
    measured, plan = [], new_plan(engine.training, len(labels), seed=5)
    for examples, changes, factor, _ in zip(*plan):
        images = np.stack([cropped(inputs[i], change, 1) for i, change in zip(examples, changes)])
        batch = images.reshape(len(images), -1), labels[examples]
        measured.append(measured_by_hand(*batch, weights))
        gradients = gradient_by_hand(*batch, weights)
        norm = np.sqrt(sum(np.sum(gradient**2) for gradient in gradients))
        for i, gradient in enumerate(gradients):
            decayed = weights[i] * (1 - 0.01 * factor) if weights[i].ndim > 1 else weights[i]
            velocities[i] = 0.9 * velocities[i] - RATE / BETA * factor * gradient * min(1, 0.05 * BETA / norm)
            weights[i] = decayed + velocities[i]
    return [*weights, np.array(measured)]


@pytest.mark.parametrize("model", [{"kind": "gru", "units": 4}, {"kind": "wide_resnet", "depth": 10, "width": 1}])
def test_weight_decay_leaves_biases_and_batch_norm_alone(model):
    program = new_engine(model=model, weight_decay=0.5).program
    variables = program.network.trainable_variables
    shrunk = program.decayed([np.ones(variable.shape) for variable in variables], factor=1.0)
    for variable, value in zip(variables, shrunk, strict=True):
        assert (value == (0.5 if "kernel" in variable.name else 1.0)).all(), variable.path
    assert {variable.name for variable in variables} >= {"kernel", "bias"}


def gradient_by_hand(inputs: np.ndarray, labels: np.ndarray, weights: list[np.ndarray]) -> list[np.ndarray]:
    first, first_bias, second, second_bias = weights
    hidden = np.maximum(inputs @ first + first_bias, 0)
    scaled = BETA * (hidden @ second + second_bias)
    predicted = np.exp(scaled) / np.exp(scaled).sum(1, keepdims=True)
    targets = 0.9 * np.eye(10)[labels] + 0.1 / 10
    residual = BETA * (predicted - targets) / len(labels)
    back = residual @ second.T * (hidden > 0)
    return [inputs.T @ back, back.sum(0), hidden.T @ residual, residual.sum(0)]


def measured_by_hand(inputs: np.ndarray, labels: np.ndarray, weights: list[np.ndarray]) -> tuple[float, float]:
    """Loss with smoothed labels, and accuracy."""
    first, first_bias, second, second_bias = weights
    scaled = BETA * (np.maximum(inputs @ first + first_bias, 0) @ second + second_bias)
    logs = scaled - np.log(np.exp(scaled).sum(1, keepdims=True))
    targets = 0.9 * np.eye(10)[labels] + 0.1 / 10
    return float(-(targets * logs).sum(1).mean()), float((scaled.argmax(1) == labels).mean())


def cropped(image: np.ndarray, change: np.ndarray, padding: int) -> np.ndarray:
    """One image augmented, by slices."""
    row, column, mirrored = change
    padded = np.pad(image, ((padding, padding), (padding, padding), (0, 0)))
    part = padded[row : row + image.shape[0], column : column + image.shape[1]]
    return part[:, ::-1] if mirrored else part


def test_training_is_as_written_out_by_hand_and_on_jax(tmp_path):
    engine = new_engine(**RECIPE)
    initial = engine.start_weights(BETA, None, 5)
    found, expected = trained("tensorflow", initial), by_hand(engine, initial)
    np.savez(tmp_path / "initial.npz", *initial)
    run_python(ON_JAX, str(tmp_path / "initial.npz"), str(tmp_path / "jax.npz"))
    on_jax = np.load(tmp_path / "jax.npz")
    assert all(np.abs(weight - before).max() > 0.01 for weight, before in zip(found, initial))
    for i, (values, by_numpy) in enumerate(zip(found, expected, strict=True)):
        np.testing.assert_allclose(values, by_numpy, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(on_jax[f"arr_{i}"], by_numpy, rtol=1e-4, atol=1e-5)


def test_norm_of_a_clipped_gradient_counts_equal_tokens_together():
    """A first step, without momentum, is as long as ηβ times the largest norm of g/β."""
    model = TextGRU(kind="text_gru", embedding=4, units=8)
    training = Training(
        model=model, initialization="plain", momentum=0, epochs=1, batch_size=8, clip_norm=1e-3, label_smoothing=0.1
    )
    stream = np.random.default_rng(0)
    tokens = {split: stream.integers(1, 4, (8, 12)).astype(np.int32) for split in SPLITS}
    labels = {split: stream.integers(2, size=8).astype(np.int32) for split in SPLITS}
    engine = engine_of(training, Dataset("texts", tokens, labels, classes=2, vocabulary=4), EngineSettings())
    before = engine.start_weights(0.25, None, 0)
    engine.program.start(before, 0.25, 1.0)
    engine.feed.start(0, 1, 0)
    assert [step for step, _ in engine.feed.advance(engine.program, 0, 1)] == [1]
    after = engine.initialization.network.get_weights()
    length = np.sqrt(sum(np.sum((a - b) ** 2) for a, b in zip(after, before)))
    assert length == pytest.approx(0.25e-3, rel=1e-2)


def test_augmentation_is_crop_and_mirror_image():
    from keras import ops

    from temperature_check.training.augmentation import augmented

    images = np.random.default_rng(0).integers(0, 256, (400, 6, 5, 3)).astype(np.uint8)
    changes = draw_changes(np.random.default_rng(1), Augmentation(padding=2), 400)
    assert {tuple(change) for change in changes} == set(np.ndindex(5, 5, 2))
    expected = np.stack([cropped(image, change, 2) for image, change in zip(images, changes)])
    np.testing.assert_array_equal(ops.convert_to_numpy(augmented(images, changes, 2)), expected)


def test_augmentation_of_an_example_depends_on_seed_epoch_and_example_alone():
    def by_example(batch_size: int, seed: int) -> dict:
        training = new_engine(epochs=2, batch_size=batch_size, augmentation={"padding": 3}).training
        plan = new_plan(training, 60, seed)
        examples, changes = plan.examples.reshape(2, -1), plan.changes.reshape(2, -1, 3)
        return {(e, i): tuple(c) for e in range(2) for i, c in zip(examples[e], changes[e])}

    few, many = by_example(20, seed=3), by_example(7, seed=3)
    assert all(few[key] == change for key, change in many.items())
    assert np.mean([few[0, i] == few[1, i] for i in range(60)]) < 0.2
    other = by_example(20, seed=4)
    assert np.mean([few[key] == other[key] for key in few]) < 0.2


def test_schedules():
    np.testing.assert_array_equal(rate_factors(Schedule(), 2, 3), np.ones(6))
    cosine = rate_factors(Schedule(decay="cosine", warmup_epochs=1), 5, 4)
    np.testing.assert_allclose(cosine[:5], [0.25, 0.5, 0.75, 1, 1])
    np.testing.assert_allclose(cosine[12], 0.5)
    assert 0 < cosine[-1] < 0.05
    steps = rate_factors(Schedule(decay="steps", milestones=[1, 2.5], factor=0.5), 3, 4)
    np.testing.assert_allclose(steps, [1] * 4 + [0.5] * 6 + [0.25] * 2)


@pytest.mark.parametrize("batch_norm", [True, False])
def test_bfloat16_agrees_with_float32_where_it_is_allowed(batch_norm):
    """After training, βz of both precisions, at the largest β that bfloat16 is used for, on the same weights."""
    model = {"kind": "wide_resnet", "depth": 10, "width": 1, "batch_norm": batch_norm}
    exact, rough = (new_engine(model=model, precision=precision) for precision in ("float32", "bfloat16"))
    record = exact.train(Run("mlp", "tune", 1.0, None, 0.1, 0))
    rough.initialization.network.set_weights(exact.initialization.network.get_weights())
    expected, logits = record.arrays["validation_logits"], rough.program.logits("validation")
    assert logits.dtype == np.float32
    spread = np.sqrt(np.mean((expected - expected.mean(0)) ** 2))
    error = np.sqrt(np.mean((logits - expected) ** 2))
    assert 1e-5 < error / spread < 0.05
    first = exact.initialization.network.layers[1].compute_dtype, rough.initialization.network.layers[1].compute_dtype
    assert first == ("float32", "bfloat16")


def test_bfloat16_run_learns():
    record = new_engine(precision="bfloat16", epochs=40).train(Run("mlp", "tune", BETA, None, 0.1, 0))
    assert record.facts["status"] == "finished"
    assert record.arrays["history_accuracy"][-1] > 0.9


def test_larger_beta_is_trained_in_float32():
    training = new_engine(precision="bfloat16").training
    assert [training.at(beta).precision for beta in (0.1, 1.0, 1.01)] == ["bfloat16", "bfloat16", "float32"]


@pytest.mark.parametrize("backend", ["tensorflow", "jax"])
def test_a_gpu_that_is_not_there_is_said_to_be_missing(backend):
    program = f"""
from temperature_check.base.errors import UserError
from temperature_check.study.engine import EngineSettings
from temperature_check.training.trainer import new_engine
try:
    print(new_engine(None, None, EngineSettings(backend="{backend}", device="gpu")))
except UserError as error:
    print("error:", error)
"""
    if "error:" not in (said := run_python(program)):
        pytest.skip(f"this machine has one: {said}")
    assert "engine.device = 'gpu'" in said
    assert "sees no GPU here" in said


def test_a_cpu_is_called_by_the_name_of_its_processor():
    assert use(EngineSettings()) == processor_name() != ""
