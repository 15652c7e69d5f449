"""The command `timescales` on models as users write them; each fault is one line and exit code 1."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from temperature_check.base.errors import UserError
from temperature_check.commands.user_model import within_memory
from tests.conftest import ROOT

IMAGES, TOKENS = ["--data", "FOLDER/images.npz"], ["--data", "FOLDER/tokens.npz"]


def model(name: str) -> list[str]:
    return ["--model", f"tests.commands.user_models:{name}"]


def data(name: str) -> list[str]:
    return [*model("images"), "--data", f"FOLDER/{name}", "--beta", "1"]


RATES = ("--learning-rate", "0.1", "--learning-rate", "1")
GOOD = {
    "images": [*model("images"), *IMAGES, "--beta", "0.01", "--beta", "1", "--json"],
    "former name": [*model("images"), *IMAGES, "--beta", "0.01", "--beta", "1", "--json"],
    "few": [*model("images"), *IMAGES, "--beta=1", "--examples", "3", "--json"],
    "rates": [
        *model("images"),
        *IMAGES,
        "--beta",
        "1",
        "--learning-rate",
        "0.1",
        "--learning-rate",
        "1",
        "--momentum",
        "0.9",
        "--json",
    ],
    "tokens": [*model("tokens"), *TOKENS, "--beta", "0.1", "--beta", "1", "--batch-norm", "training"],
    "batch norm": [*model("batch_norm"), *IMAGES, "--beta", "1"],
    "moving averages": [*model("batch_norm"), *IMAGES, "--beta", "1", "--batch-norm", "inference"],
    "dropout off": [*model("dropout"), *IMAGES, "--beta", "1", "--batch-norm", "inference"],
    "plot": [*model("images"), *IMAGES, "--beta", "0.1", "--beta", "1", "--plot", "FOLDER/plot.png"],
    "prints": [*model("prints"), *IMAGES, "--beta", "1", "--json"],
    "changes everything": [*model("changes_everything"), *IMAGES, "--beta", "1", "--json"],
    "no training": [*model("Plain"), *IMAGES, "--beta", "1"],
    "instance": [*model("instance"), *IMAGES, "--beta", "1"],
    "frozen norm": [*model("frozen_norm"), *IMAGES, "--beta", "1"],
    "head": [*model("head"), *IMAGES, "--beta", "1"],
    "up": [*model("upsampled"), *IMAGES, "--beta", "1", "--json"],
    "resize": [*model("resized"), *IMAGES, "--beta", "1", "--json"],
    "sorted": [*model("images"), "--data", "FOLDER/sorted.npz", "--beta", "1", "--examples", "16"],
    "sorted again": [*model("images"), "--data", "FOLDER/sorted.npz", "--beta", "1", "--examples", "16"],
    "other seed": [*model("images"), "--data", "FOLDER/sorted.npz", "--beta", "1", "--examples", "16", "--seed", "1"],
    "one class": [*model("images"), "--data", "FOLDER/one_class.npz", "--beta", "1"],
    "range": [*model("images"), "--data", "FOLDER/sorted.npz", "--beta=0.1", "--beta=1", "--check-steps=20", "--json"],
    "range in words": [*model("large_weights"), "--data", "FOLDER/sorted.npz", "--beta=1", "--momentum=0.9"],
}
CHECKED = ("range", "range in words", "plot")
GOOD = {name: [*case, *([] if name in CHECKED else ["--check-steps", "0"])] for name, case in GOOD.items()}
BAD = {
    "no module": ([*model("x")[:1], "absent:build", *IMAGES, "--beta", "1"], ["--model absent:build", "No module"]),
    "no function": ([*model("absent"), *IMAGES, "--beta", "1"], ["absent should be a function of"]),
    "no colon": (["--model", "models", *IMAGES, "--beta", "1"], ["should be module:function"]),
    "dot": (["--model", "mine.build", *IMAGES, "--beta", "1"], ["type --model mine:build"]),
    "saved": (["--model", "mine.keras", *IMAGES, "--beta", "1"], ["keras.saving.load_model", "--model mine.py:build"]),
    "no file": (["--model", "./mine.py:build", *IMAGES, "--beta", "1"], ["there is no file mine.py"]),
    "exits": ([*model("exits"), *IMAGES, "--beta", "1"], ["exits() fails", "it ends the program", "__main__"]),
    "parses": ([*model("parses"), *IMAGES, "--beta", "1"], ["parses() fails", "parsing arguments"]),
    "needs": ([*model("needs_width"), *IMAGES, "--beta", "1"], ["no arguments, not width", "needs_width(width=...)"]),
    "unseeded": ([*model("noisy"), *IMAGES, "--beta", "1"], ["layer unseeded is random", "as in inference mode"]),
    "frozen": ([*model("frozen"), *IMAGES, "--beta", "1"], ["all weights are frozen"]),
    "huge x": ([*model("single"), "--data", "FOLDER/huge.npz", "--beta", "1"], ["--data", "not finite in", "float32"]),
    "token": ([*model("tokens"), "--data", "FOLDER/token.npz", "--beta", "1"], ["token 99 in x", "vocabulary of 20"]),
    "one-hot": (data("one_hot.npz"), ["y.argmax(axis=1)"]),
    "one array": (data("array.npy"), ["is a single array"]),
    "empty file": (data("empty.npz"), ["is empty"]),
    "not callable": ([*model("NOT_A_FUNCTION"), *IMAGES, "--beta", "1"], ["should be a function"]),
    "no model": ([*model("no_model"), *IMAGES, "--beta", "1"], ["should return a Keras model, not str"]),
    "fails": ([*model("fails"), *IMAGES, "--beta", "1"], ["fails() fails", "RuntimeError: a fault of the user's own"]),
    "dropout": ([*model("dropout"), *IMAGES, "--beta", "1"], ["layer noise is random", "--batch-norm inference"]),
    "softmax": ([*model("softmax"), *IMAGES, "--beta", "1"], ["probabilities", "leave out the last softmax"]),
    "one output": ([*model("one_output"), *IMAGES, "--beta", "1"], ["logits of shape (n, classes)", "1)"]),
    "not finite": ([*model("not_finite"), *IMAGES, "--beta", "1"], ["logits that are not finite"]),
    "too large": ([*model("too_large"), *IMAGES, "--beta", "1"], ["do not fit into memory", "smaller model"]),
    "shape": (
        [*model("tokens"), *IMAGES, "--beta", "1"],
        ["x of shape (6, 4, 4, 1)", "which takes (n, 5)"],
    ),
    "label": (data("label.npz"), ["label 3 in y", "classes 0 to 2"]),
    "no x": (data("no_x.npz"), ["has no array x", "inputs, and y, labels"]),
    "objects": (data("objects.npz"), ["npz file of numbers"]),
    "text": (data("text.npz"), ["npz file of numbers"]),
    "absent file": (data("absent.npz"), ["absent.npz", "No such file"]),
    "float labels": (data("float_labels.npz"), ["y, float64 of shape (6,)", "integer labels"]),
    "unequal": (data("unequal.npz"), ["an input for each of 5 labels"]),
    "infinite x": (data("infinite.npz"), ["x should hold finite numbers"]),
    "beta": ([*model("images"), *IMAGES, "--beta", "1", "--beta", "-0.1"], ["--beta -0.1", "above 0"]),
    "rate": ([*model("images"), *IMAGES, "--beta", "1", "--learning-rate", "nan"], ["--learning-rate nan", "above 0"]),
    "momentum": ([*model("images"), *IMAGES, "--beta", "1", "--momentum", "1"], ["--momentum 1.0", "below 1"]),
    "mode": ([*model("images"), *IMAGES, "--beta", "1", "--batch-norm", "off"], ["off", "training or inference"]),
    "format": ([*model("images"), *IMAGES, "--beta", "1", "--plot", "FOLDER/a.xyz"], ["a.xyz", "xyz"]),
}
CASES = GOOD | {name: arguments for name, (arguments, _) in BAD.items()}


def write_data(folder: Path) -> None:
    """The files that the cases name."""
    random = np.random.default_rng(0)
    x, y = random.uniform(size=(6, 4, 4, 1)), np.arange(6) % 3
    files = {
        "images": {"x": x, "y": y[:, None]},
        "tokens": {"x": random.integers(20, size=(6, 5)), "y": y},
        "label": {"x": x, "y": y + 1},
        "no_x": {"inputs": x, "y": y},
        "objects": {"x": np.array([[None]] * 6, dtype=object), "y": y},
        "float_labels": {"x": x, "y": y.astype(float)},
        "unequal": {"x": x, "y": y[1:]},
        "infinite": {"x": np.where(x > 0.9, np.inf, x), "y": y},
        "huge": {"x": x * 1e300, "y": y},
        "token": {"x": np.full((6, 5), 99), "y": y},
        "one_hot": {"x": x, "y": np.eye(3)[y]},
        "sorted": {"x": random.uniform(size=(90, 4, 4, 1)), "y": np.repeat(np.arange(3), 30)},
        "one_class": {"x": x, "y": np.zeros(6, int)},
    }
    for name, arrays in files.items():
        np.savez(folder / f"{name}.npz", **arrays)
    (folder / "text.npz").write_text("no zip file")
    (folder / "empty.npz").write_bytes(b"")
    np.save(folder / "array.npy", x)


def output(measured, name: str) -> str:
    code, text = measured("command")[name]
    assert code == 0, text
    return text


@pytest.mark.parametrize("name", BAD)
def test_fault_is_one_line(measured, name):
    code, text = measured("command")[name]
    assert code == 1
    assert "Traceback" not in text
    (line,) = [line for line in text.splitlines() if line.startswith("error: ")]
    assert not [part for part in BAD[name][1] if part not in line], line


def test_an_option_may_be_repeated_and_the_former_name_of_the_command_works(measured):
    rows = json.loads(output(measured, "images"))["rows"]
    assert [row["beta"] for row in rows] == [0.01, 1]
    assert all(row[name] > 0 for row in rows for name in ("learning", "nonlinear", "linear", "curvature"))
    assert [row["beta"] for row in json.loads(output(measured, "former name"))["rows"]] == [0.01, 1]


def test_limit_of_examples(measured):
    assert json.loads(output(measured, "images"))["examples"] == 6
    assert json.loads(output(measured, "few"))["examples"] == 3


def test_steps_at_given_rates(measured):
    rows = json.loads(output(measured, "rates"))["rows"]
    assert [row["learning_rate"] for row in rows] == [0.1, 1]
    for row in rows:
        assert row["learning_steps"] == pytest.approx(row["learning"] * 0.1 / row["learning_rate"])
        assert row["largest_stable_rate"] == pytest.approx(3.8 / row["curvature"])


def test_tokens_make_a_table(measured):
    lines = output(measured, "tokens").splitlines()
    assert [line.split()[0] for line in lines[:3]] == ["β", "0.1", "1"]
    assert "no batch norm" in lines[-1]


def test_mode_of_batch_norm_is_stated_and_counts(measured):
    training, inference = output(measured, "batch norm"), output(measured, "moving averages")
    assert "batch norm in training mode" in training
    assert "batch norm in inference mode" in inference
    assert training.splitlines()[1] != inference.splitlines()[1]


def test_random_layers_may_be_off_and_figures_drawn(measured):
    assert "6 examples" in output(measured, "dropout off")
    assert "τ_nl" in output(measured, "plot")


@pytest.mark.parametrize("name", ["prints", "changes everything"])
def test_users_code_may_print_and_change_everything(measured, name):
    text = output(measured, name)
    assert json.loads(text[text.index("{") :])["examples"] == 6


def test_a_model_without_training_in_its_call_is_in_the_mode_that_is_asked(measured):
    assert "batch norm in training mode, with the statistics of these examples" in output(measured, "no training")
    assert "6 examples" in output(measured, "instance")


def test_the_mode_of_batch_norm_is_that_which_keras_uses(measured):
    frozen = "1 of 2 batch-norm layers in training mode, with the statistics of these examples; 1 frozen"
    assert frozen in output(measured, "frozen norm")
    assert "0 of 1 batch-norm layers in training mode; 1 frozen: moving averages" in output(measured, "head")


@pytest.mark.parametrize(("name", "layer"), [("up", "layer up (UpSampling2D)"), ("resize", "layer resize (Resizing)")])
def test_a_derivative_that_a_backend_lacks_is_named_or_computed(measured, backend, name, layer):
    code, text = measured("command")[name]
    if backend == "jax":
        assert json.loads(text)["rows"][0]["nonlinear"] > 0
        return
    (line,) = [line for line in text.splitlines() if layer in line]
    assert "KERAS_BACKEND=jax" in line
    assert "Traceback" not in text
    if code == 0:
        assert json.loads(text)["rows"][0]["nonlinear"] is None
        assert json.loads(text)["rows"][0]["linear"] > 0


def test_examples_are_drawn_by_a_seed(measured):
    first, again, other = (output(measured, name) for name in ("sorted", "sorted again", "other seed"))
    assert first == again != other
    assert "of class" not in first
    assert "all 6 examples are of class 0" in output(measured, "one class")


def test_the_recommended_range_is_of_rates_that_lower_the_loss(measured):
    ranges = json.loads(output(measured, "range"))["ranges"]
    assert [found["beta"] for found in ranges] == [0.1, 1]
    for found in ranges:
        assert found["loss_after"] < found["loss_before"]
        assert found["lowest"] == pytest.approx(found["highest"] / 30)


def test_a_predicted_rate_that_kills_the_network_is_refused(measured):
    text = output(measured, "range in words")
    assert "momentum 0.9" in text
    assert "50 steps on batches of 32 lowered the loss" in text
    assert "search η over this range at each β, on validation data" in text
    line = next(line for line in text.splitlines() if line.startswith("β 1:"))
    highest, predicted = (float(part) for part in re.search(r"to (\S+): .*predicted: (\S+)\)", line).groups())
    assert highest != pytest.approx(predicted)


def test_current_directory_can_be_imported_from(tmp_path):
    write_data(tmp_path)
    (tmp_path / "mine.py").write_text((ROOT / "tests/commands/user_models.py").read_text())
    program = [sys.executable, "-m", "temperature_check", "timescales", "--model", "mine:tokens"]
    environment = os.environ | {"KERAS_BACKEND": "jax", "PYTHONPATH": str(ROOT / "workflow")}
    options = {"cwd": tmp_path, "env": environment, "text": True, "capture_output": True}
    result = subprocess.run([*program, "--data", "tokens.npz", "--beta", "0.1", "--beta", "1"], **options)
    assert result.returncode == 0, result.stderr
    assert "τ_nl" in result.stdout


@pytest.mark.parametrize("form", ["mine.py:tokens", "./mine:tokens", "folder/other.py:tokens", "json:tokens"])
def test_a_model_may_be_named_by_its_file(tmp_path, form):
    from temperature_check.commands.user_reference import find

    (tmp_path / "folder").mkdir()
    for name in ("mine", "folder/other", "json"):
        (tmp_path / f"{name}.py").write_text("def tokens():\n    return 3\n")
    imports = "import sys; from temperature_check.commands.user_reference import find"
    program = f"{imports}; print(find(sys.argv[1]).load().tokens())"
    environment = os.environ | {"PYTHONPATH": str(ROOT / "workflow")}
    options = {"cwd": tmp_path, "env": environment, "text": True, "capture_output": True}
    result = subprocess.run([sys.executable, "-c", program, form], **options)
    assert result.stdout == "3\n", result.stderr
    with pytest.raises(UserError, match="type --model module:FUNCTION"):
        find("module:")


def test_want_of_memory_says_how_many_examples_to_take():
    def exhaust():
        raise MemoryError

    with pytest.raises(UserError, match="64 examples do not fit into memory at once; take --examples 32"):
        within_memory(exhaust, 64)
    with pytest.raises(ZeroDivisionError):
        within_memory(lambda: 1 / 0, 64)


def test_other_backends_are_refused(tmp_path):
    write_data(tmp_path)
    (tmp_path / "mine.py").write_text("def tokens(): ...")
    program = [sys.executable, "-m", "temperature_check", "timescales", "--model", "mine:tokens"]
    environment = os.environ | {"KERAS_BACKEND": "numpy", "PYTHONPATH": str(ROOT / "workflow")}
    options = {"cwd": tmp_path, "env": environment, "text": True, "capture_output": True}
    result = subprocess.run([*program, "--data", "tokens.npz", "--beta", "1"], **options)
    assert result.returncode == 1
    assert result.stderr.startswith("error: KERAS_BACKEND=numpy: should be tensorflow or jax")
