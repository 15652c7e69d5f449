"""The choice of the Keras backend, before Keras is imported, and what a backend offers to the engine."""

from __future__ import annotations

import contextlib
import functools
import importlib
import os
import platform
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np

    from temperature_check.data.dataset import Dataset
    from temperature_check.study.engine import EngineSettings
    from temperature_check.training.plan import Plan
    from temperature_check.training.progress import Trained

CPU_INFORMATION = Path("/proc/cpuinfo")
PREFIXES = (
    "CUBLAS_",
    "CUDNN_",
    "DNNL_",
    "JAX_",
    "KERAS_",
    "NPY_",
    "NVIDIA_TF32",
    "ONEDNN_",
    "OPENBLAS_",
    "TF_",
    "XLA_",
)
"""Prefixes of environment variables that may change what backends and their libraries compute."""
HARMLESS = (
    *("KERAS_BACKEND", "KERAS_HOME", "KERAS_NNX_ENABLED", "KERAS_MAX_EPOCHS", "KERAS_MAX_STEPS_PER_EPOCH"),
    *(
        "JAX_PLATFORMS",
        "JAX_COMPILATION_CACHE_DIR",
        "JAX_TRACEBACK_FILTERING",
        "JAX_LOG_COMPILES",
        "JAX_DEBUG_LOG_MODULES",
    ),
    *("TF_CPP_MIN_LOG_LEVEL", "TF_CPP_MAX_VLOG_LEVEL", "TF_FORCE_GPU_ALLOW_GROWTH", "TF_GPU_ALLOCATOR"),
    *("XLA_PYTHON_CLIENT_MEM_FRACTION", "XLA_PYTHON_CLIENT_PREALLOCATE", "XLA_PYTHON_CLIENT_ALLOCATOR"),
    "OPENBLAS_NUM_THREADS",
)
"""Variables with these prefixes that change no number. Some are set here, some are not used, and some only affect
memory, caches or messages."""

OTHER_PROGRAMS = (
    *("TF_CLI_", "TF_DATA_DIR", "TF_IN_AUTOMATION", "TF_INPUT", "TF_LOG", "TF_PLUGIN_", "TF_REGISTRY_"),
    *("TF_TOKEN_", "TF_VAR_", "TF_WORKSPACE"),
)
"""Beginnings of Terraform's variables, which share TensorFlow's prefix."""


NOT_NEEDED = frozenset({"jax", "matplotlib", "sklearn"})
"""Libraries that Keras and TensorFlow import if they are installed, for parts that training does not use. This takes at
least a quarter of the time of their import."""


class NoGPU(Exception):
    """A study asks for a GPU and the backend sees none."""


class Program(Protocol):
    """What a backend offers: a network that is compiled once for all weights, optimizer states, β and η."""

    def use(self, dataset: Dataset) -> None:
        """Take the examples of a data set whose arrays have the shapes and types of the first one's."""

    def start(self, weights: list[np.ndarray], beta: float, learning_rate: float) -> None:
        """Set the weights, β and η, and clear the optimizer's state."""

    def advance(self, plan: Plan) -> Trained:
        """Train all steps of `plan`, at most STEPS_OF_A_CALL, on the training examples of the data set.

        Training stops after a probe that is not finite.
        """

    def step(self, inputs: np.ndarray, labels: np.ndarray, factor: float):
        """Train one step on the given batch, at `factor` times η.

        Returns the batch's loss and accuracy before the step as a tensor, which may still be computed.
        """

    def probe(self) -> tuple[float, float, float]:
        """Loss, accuracy and ‖Z‖ per example on the probe, batch norm in training mode. It changes nothing."""

    def logits(self, split: str) -> np.ndarray:
        """Unscaled logits z of a split, batch norm in inference mode; shape [examples, classes]."""

    def infer(self, inputs: np.ndarray) -> np.ndarray:
        """Unscaled logits z of the given inputs, batch norm in inference mode."""

    def state(self) -> list[np.ndarray]:
        """Everything that steps change: weights, moving averages, the optimizer's state."""

    def restore(self, state: list[np.ndarray]) -> None:
        """Restore what `state` returned for a run with the same β and η."""


def use(settings: EngineSettings) -> str:
    """Set the backend, the device and Keras's defaults for this process, and return the name of the device.

    It must be called before the first computation, and before anything imports Keras. It overrides the types and
    formats in a user's `keras.json`. Raises NoGPU if a GPU is required and there is none.
    """
    os.environ["KERAS_BACKEND"] = settings.backend
    os.environ["KERAS_NNX_ENABLED"] = "false"
    with _without(NOT_NEEDED.difference([settings.backend])):
        module = importlib.import_module(f"temperature_check.training.{settings.backend}")
    _reset_keras()
    return module.use_device(settings) or processor_name()


@contextlib.contextmanager
def _without(libraries: Iterable[str]) -> Iterator[None]:
    """Let imports of these libraries fail as if they were not installed, unless they are imported already."""
    hidden = [library for library in libraries if library not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))
    try:
        yield
    finally:
        for library in hidden:
            del sys.modules[library]


def _reset_keras() -> None:
    import keras

    keras.config.set_floatx("float32")
    keras.config.set_epsilon(1e-7)
    keras.config.set_image_data_format("channels_last")
    keras.config.set_dtype_policy("float32")


@functools.cache
def environment() -> dict[str, str]:
    """The environment variables that may change what a backend computes, as the process received them.

    They are part of a run's key. A backend sets some of them later, from settings that are part of the key as well.
    """
    return {name: value for name, value in sorted(os.environ.items()) if _counts(name)}


def _counts(name: str) -> bool:
    return name.startswith(PREFIXES) and not name.startswith(OTHER_PROGRAMS) and name not in HARMLESS


def processor_name() -> str:
    """The model of this machine's processor."""
    lines = CPU_INFORMATION.read_text().splitlines() if CPU_INFORMATION.exists() else []
    models = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(models, platform.processor() or platform.machine())
