"""Tasks: a network, the data it learns, how it is trained, and the grid of values that are tried."""

from __future__ import annotations

import itertools
from typing import Annotated, Literal

from pydantic import AfterValidator, model_validator

from temperature_check.study.early_learning import EarlyLearning
from temperature_check.study.mechanism import Mechanism
from temperature_check.study.recipe import Recipe
from temperature_check.study.search import FullGrid, Search
from temperature_check.study.types import Count, Grid, Name, Seeds, Settings, Title, distinct

SWEEP_PHASES = ("tune", "report")
SHARD_KEYS = ("beta", "z0", "learning_rate", "seed")


class TaskGrid(Settings):
    """The grid of a task. Every combination is a run of the tuning phase."""

    beta: Grid
    """Inverse temperatures β."""
    z0: Grid | None = None
    """Initial logit norms ‖Z0‖ of Z = βz, per example; required with correlated initialization, absent with plain."""
    scaled_learning_rate: Grid
    """Learning rates times inverse temperature, ηβ."""
    rate_of: Literal["beta"] | None = None
    """What shares a chosen rate. `beta`: all ‖Z0‖ of a β, so that they differ in ‖Z0‖ alone; each cell if absent."""
    tuning_seeds: Seeds
    """Seeds of the runs that choose the learning rate."""
    report_seeds: Seeds
    """Seeds of the runs at the chosen rate. None may be a tuning seed."""

    @model_validator(mode="after")
    def _fresh(self) -> TaskGrid:
        if shared := sorted(set(self.tuning_seeds) & set(self.report_seeds)):
            raise ValueError(f"report_seeds should hold no tuning seed; {shared[0]} is both")
        return self

    def size(self) -> int:
        """Number of runs of both phases."""
        cells = len(self.beta) * len(self.z0 or (None,))
        return cells * (len(self.scaled_learning_rate) * len(self.tuning_seeds) + len(self.report_seeds))


class KernelChange(Settings):
    """The relative change of the kernel from the start to the end of each report run."""

    examples: Count = 64
    """Number of training examples, counted from the first, on which it is measured."""
    vectors: Count = 1
    """Number of random vectors on which it is measured."""


def _rising_from_one(lengths: tuple[float, ...]) -> tuple[float, ...]:
    if lengths[0] != 1 or list(lengths) != sorted(lengths):
        raise ValueError("should rise from 1, such as [1, 2, 4]")
    return lengths


class Task(Recipe):
    """A network, the data it learns and how it is trained."""

    title: Title
    """Name of the task in figures and tables: one line, which they show as it is typed."""
    data: Name
    """Key of an entry of `data`."""
    initialization: Literal["correlated", "plain"] = "correlated"
    """`correlated`: two copies of the network, whose correlation sets ‖Z0‖; `plain`: one network as it is drawn."""
    grid: TaskGrid
    """The values that are tried."""
    search: Search = FullGrid()
    """How the tuning phase searches the rates of the grid."""
    lengths: Annotated[Grid, AfterValidator(_rising_from_one)] = (1.0,)
    """Multiples of `epochs`. A cell takes the first one at which all tuning seeds fit the training data."""
    shard_by: Annotated[tuple[Literal[SHARD_KEYS], ...], AfterValidator(distinct)] = ()
    """One job trains all runs that share the values of these keys. With [] one job trains all runs."""
    kernel_change: KernelChange | None = None
    """Measures the change of the kernel in report runs; it is not measured if absent."""
    early_learning: EarlyLearning | None = None
    """Experiments on early learning; none if absent."""
    mechanism: Mechanism | None = None
    """Experiments on where an effect of β comes from; none if absent."""

    @model_validator(mode="after")
    def _norm_where_set(self) -> Task:
        if (self.initialization == "correlated") != (self.grid.z0 is not None):
            raise ValueError("grid.z0 should be given with correlated initialization, and with no other")
        return self

    @model_validator(mode="after")
    def _rungs_within_seeds(self) -> Task:
        if (most := max((rung.seeds for rung in self.search.rungs), default=0)) > len(self.grid.tuning_seeds):
            raise ValueError(f"search.rungs use {most} seeds: there are {len(self.grid.tuning_seeds)} tuning_seeds")
        return self

    @model_validator(mode="after")
    def _shared_rate_of_full_grid(self) -> Task:
        if self.grid.rate_of and self.adaptive:
            raise ValueError(
                f"grid.rate_of = {self.grid.rate_of!r}: should be absent with search.method: halving, search.bounds or"
                " several lengths, which search each cell alone"
            )
        return self

    @model_validator(mode="after")
    def _mechanism_of_this_task(self) -> Task:
        asked = self.mechanism
        if not asked:
            return self
        if unknown := [beta for beta in asked.betas() if beta not in self.grid.beta]:
            raise ValueError(f"mechanism.pairs: {unknown[0]:g} should be one of grid.beta")
        if (asked.seeds or 0) > len(self.grid.report_seeds):
            raise ValueError(f"mechanism.seeds = {asked.seeds}: there are {len(self.grid.report_seeds)} report_seeds")
        if asked.switch and self.weight_decay:
            raise ValueError("mechanism.switch: should be absent with weight_decay, which a switch would change")
        if asked.switch and self.precision != "float32":
            raise ValueError("mechanism.switch: should be absent with precision: bfloat16, which large β do not have")
        if asked.label_smoothing and self.label_smoothing:
            raise ValueError("mechanism.label_smoothing: should be absent with label_smoothing of the task")
        return self

    @property
    def adaptive(self) -> bool:
        """Whether each tuning run depends on the records of earlier ones."""
        return bool(self.search.rungs or self.search.bounds or len(self.lengths) > 1)

    def seeds(self) -> set[int]:
        """The seeds of all runs."""
        early = self.early_learning.seeds if self.early_learning else ()
        return {*self.grid.tuning_seeds, *self.grid.report_seeds, *early}

    def phases(self) -> tuple[str, ...]:
        """The names of the task's phases: the choice of rates, the report, and its experiments."""
        experiments = (part.phases() for part in (self.mechanism, self.early_learning) if part)
        return (*SWEEP_PHASES, *itertools.chain(*experiments))
