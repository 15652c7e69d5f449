"""The modules that train a run. The engine imports from this list, and a key is made of it.

Modules that settings choose by name are imported and hashed by name. An edit of one network therefore changes only the
keys of its runs, and a new network changes no keys.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from temperature_check.training.history import is_experiment

if TYPE_CHECKING:
    from temperature_check.study.recipe import Training


class Modules(NamedTuple):
    """Names below the package; None for a part that a run does not have.

    Settings choose the modules without a default. The others are part of every run. Training calls methods of the
    classes in `run` and `dataset`, although it imports them only for their types.
    """

    network: str
    initialization: str
    linearized: str | None
    recorder: str
    backend: str
    autodiff: str | None
    stream: str | None
    engine: str = "training.engine"
    settled: str = "training.backend"
    run: str = "runs.run"
    dataset: str = "data.dataset"

    def names(self) -> tuple[str, ...]:
        """The names of the modules that the run has."""
        return tuple(filter(None, self))


def modules(training: Training, backend: str, streamed: bool) -> Modules:
    """The modules that train runs.

    backend: the backend of Keras. streamed: whether the data set is streamed; runs on its first `examples` have these
    in memory.
    """
    differentiates = training.linearized or training.kernel_vectors is not None
    return Modules(
        network=training.model.module,
        initialization=f"initialization.{training.initialization}",
        linearized="initialization.linearized" if training.linearized else None,
        recorder=f"training.{_recorder(training)}",
        backend=f"training.{backend}",
        autodiff=f"theory.autodiff.{backend}" if differentiates else None,
        stream="data.stream" if streamed and not training.examples else None,
    )


def _recorder(training: Training) -> str:
    if training.kernel_vectors is None:
        return "recorder"
    return "kernel_recorder" if is_experiment(training) else "end_recorder"
