"""TensorFlow and JAX agree on the same weights, and JAX's engine keeps what TensorFlow's promises.

A process has one Keras backend, so each side computes in a process of its own; weights travel as arrays.
"""

from __future__ import annotations

import functools
import hashlib
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import ROOT

NETWORKS = {
    "mlp": {"kind": "mlp", "widths": [32]},
    "gru": {"kind": "gru", "units": 16},
    "wide_resnet": {"kind": "wide_resnet", "depth": 10, "width": 1, "batch_norm": True},
    "plain_resnet": {"kind": "wide_resnet", "depth": 10, "width": 1, "batch_norm": False},
    "text_gru": {"kind": "text_gru", "embedding": 8, "units": 16},
    "resnet50": {"kind": "resnet50", "batch_norm": True},
    "plain_resnet50": {"kind": "resnet50", "batch_norm": False},
}

SMALL = tuple(name for name in NETWORKS if "resnet50" not in name)
DEEP = tuple(name for name in NETWORKS if "resnet50" in name)
BY_DEPTH = [*SMALL, *(pytest.param(name, marks=pytest.mark.long) for name in DEEP)]

# Halves the time that JAX takes to compile.
FAST_COMPILATION = "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true"

ONE_STEP = """
import random
import sys
import keras
import numpy as np
from keras.src.backend.common.dtypes import BIT64_TO_BIT32_DTYPE
from temperature_check.training.plan import Plan
from tests.training.test_backends import DEEP, example_data, new_engine

# In float32 the ReLUs of a deep network with batch norm cut off other units: gradients differ by a percent. Keras's
# batch norm and means would compute in float32 on JAX.
keras.config.set_floatx("float64")
BIT64_TO_BIT32_DTYPE["float64"] = "float64"

# Keras's initializers take their seeds from here.
random.seed(3)
weights_file, output, *names = sys.argv[1:]
backend, arrays = keras.config.backend(), {}
for name in names:
    # Two copies of ResNet-50 would take JAX too long to compile.
    initialization = "plain" if name in DEEP else "correlated"
    engine = new_engine(backend, name, example_data(name), initialization=initialization)
    network, program = engine.initialization.network, engine.program
    weights = network.get_weights()
    if backend == "jax":
        stored = np.load(weights_file)
        weights = [stored[f"initial-{name}-{i}"] for i in range(len(weights))]
    arrays |= {f"initial-{name}-{i}": w for i, w in enumerate(weights)}
    program.start(weights, 0.1, 0.5)
    arrays[f"probe-{name}"] = np.array(program.probe())
    arrays[f"logits-{name}"] = program.logits("validation")
    examples = np.arange(4, dtype=np.int32).reshape(1, 4)
    found = program.advance(Plan(examples, np.empty((1, 4, 0), np.int32), np.ones(1), np.ones(1, bool)))
    arrays |= {f"batch-{name}": found.batches, f"probed-{name}": np.array(found.probes)}
    arrays |= {f"stepped-{name}-{i}": w for i, w in enumerate(network.get_weights())}
np.savez(output, **arrays)
"""

RUNS = """
import sys
import numpy as np
from tests.training.test_backends import bits, new_engine
from temperature_check.runs.run import Run

run = Run("mlp", "report", 0.1, 0.001, 0.1, 7)
for name in ("mlp", "wide_resnet"):
    engine = new_engine("jax", name)
    alone = bits(engine.train(run))
    engine.train(Run("mlp", "tune", 10.0, 0.001, 0.3, 8))
    print(name, alone, bits(engine.train(run)))
print("tensorflow" in sys.modules)
"""

LEARNING = """
from tests.training.test_backends import new_engine
from temperature_check.runs.run import Run

engine = new_engine("jax", "mlp", epochs=60)
record = engine.train(Run("mlp", "tune", 1.0, 0.001, 0.1, 0))
print(record.facts["status"], record.arrays["history_accuracy"][-1])
"""


