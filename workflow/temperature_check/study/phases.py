"""Phases: the runs of one task that are trained in one way."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from functools import cached_property, partial
from typing import TYPE_CHECKING

from temperature_check.base.digest import digest
from temperature_check.base.errors import UserError
from temperature_check.runs.rates import Cell, Rates
from temperature_check.runs.run import Run
from temperature_check.study.early_learning import EXPERIMENTS, Experiment
from temperature_check.study.mechanism import PHASES
from temperature_check.study.recipe import Recipe, Training
from temperature_check.study.tasks import SWEEP_PHASES
from temperature_check.study.types import lookup

if TYPE_CHECKING:
    from temperature_check.study.data import DataSettings
    from temperature_check.study.study import Study
    from temperature_check.study.tasks import Task

JUDGED_BY = ("failed_below", "fitted_above")
"""The settings of evaluation by which a search judges its runs."""
WHOLE = "all"
"""The name of a shard that holds all runs of its phase."""


@dataclass(frozen=True)
class Phase:
    """The runs of one task that are trained in one way.

    name: `tune`, whose runs choose the rate; `report`, new runs at the chosen rate; one of `mechanism.PHASES`, report
        runs with one change; or a key of EXPERIMENTS.
    """

    study: Study = field(repr=False, compare=False)
    task_name: str
    name: str

    def __str__(self) -> str:
        return f"{self.task_name} {self.name}"

    @property
    def task(self) -> Task:
        """The task."""
        return self.study.tasks[self.task_name]

    @property
    def data(self) -> DataSettings:
        """The settings of the data that the task learns."""
        return self.study.data[self.task.data]

    @property
    def sweep(self) -> bool:
        """Whether the phase belongs to the sweep over the task's grid, and not to its experiments."""
        return self.name in SWEEP_PHASES

    @property
    def kind(self) -> str:
        """`sweep`, `mechanism` or `early_learning`: the part of the study that the phase belongs to."""
        if self.sweep:
            return "sweep"
        return "mechanism" if self.name in PHASES else "early_learning"

    @property
    def at_chosen_rates(self) -> bool:
        """Whether the runs depend on the rates that tuning chooses."""
        return self.name == "report" or self.kind == "mechanism"

    @property
    def engine(self) -> str:
        """The module whose engine trains the runs."""
        return "training.variants" if self.kind == "mechanism" else "training.engine"

    @property
    def experiment(self) -> Experiment | None:
        """Which experiment on early learning the phase is; None if it is none."""
        return EXPERIMENTS.get(self.name)

    @property
    def adaptive(self) -> str | None:
        """The module of `adaptive` that chooses the runs, if each run depends on the records of earlier ones."""
        if self.experiment:
            return self.experiment.adaptive
        return "rates" if self.name == "tune" and self.task.adaptive else None

    @cached_property
    def training(self) -> Training:
        """How the runs are trained."""
        if self.experiment:
            return self._experiment_training(self.experiment)
        recipe = {name: getattr(self.task, name) for name in Recipe.model_fields}
        return Training(**recipe, initialization=self.task.initialization, **self._kernel_change())

    def _kernel_change(self) -> dict:
        asked = self.task.kernel_change
        if not asked or self.name != "report":
            return {}
        return {"kernel_vectors": asked.vectors, "kernel_examples": asked.examples}

    def _experiment_training(self, experiment: Experiment) -> Training:
        early = self.task.early_learning
        return Training(
            model=self.task.model,
            initialization=experiment.initialization,
            momentum=0,
            epochs=early.part(self.name).steps,
            batch_size=early.examples,
            examples=early.examples,
            linearized=experiment.linearized,
            kernel_vectors=early.kernel_vectors if self.name == "departure" else 0,
        )

    def runs(self, rates: Rates | None = None) -> list[Run]:
        """The runs that are known before training. An adaptive phase has none.

        rates: chosen rates of the runs `at_chosen_rates`, whose rates are None without it. A cell whose chosen rate is
        None has no such runs. Raises UserError if a cell is missing in `rates`.
        """
        if self.adaptive:
            return []
        if self.experiment:
            return self.task.early_learning.runs(self.task_name, self.name)
        if self.kind == "mechanism":
            return self._mechanism_runs(rates)
        return self.grid_runs() if self.name == "tune" else self._report_runs(rates)

    def first_runs(self) -> list[Run]:
        """The first run of each search of an adaptive phase."""
        if self.experiment:
            return self.task.early_learning.runs(self.task_name, self.name)
        grid = self.task.grid
        cells = itertools.product(grid.beta, grid.z0 or (None,))
        start = (min(grid.scaled_learning_rate), grid.tuning_seeds[0])
        return [Run(self.task_name, self.name, *cell, *start) for cell in cells]

    def grid_runs(self) -> list[Run]:
        """The runs of the full grid: β × ‖Z0‖ × ηβ × tuning seed."""
        grid = self.task.grid
        cells = itertools.product(grid.beta, grid.z0 or (None,), grid.scaled_learning_rate, grid.tuning_seeds)
        return [Run(self.task_name, self.name, *cell) for cell in cells]

    def _report_runs(self, rates: Rates | None) -> list[Run]:
        """β × ‖Z0‖ × report seed, at the chosen rate of each length."""
        grid = self.task.grid
        cells = itertools.product(grid.beta, grid.z0 or (None,))
        rated = [(*cell, *chosen) for cell in cells for chosen in _chosen(rates, (self.task_name, *cell))]
        runs = itertools.product(rated, grid.report_seeds)
        return [Run(self.task_name, self.name, beta, z0, rate, seed, length) for (beta, z0, rate, length), seed in runs]

    def _mechanism_runs(self, rates: Rates | None) -> list[Run]:
        """Those of each seed, at the rates and lengths that the β of the pairs settle for, at the first ‖Z0‖."""
        task, asked = self.task, self.task.mechanism
        z0 = task.grid.z0[0] if task.grid.z0 else None
        chosen = {beta: _chosen(rates, (self.task_name, beta, z0)) for beta in asked.betas()}
        settled = {beta: max(found, key=lambda one: one[1]) for beta, found in chosen.items() if found}
        runs = []
        for seed in task.grid.report_seeds[: asked.seeds]:
            new = partial(_new_run, task=self.task_name, phase=self.name, z0=z0, seed=seed)
            if self.name == "switch":
                runs += asked.switched_runs(new, settled, task.momentum, self._steps)
            else:
                runs += asked.smoothed_runs(new, settled)
        return runs

    def _steps(self, length: float) -> int:
        """The steps of a run of a length."""
        training = self.training.lasting(length)
        return training.epochs * (self.data.train // training.batch_size)

    def shards(self, rates: Rates | None = None) -> dict[str, list[Run]]:
        """The runs of each training job, by the name of their shard; of an adaptive phase, the first runs of searches.

        An experiment of either kind is one shard. A search of rates is not divided.
        """
        runs = self.first_runs() if self.adaptive else self.runs(rates)
        if not self.sweep:
            return {WHOLE: runs}
        searched = ("learning_rate", "seed") if self.adaptive else ()
        keys, grouped = [key for key in self.task.shard_by if key not in searched], {}
        for run in runs:
            grouped.setdefault(_shard_name(run, keys), []).append(run)
        return grouped

    def shard(self, name: str, rates: Rates | None = None) -> list[Run]:
        """The runs of one shard. Raises UserError if there is no such shard, or if report runs lack their rates."""
        planned = lookup(self.shards(), name, f"shard of {self.task_name} in phase {self.name}")
        if not self.at_chosen_rates:
            return planned
        if rates is None:
            raise UserError(f"phase {self.name} needs RATES, the file that `select` wrote")
        return self.shards(rates).get(name, [])

    def digests(self) -> dict[str, str]:
        """One digest per shard of all settings that its runs depend on. It changes if any of them changes."""
        common = {"training": self.training.resolved(), "engine": self.study.engine.for_key()}
        if self.adaptive:
            common["search"] = self._search_settings()
        if self.kind == "mechanism":
            common["mechanism"] = self.task.mechanism.model_dump(mode="json")
        shared = digest(common)
        return {shard: digest([shared, [asdict(run) for run in runs]]) for shard, runs in self.shards().items()}

    def _search_settings(self) -> dict:
        if self.experiment:
            early = self.task.early_learning
            return {"seeds": early.seeds, **early.part(self.name).model_dump(mode="json")}
        asked = self.task.model_dump(mode="json", include={"search", "lengths", "grid"})
        asked["grid"] = {name: asked["grid"][name] for name in ("scaled_learning_rate", "tuning_seeds")}
        return asked | {"evaluation": self.study.evaluation.model_dump(mode="json", include=set(JUDGED_BY))}


def _new_run(kind: type[Run], **values) -> Run:
    return kind(**values)


def _shard_name(run: Run, shard_by: Iterable[str]) -> str:
    """The values that the runs of the shard share, such as `beta=0.1,seed=3`.

    Report runs are not divided by their rates, which are not known before tuning.
    """
    values = {"beta": run.beta, "z0": run.z0, "learning_rate": run.scaled_learning_rate, "seed": run.seed}
    names = [key for key in shard_by if not (key == "learning_rate" and run.phase == "report")]
    return ",".join(f"{key}={values[key]}" for key in names) or WHOLE


def _chosen(rates: Rates | None, cell: Cell) -> list[tuple[float | None, float]]:
    """The chosen rates of a cell and the lengths of their runs; before tuning, an unknown rate at length 1."""
    if not rates:
        return [(None, 1.0)]
    if cell not in rates:
        raise UserError(f"the file of rates lacks (task, β, ‖Z0‖) = {cell}; it is of another study or older")
    return [(rate.scaled_learning_rate, rate.length) for rate in rates[cell] if rate.scaled_learning_rate]
