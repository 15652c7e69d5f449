"""A complete study."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from temperature_check.base.errors import UserError
from temperature_check.study.checks import refuse_contradictions
from temperature_check.study.claims import ClaimSettings
from temperature_check.study.data import DataSettings
from temperature_check.study.engine import EngineSettings
from temperature_check.study.evaluation import EvaluationSettings
from temperature_check.study.figures import SWEEP_FIGURES, FigureSettings, Panel, TableSettings
from temperature_check.study.phases import Phase
from temperature_check.study.tasks import Task
from temperature_check.study.types import SEEDS, Count, Name, SeedOffset, Settings, lookup

RESERVED = ("store", "reference")
VERSION = 1
"""Version of study files, which changes with the meaning of their keys."""


def _not_reserved(name: str) -> str:
    if name in RESERVED:
        raise ValueError(f"should be none of {', '.join(RESERVED)}, which results/ has for itself")
    return name


class Study(Settings):
    """A complete study. Its results are in results/<study>/."""

    version: Literal[VERSION] = VERSION
    """Version of the study file, by default this one."""
    study: Annotated[Name, AfterValidator(_not_reserved)]
    """Name of the study."""
    # It shifts the seeds of the fields below it.
    seed_offset: SeedOffset = 0
    """Added to every seed of runs as a study is read. What is written with all defaults has the sums, and 0 here."""
    data: Annotated[dict[Name, DataSettings], Field(min_length=1)]
    """Data sets and their splits."""
    tasks: Annotated[dict[Name, Task], Field(min_length=1)]
    """Tasks to train."""
    engine: EngineSettings = Field(default_factory=EngineSettings)
    """Backend, device and threads of training jobs."""
    evaluation: EvaluationSettings = EvaluationSettings()
    """How finished runs are evaluated."""
    figures: FigureSettings = FigureSettings()
    """The figures of the study."""
    tables: TableSettings = TableSettings()
    """The tables of the study."""
    claims: ClaimSettings = ClaimSettings()
    """What the verdicts on claims need to know."""
    max_runs: Count = 20_000
    """Largest number of runs of the sweeps. A larger study is refused, because it may be a mistake."""

    @model_validator(mode="after")
    def _not_by_mistake(self) -> Study:
        if self.size() > self.max_runs:
            largest = max(self.tasks, key=lambda name: self.tasks[name].grid.size())
            raise ValueError(
                f"the tasks have {self.size():,} runs, {largest} alone {self.tasks[largest].grid.size():,}, more than"
                f" max_runs = {self.max_runs:,}; make grids smaller or, if this is not a mistake, raise max_runs"
            )
        return self

    @model_validator(mode="after")
    def _seeds_exist(self) -> Study:
        seeds = [seed for task in self.tasks.values() for seed in task.seeds()]
        if min(seeds) not in SEEDS or max(seeds) not in SEEDS:
            asked = f"{min(seeds):,} to {max(seeds):,}"
            raise ValueError(f"seed_offset makes the seeds of runs {asked}; should be {SEEDS[0]} to {SEEDS[-1]:,}")
        return self

    @model_validator(mode="after")
    def _consistent(self) -> Study:
        refuse_contradictions(self)
        return self

    def size(self) -> int:
        """Number of runs of the sweeps of all tasks."""
        return sum(task.grid.size() for task in self.tasks.values())

    def task(self, name: str) -> Task:
        """The task `name`. Raises UserError if there is none."""
        return lookup(self.tasks, name, f"task of {self.study}")

    def phases(self) -> list[Phase]:
        """Every phase of every task."""
        return [Phase(self, name, phase) for name, task in self.tasks.items() for phase in task.phases()]

    def phase(self, task: str, name: str) -> Phase:
        """One phase. Raises UserError if there is no such task, or the task has no such phase."""
        lookup(dict.fromkeys(self.task(task).phases()), name, f"phase of {task}")
        return Phase(self, task, name)

    def dataset(self, name: str) -> DataSettings:
        """The data set `name`. Raises UserError if there is none."""
        return lookup(self.data, name, f"data set of {self.study}")

    def data_seeds(self, name: str) -> list[int]:
        """The seeds of all runs on the data set `name` if each has other examples; empty if all have the same."""
        if not self.dataset(name).by_seed:
            return []
        return sorted({seed for task in self.tasks.values() if task.data == name for seed in task.seeds()})

    def figure(self, name: str) -> Settings:
        """The settings of figure `name`. Raises UserError if there is none."""
        return lookup(dict(self.figures), name, "figure")

    def table(self, name: str) -> Settings:
        """The settings of table `name`. Raises UserError if there is none."""
        return lookup(dict(self.tables), name, "table")

    def figures_made(self) -> list[str]:
        """All figures except those of what no task measures."""
        return [name for name, figure in self.figures if not figure.needs or figure.panels(self.tasks)]

    def searched_tasks(self) -> list[str]:
        """The tasks whose tuning runs depend on earlier ones."""
        return [name for name, task in self.tasks.items() if task.adaptive]

    def early_tasks(self) -> list[str]:
        """The tasks that have experiments on early learning."""
        return [name for name, task in self.tasks.items() if task.early_learning]

    def phases_of_kind(self, kind: str) -> list[Phase]:
        """The phases of one kind, `Phase.kind`."""
        return [phase for phase in self.phases() if phase.kind == kind]

    def margin(self, task: str) -> float:
        """The smallest difference of test accuracy that matters in a task, in points."""
        return self.claims.margins.get(task, self.claims.margin)

    def titles(self) -> dict[str, str]:
        """The title of each task in figures and tables."""
        return {name: task.title for name, task in self.tasks.items()}

    def shown(self, figure: str) -> str:
        """What a figure shows: its tasks, and for each the data and the number of seeds."""
        return "; ".join(self._conditions(panel, figure in SWEEP_FIGURES) for panel in self.panels(figure))

    def _conditions(self, panel: Panel, of_sweep: bool) -> str:
        task = self.tasks[panel.task]
        if not of_sweep and not task.early_learning:
            return panel.title
        examples = f"{self.data[task.data].train:,}" if of_sweep else f"{task.early_learning.examples:,} of the"
        seeds = f"n = {len(task.grid.report_seeds)} report" if of_sweep else f"n = {len(task.early_learning.seeds)}"
        return f"{panel.title} ({task.data}, {examples} training examples, {seeds} seeds)"

    def panels(self, figure: str) -> list[Panel]:
        """The panels of a figure; none if it can show no task.

        Raises UserError if no task measures what the figure shows.
        """
        settings = self.figure(figure)
        if figure not in self.figures_made():
            raise UserError(f"no task of {self.study} has {settings.needs}, which {figure} shows")
        return settings.panels(self.tasks)
