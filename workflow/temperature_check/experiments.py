"""Experiments on early learning: their settings, and the runs that they ask for.

All train by gradient descent without momentum on one batch, the first training examples: equations of docs/theory.md
hold step by step. An experiment is a phase of a task, like the choice of rates and the report.
"""

from __future__ import annotations

import itertools
from typing import Annotated

from pydantic import AfterValidator, model_validator

from temperature_check.runs import EXPERIMENTS, Run
from temperature_check.settings import Count, Grid, Positive, Seeds, Settings


class LearningCurves(Settings):
    """Curves of runs with equal η̃: with equal initial logits, their linearized twins, and with equal norm alone."""

    beta: Grid
    """Inverse temperatures β."""
    z0: Positive
    """Initial logit norm ‖Z0‖."""
    effective_learning_rate: Positive
    """η̃ = ηβ², the same at every β."""
    steps: Count
    """Steps of gradient descent."""

    def cells(self) -> list[tuple[float, float, float]]:
        """(β, ‖Z0‖, ηβ) of each run."""
        return [(beta, self.z0, self.effective_learning_rate / beta) for beta in self.beta]


class Onset(Settings):
    """When learning starts: τ_z of runs whose η̃ is a multiple of ‖Z0‖, so that it takes as many steps at every ‖Z0‖."""

    beta: Grid
    """Inverse temperatures β."""
    z0: Grid
    """Initial logit norms ‖Z0‖."""
    relative_rate: Grid
    """η̃/‖Z0‖."""
    steps: Count
    """Steps of gradient descent; runs that have not started by then are censored."""

    def cells(self) -> list[tuple[float, float, float]]:
        """(β, ‖Z0‖, ηβ) of each run."""
        grid = itertools.product(self.beta, self.z0, self.relative_rate)
        return [(beta, z0, relative * z0 / beta) for beta, z0, relative in grid]


class Departure(Settings):
    """When the linear regime ends: τ_nl of runs with η̃ = εβ, so that it takes as many steps at every β."""

    beta: Grid
    """Inverse temperatures β."""
    z0: Grid
    """Initial logit norms ‖Z0‖."""
    scaled_learning_rate: Grid
    """ε = ηβ."""
    steps: Count
    """Steps of gradient descent; runs that are still linear by then are censored."""

    def cells(self) -> list[tuple[float, float, float]]:
        """(β, ‖Z0‖, ηβ) of each run."""
        return list(itertools.product(self.beta, self.z0, self.scaled_learning_rate))


class Bisection(Settings):
    """The largest stable rate: a run is stable if its loss never rises by more than a tenth above the first."""

    beta: Grid
    """Inverse temperatures β."""
    z0: Positive
    """Initial logit norm ‖Z0‖."""
    between: Annotated[tuple[Positive, Positive], AfterValidator(tuple)]
    """The smallest and the largest ηβ looked at."""
    halvings: Count
    """Halvings of the interval of log ηβ."""
    steps: Count
    """Steps of gradient descent of a run."""

    @model_validator(mode="after")
    def _ordered(self) -> Bisection:
        if self.between[0] >= self.between[1]:
            raise ValueError("between should hold a smaller and a larger ηβ")
        return self


class EarlyLearning(Settings):
    """Experiments on the early learning of a task; those that are absent are not made."""

    examples: Count = 256
    """Training examples of the batch, which is the probe, too."""
    seeds: Seeds
    """Seeds of the initial weights."""
    kernel_vectors: Count = 2
    """Random vectors on which the change of the kernel is measured."""
    curves: LearningCurves | None = None
    """Learning curves at equal η̃."""
    onset: Onset | None = None
    """Time until learning starts, τ_z."""
    departure: Departure | None = None
    """Time until the linear regime ends, τ_nl."""
    bisection: Bisection | None = None
    """Largest stable learning rate."""

    @model_validator(mode="after")
    def _some(self) -> EarlyLearning:
        if not self.phases():
            raise ValueError(f"should have one of {', '.join(sorted({e.part for e in EXPERIMENTS.values()}))}")
        return self

    def phases(self) -> list[str]:
        """The experiments that are made, each a phase of the task."""
        return [phase for phase, experiment in EXPERIMENTS.items() if getattr(self, experiment.part)]

    def plain_phase(self) -> str:
        """An experiment whose networks start with correlated copies and are not linearized; any has one."""
        plain = [phase for phase in self.phases() if not EXPERIMENTS[phase].linearized]
        return next(phase for phase in plain if EXPERIMENTS[phase].initialization == "correlated")

    def runs(self, task: str, phase: str) -> list[Run]:
        """The runs of an experiment; none of the bisection, whose runs depend on each other."""
        if phase == "bisection":
            return []
        cells = getattr(self, EXPERIMENTS[phase].part).cells()
        return [Run(task, phase, *cell, seed) for cell in cells for seed in self.seeds]

    def starts(self, task: str) -> list[Run]:
        """A run from every start of the experiments."""
        cells = [cell for phase in self.phases() for cell in self.runs(task, phase)]
        if self.bisection:
            grid = itertools.product(self.bisection.beta, self.seeds)
            cells += [Run(task, "bisection", beta, self.bisection.z0, 1.0, seed) for beta, seed in grid]
        return cells