def new_engine(backend: str, network: str, dataset=None, **changes):
    """The engine of a small task on a backend, on digits or another data set."""
    from temperature_check.data.prepare import prepare_dataset
    from temperature_check.study.file import check_study
    from temperature_check.study.recipe import Training
    from tests.builders import new_engine as engine_of
    from tests.conftest import SMALL_STUDY

    study = check_study({**SMALL_STUDY, "engine": {"backend": backend}}, "test")
    training = study.phase("mlp", "tune").training.model_dump() | {"model": NETWORKS[network], **changes}
    return engine_of(Training(**training), dataset or prepare_dataset(study.data["digits"]), study.engine)


def example_data(network: str):
    """A few random examples of the kind that a network reads: texts, or images of a size that it needs."""
    from temperature_check.data.dataset import Dataset

    stream = np.random.default_rng(0)
    size = (32, 32, 3) if "resnet50" in network else (8, 8, 1)
    inputs = stream.normal(size=(16, *size)).astype(np.float32)
    if network == "text_gru":
        inputs = stream.integers(0, 50, size=(16, 9), dtype=np.int32)
    splits = {"train": slice(0, 8), "validation": slice(8, 16)}
    labels = np.arange(16, dtype=np.int32) % 10
    parts = ({split: array[part] for split, part in splits.items()} for array in (inputs, labels))
    return Dataset("examples", *parts, classes=10, vocabulary=50 if network == "text_gru" else None)


def bits(record) -> str:
    """A digest of the arrays of a record."""
    content = b"".join(name.encode() + record.arrays[name].tobytes() for name in sorted(record.arrays))
    return hashlib.sha256(content).hexdigest()


def run_python(program: str, *arguments: str, **variables: str) -> str:
    """Run a program in a process of its own, at the project's root, and return what it prints.

    variables: of its environment, which has no other KERAS_BACKEND.
    """
    environment = {name: value for name, value in os.environ.items() if name != "KERAS_BACKEND"} | variables
    command = [sys.executable, "-c", program, *arguments]
    result = subprocess.run(command, cwd=ROOT, env=environment, text=True, capture_output=True)
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.fixture(scope="module")
def steps_of(tmp_path_factory) -> Callable[[str], dict[str, dict[str, np.ndarray]]]:
    """By backend, a step of a network and of those of its depth, which share the processes that make them."""

    @functools.cache
    def of_group(names: tuple[str, ...]) -> dict[str, dict[str, np.ndarray]]:
        folder: Path = tmp_path_factory.mktemp("steps")
        first, second = (str(folder / f"{backend}.npz") for backend in ("tensorflow", "jax"))
        on_jax = {"KERAS_BACKEND": "jax", "JAX_ENABLE_X64": "1", "XLA_FLAGS": FAST_COMPILATION}
        run_python(ONE_STEP, "-", first, *names, KERAS_BACKEND="tensorflow")
        run_python(ONE_STEP, first, second, *names, **on_jax)
        return {"tensorflow": dict(np.load(first)), "jax": dict(np.load(second))}

    return lambda network: of_group(SMALL if network in SMALL else DEEP)


@pytest.mark.parametrize("network", BY_DEPTH)
def test_backends_agree_on_the_same_weights(steps_of, network):
    """Forward passes in training mode (probe) and inference mode, weights after a step, what it measured: float64, 1e-6
    of the largest.

    Not less, as Keras rounds the factor 1/√2 of residual networks to float32 on TensorFlow.
    """
    steps = steps_of(network)
    for what in ("probe", "logits", "stepped", "batch", "probed"):
        names = [name for name in steps["jax"] if name == f"{what}-{network}" or name.startswith(f"{what}-{network}-")]
        assert names
        for name in names:
            expected = steps["tensorflow"][name]
            np.testing.assert_allclose(steps["jax"][name], expected, atol=1e-6 * np.abs(expected).max(), rtol=0)


@pytest.mark.parametrize("network", BY_DEPTH)
def test_a_step_changes_the_weights(steps_of, network):
    steps = steps_of(network)
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
