"""Settings of the engine: backend, device and threads."""

from __future__ import annotations

import importlib.util
import os
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from temperature_check.study.types import Count, NotNegative, Settings


def _installed(backend: str) -> str:
    if not importlib.util.find_spec(backend):
        raise ValueError(f"{backend} is not installed; install it with: pip install -e '.[{backend}]'")
    return backend


class EngineSettings(Settings):
    """What training jobs run on."""

    backend: Annotated[Literal["tensorflow", "jax"], AfterValidator(_installed)] = Field(
        default_factory=lambda: os.environ.get("KERAS_BACKEND") or "tensorflow", validate_default=True
    )
    """Keras backend; by default that of the environment variable KERAS_BACKEND, or else tensorflow."""
    device: Literal["cpu", "gpu"] = "cpu"
    """Device of training jobs. `gpu` is the first GPU that a job sees; it is an error if there is none."""
    threads: Count = 1
    """Cores of a training job. The last bits of results depend on this number."""
    deterministic: bool = True
    """Whether a GPU uses only algorithms that give the same bits every time, which may be slower. A CPU always does."""
    checkpoint_minutes: NotNegative = 5.0
    """Minutes between checkpoints, from which an interrupted run resumes. No number depends on this setting."""

    def for_key(self) -> dict:
        """The settings that affect the numbers of a run."""
        return self.model_dump(exclude={"checkpoint_minutes"})
