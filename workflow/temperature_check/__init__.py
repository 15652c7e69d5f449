"""Temperature check: training with softmax-cross-entropy losses at inverse temperature β (arXiv:2010.07344).

The public names, described in docs/api.md, are loaded when they are used first: importing the package loads no backend.
"""

import importlib

__version__ = "0.1.0"

PUBLIC = {
    "SoftmaxCrossentropy": "temperature_check.losses",
    "CorrelatedPair": "temperature_check.initialization.correlated",
    "load_study": "temperature_check.study.file",
    "time_scales": "temperature_check.theory.model",
}
"""By name, the module that has it."""

__all__ = ["CorrelatedPair", "SoftmaxCrossentropy", "load_study", "time_scales"]


def __getattr__(name: str):
    if name not in PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(PUBLIC[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *PUBLIC})
