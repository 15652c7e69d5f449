"""Fingerprints of the code of each stage. Rules have them as params, so that jobs run again if the code changes.

A fingerprint covers what a stage imports and the classes of the objects that it receives. For example, evaluation calls
methods of a data set, although it imports the class only for its type. Modules that settings choose are hashed by name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from temperature_check.base.digest import digest
from temperature_check.base.fingerprint import closure, fingerprint
from temperature_check.training.modules import modules

if TYPE_CHECKING:
    from temperature_check.study.data import DataSettings
    from temperature_check.study.phases import Phase

STAGES = {
    "prepare": ("data.prepare", "data.file", "data.{}"),
    "train": ("training.trainer",),
    "starts": ("training.starts", "base.tables"),
    "evaluate": ("evaluation.table", "data.file", "base.tables"),
    "rungs": ("evaluation.rungs", "base.files", "base.tables"),
    "select": ("evaluation.rates", "runs.rates", "base.tables"),
    "collect": ("evaluation.collect", "runs.rates", "base.tables"),
    "mechanism": ("evaluation.mechanism", "base.tables"),
    "early_learning": ("evaluation.early_learning", "base.tables"),
    "figure": ("figures.draw", "figures.{}", "base.tables"),
    "claims": ("claims.judge", "tables.claims", "base.tables"),
    "report": ("tables.report", "base.tables"),
    "page": ("tables.page",),
    "table": ("tables.render", "tables.{}", "base.tables"),
}
"""The modules that the command of each stage imports, and those of what it receives. Settings choose {}."""


def stage_modules(stage: str, chosen: str = "") -> tuple[str, ...]:
    """The modules of a stage. chosen: the name of the data source, figure or table that it makes."""
    return tuple(module.format(chosen) for module in STAGES[stage])


def stage_code(stage: str, chosen: str = "") -> str:
    """The fingerprint of a stage. For stages that build networks it is part of `training_code` and `starts_code`."""
    return fingerprint(*stage_modules(stage, chosen))


def prepare_code(data: DataSettings) -> str:
    """The fingerprint of the preparation of a data set."""
    return stage_code("prepare", data.source)


def training_code(phase: Phase) -> str:
    """The fingerprint of the jobs that train a phase. It covers the stage, the runs, and the adaptive search."""
    search = [f"adaptive.{phase.adaptive}"] if phase.adaptive else []
    return digest([fingerprint(*stage_modules("train"), *search), closure(*run_modules(phase))], length=16)


def starts_code(phase: Phase) -> str:
    """The fingerprint of the time scales at the starts of runs like those of a phase."""
    return digest([stage_code("starts"), closure(*run_modules(phase))], length=16)


def run_modules(phase: Phase) -> tuple[str, ...]:
    """The modules that train the runs of a phase."""
    used = modules(phase.training, phase.study.engine.backend, phase.data.streamed)
    return used._replace(engine=phase.engine).names()
