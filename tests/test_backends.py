"""TensorFlow and JAX agree on the same weights, and JAX's engine keeps what TensorFlow's promises.

A process has one Keras backend, so each side computes in a process of its own; weights travel as arrays.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import ROOT

NETWORKS = {
    "mlp": {"kind": "mlp", "widths": [32]},
    "gru": {"kind": "gru", "units": 16},
    "wide_resnet": {"kind": "wide_resnet", "depth": 10, "width": 1, "batch_norm": True},
    "plain_resnet": {"kind": "wide_resnet", "depth": 10, "width": 1, "batch_norm": False},
}

ONE_STEP = """
import sys
import numpy as np
from temperature_check.training.plan import new_plan
from tests.test_backends import NETWORKS, new_engine

backend, weights_file, output = sys.argv[1:]
arrays = {}
for name in NETWORKS:
    engine = new_engine(backend, name)
    network, program = engine.initialization.network, engine.program
    weights = engine.initialization.weights(0.1, 0.01, 3)
    if backend == "jax":
        stored = np.load(weights_file)
        weights = [stored[f"initial-{name}-{i}"] for i in range(len(weights))]
    arrays |= {f"initial-{name}-{i}": w for i, w in enumerate(weights)}
    program.start(weights, 0.1, 0.5)
    arrays[f"probe-{name}"] = np.array(program.probe())
    arrays[f"logits-{name}"] = program.logits("validation")
    program.advance(new_plan(engine.training, 20, seed=0).part(0, 1))
    arrays |= {f"stepped-{name}-{i}": w for i, w in enumerate(network.get_weights())}
np.savez(output, **arrays)
"""

RUNS = """
import sys
import numpy as np
from tests.test_backends import bits, new_engine
from temperature_check.runs import Run

run = Run("mlp", "report", 0.1, 0.001, 0.1, 7)
for name in ("mlp", "wide_resnet"):
    engine = new_engine("jax", name)
    alone = bits(engine.train(run))
    engine.train(Run("mlp", "tune", 10.0, 0.001, 0.3, 8))
    print(name, alone, bits(engine.train(run)))
print("tensorflow" in sys.modules)
"""

LEARNING = """
from tests.test_backends import new_engine
from temperature_check.runs import Run

engine = new_engine("jax", "mlp", epochs=60)
record = engine.train(Run("mlp", "tune", 1.0, 0.001, 0.1, 0))
print(record.facts["status"], record.arrays["history_accuracy"][-1])
"""


def new_engine(backend: str, network: str, **changes):
    """The engine of a small task on a backend."""
    from temperature_check.data import prepare_dataset
    from temperature_check.study_file import check_study
    from temperature_check.training.engine import Engine
    from tests.conftest import SMALL_STUDY

    task = {**SMALL_STUDY["tasks"]["mlp"], "model": NETWORKS[network], **changes}
    study = check_study({**SMALL_STUDY, "tasks": {"mlp": task}, "engine": {"backend": backend}}, "test")
    return Engine(study.tasks["mlp"].training("tune"), prepare_dataset(study.data["digits"]), study.engine)


def bits(record) -> str:
    """A digest of the arrays of a record."""
    content = b"".join(name.encode() + record.arrays[name].tobytes() for name in sorted(record.arrays))
    return hashlib.sha256(content).hexdigest()


def run_python(program: str, *arguments: str) -> str:
    """Run a program in a process of its own, at the project's root, and return what it prints."""
    environment = {name: value for name, value in os.environ.items() if name != "KERAS_BACKEND"}
    command = [sys.executable, "-c", program, *arguments]
    result = subprocess.run(command, cwd=ROOT, env=environment, text=True, capture_output=True)
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.fixture(scope="module")
def steps(tmp_path_factory) -> dict[str, dict[str, np.ndarray]]:
    folder: Path = tmp_path_factory.mktemp("steps")
    run_python(ONE_STEP, "tensorflow", "-", str(folder / "tensorflow.npz"))
    run_python(ONE_STEP, "jax", str(folder / "tensorflow.npz"), str(folder / "jax.npz"))
    return {backend: dict(np.load(folder / f"{backend}.npz")) for backend in ("tensorflow", "jax")}


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("what", ["probe", "logits", "stepped"])
def test_backends_agree_on_the_same_weights(steps, network, what):
    """Forward pass in training mode (probe) and inference mode, weights after a step: float32, 1e-4 of the largest."""
    names = [name for name in steps["jax"] if name == f"{what}-{network}" or name.startswith(f"{what}-{network}-")]
    assert names
    for name in names:
        expected = steps["tensorflow"][name]
        np.testing.assert_allclose(steps["jax"][name], expected, atol=1e-4 * np.abs(expected).max() + 1e-9, rtol=0)


@pytest.mark.parametrize("network", NETWORKS)
def test_a_step_changes_the_weights(steps, network):
    initial = [steps["tensorflow"][f"initial-{network}-{i}"] for i in range(4)]
    stepped = [steps["tensorflow"][f"stepped-{network}-{i}"] for i in range(4)]
    assert any(not np.allclose(a, b, atol=1e-4) for a, b in zip(initial, stepped))


def test_runs_on_jax_have_the_same_bits_alone_among_others_and_in_another_process():
    first, again = (run_python(RUNS).splitlines() for _ in range(2))
    assert first == again
    assert first[-1] == "False"
    for line in first[:-1]:
        _, alone, among_others = line.split()
        assert alone == among_others


def test_jax_learns():
    status, accuracy = run_python(LEARNING).split()
    assert status == "finished"
    assert float(accuracy) > 0.8
