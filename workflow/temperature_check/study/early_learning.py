"""Experiments on early learning: their settings and their runs.

All runs train by gradient descent without momentum on one batch, the first training examples, so that the equations of
docs/theory.md hold for every step. Each experiment is a phase of a task, as tuning and the report are.
"""

from __future__ import annotations

import itertools
import math
from typing import Annotated, NamedTuple

from pydantic import AfterValidator, AliasChoices, Field, model_validator

from temperature_check.runs.run import Run
from temperature_check.study.types import Count, Grid, Positive, Seeds, Settings


class LearningCurves(Settings):
    """Learning curves at equal η̃: with equal initial logits, of linearized networks, and with only ‖Z0‖ equal."""

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
    """Time until learning starts, τ_z. Because η̃ is proportional to ‖Z0‖, it takes equally many steps at every ‖Z0‖."""

    beta: Grid
    """Inverse temperatures β."""
    z0: Grid
    """Initial logit norms ‖Z0‖."""
    relative_rate: Grid
    """η̃/‖Z0‖."""
    steps: Count
    """Steps of gradient descent. Runs that have not started to learn by then are censored."""

    def cells(self) -> list[tuple[float, float, float]]:
        """(β, ‖Z0‖, ηβ) of each run."""
        grid = itertools.product(self.beta, self.z0, self.relative_rate)
        return [(beta, z0, relative * z0 / beta) for beta, z0, relative in grid]


class Departure(Settings):
    """Time until the linear regime ends, τ_nl. Because η̃ = εβ, it takes equally many steps at every β."""

    beta: Grid
    """Inverse temperatures β."""
    z0: Grid
    """Initial logit norms ‖Z0‖."""
    scaled_learning_rate: Grid
    """ε = ηβ."""
    steps: Count
    """Steps of gradient descent. Runs that are still linear by then are censored."""

    def cells(self) -> list[tuple[float, float, float]]:
        """(β, ‖Z0‖, ηβ) of each run."""
        return list(itertools.product(self.beta, self.z0, self.scaled_learning_rate))


class LargestRate(Settings):
    """The largest rate of stable runs: that below the first unstable rate of a scan upwards, then bisected.

    A run is stable if its loss never rises by more than a tenth in the given number of steps.
    """

    beta: Grid
    """Inverse temperatures β."""
    z0: Positive
    """Initial logit norm ‖Z0‖."""
    between: Annotated[tuple[Positive, Positive], AfterValidator(tuple)]
    """The smallest and the largest ηβ that are tried."""
    rates_of_decade: Count = 4
    """Rates of the scan per factor of ten in ηβ. The scan ends at the first unstable rate."""
    halvings: Count
    """Number of halvings of the gap between the first unstable rate and the one below it."""
    steps: Count
    """Steps of gradient descent of each run."""

    @model_validator(mode="after")
    def _ordered(self) -> LargestRate:
        if self.between[0] >= self.between[1]:
            raise ValueError("between should hold a smaller and a larger ηβ")
        return self

    def cells(self) -> list[tuple[float, float, float]]:
        """(β, ‖Z0‖, ηβ) of the first run of each search."""
        return [(beta, self.z0, self.between[0]) for beta in self.beta]

    def scanned(self) -> list[float]:
        """The rates ηβ of a complete scan, at equal distances in the logarithm, with both ends.

        >>> LargestRate(beta=[1], z0=1, between=[0.1, 10], rates_of_decade=1, halvings=1, steps=1).scanned()
        [0.1, 1.0, 10.0]
        """
        low, high = self.between
        parts = math.ceil(round(self.rates_of_decade * math.log10(high / low), 6))
        inner = (low * (high / low) ** (part / parts) for part in range(1, parts))
        return [low, *inner, high]


class Experiment(NamedTuple):
    """One experiment.

    part: the settings that describe it. initialization, linearized: how its runs start.
    adaptive: the module of `adaptive` that chooses its runs, if each run depends on the records of earlier ones.
    """

    part: str
    initialization: str
    linearized: bool = False
    adaptive: str | None = None


EXPERIMENTS = {
    "curves_exact": Experiment("curves", "shifted"),
    "curves_linearized": Experiment("curves", "shifted", linearized=True),
    "curves_correlated": Experiment("curves", "correlated"),
    "onset": Experiment("onset", "correlated"),
    "departure": Experiment("departure", "correlated"),
    "departure_linearized": Experiment("departure", "correlated", linearized=True),
    "largest_rate": Experiment("largest_rate", "correlated", adaptive="bisection"),
}


class EarlyLearning(Settings):
    """Experiments on the early learning of a task. An experiment that is absent is not run."""

    examples: Count = 256
    """Number of training examples in the batch. Runs are measured on them as well."""
    seeds: Seeds
    """Seeds of the initial weights."""
    kernel_vectors: Count = 2
    """Number of random vectors on which the change of the kernel is measured."""
    curves: LearningCurves | None = None
    """Learning curves at equal η̃."""
    onset: Onset | None = None
    """Time until learning starts, τ_z."""
    departure: Departure | None = None
    """Time until the linear regime ends, τ_nl."""
    largest_rate: LargestRate | None = Field(None, validation_alias=AliasChoices("largest_rate", "bisection"))
    """Largest rate of stable runs."""

    @model_validator(mode="after")
    def _some(self) -> EarlyLearning:
        if not self.phases():
            raise ValueError(f"should have one of {', '.join(sorted({e.part for e in EXPERIMENTS.values()}))}")
        return self

    def part(self, phase: str) -> LearningCurves | Onset | Departure | LargestRate | None:
        """The settings of an experiment; None if it is absent."""
        return getattr(self, EXPERIMENTS[phase].part)

    def phases(self) -> list[str]:
        """The experiments of the task, each of which is a phase."""
        return [phase for phase in EXPERIMENTS if self.part(phase)]

    def plain_phase(self) -> str:
        """An experiment whose networks start with correlated copies and are not linearized. It always exists."""
        plain = [phase for phase in self.phases() if not EXPERIMENTS[phase].linearized]
        return next(phase for phase in plain if EXPERIMENTS[phase].initialization == "correlated")

    def runs(self, task: str, phase: str) -> list[Run]:
        """The runs of an experiment. If it is adaptive, they are the first runs of its searches."""
        return [Run(task, phase, *cell, seed) for cell in self.part(phase).cells() for seed in self.seeds]

    def starts(self, task: str) -> list[Run]:
        """Runs from all starts of the experiments."""
        return [run for phase in self.phases() for run in self.runs(task, phase)]
