"""What successive halving costs and loses against the full grid, on fresh seeds.

    python benchmarks/search.py [--study FILE] [--tasks TASK ...] [--fresh 10]

Each task's rates are chosen twice from the same tuning seeds, by its search and by the full grid, at length 1 and at
its first ‖Z0‖. Fresh seeds are then trained at both rates. Differences are search minus grid, in points of validation
accuracy, and failed runs count at chance. A seed's difference is the mean over β, and the interval is that of the
median over seeds. Cost is in epochs. Halving is worth it if the interval is above -0.5, no β loses 2 points, and the
cost is at most 40%.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from temperature_check.base.paths import DEFAULT_STUDY
from temperature_check.study.file import load_study
from temperature_check.training.backend import processor_name

if TYPE_CHECKING:
    from temperature_check.runs.run import Run
    from temperature_check.study.phases import Phase
    from temperature_check.study.study import Study
    from temperature_check.training.trainer import Trainer

FIRST_FRESH_SEED = 9000
COLUMNS = ("task", "β", "tuning seeds", "cost of the grid", "cost of the search", "n", "difference", "worst β")


def phase_of(study: Study, task: str, **changes) -> Phase:
    """The tuning phase of a task at its first ‖Z0‖ and length 1, with changes of its settings."""
    settings = study.tasks[task]
    grid = settings.grid.model_copy(update={"z0": settings.grid.z0 and settings.grid.z0[:1]})
    changed = settings.model_copy(update={"lengths": (1.0,), "grid": grid, **changes})
    return study.model_copy(update={"tasks": {task: changed}}).phase(task, "tune")


def chosen(phase: Phase, runs: list[Run], trainer: Trainer) -> dict[float, float]:
    """The chosen ηβ of each β."""
    from temperature_check.evaluation.rates import choose_rates
    from temperature_check.evaluation.table import table_of_runs

    listed = pd.DataFrame([asdict(run) | {"key": trainer.key(run)} for run in runs])
    table = table_of_runs(listed, trainer.store, trainer.data, phase.study.evaluation)
    return {rate.beta: rate.scaled_learning_rate for rate in choose_rates(table, len(phase.task.grid.tuning_seeds))}


def compare(study: Study, task: str, fresh: list[int], folder: Path) -> str:
    """Choose rates twice, and compare them on fresh seeds."""
    from temperature_check.adaptive.rates import searches
    from temperature_check.data.file import in_memory
    from temperature_check.data.prepare import prepare_data
    from temperature_check.runs.store import Store
    from temperature_check.study.search import FullGrid
    from temperature_check.training.trainer import Trainer

    halving, grid = phase_of(study, task), phase_of(study, task, search=FullGrid())
    seeds = [*grid.task.grid.tuning_seeds, *fresh]
    data = in_memory(prepare_data(grid.data, seeds))
    trainer = Trainer(grid.training, data, study.engine, Store(folder))
    trainer.train(grid.runs())
    searched = [run for search in searches(halving) for run in search.runs(trainer.record)]
    costs = [sum(run.length for run in runs) for runs in (grid.runs(), searched)]
    rates = [chosen(phase, runs, trainer) for phase, runs in ((halving, searched), (grid, grid.runs()))]
    differences = compared(grid, trainer, rates, fresh)
    return row(task, len(grid.task.grid.tuning_seeds), costs, differences)


def compared(grid: Phase, trainer: Trainer, rates: list[dict[float, float]], fresh: list[int]) -> pd.DataFrame:
    """Validation accuracy at the first of two choices of `rates` minus that at the second, by fresh seed and β."""
    from temperature_check.adaptive.rates import Judge

    first, judge = grid.runs()[0], Judge.of(grid)

    def score(beta: float, rate: float, seed: int) -> float:
        return judge(trainer.record(replace(first, beta=beta, scaled_learning_rate=rate, seed=seed))).score

    return pd.DataFrame(
        {beta: [np.subtract(*(score(beta, own[beta], seed) for own in rates)) for seed in fresh] for beta in rates[0]}
    )


def row(task: str, tuning_seeds: int, costs: list[float], differences: pd.DataFrame) -> str:
    """A row of the table."""
    from temperature_check.evaluation.intervals import median_interval

    middle, low, high = (100 * value for value in median_interval(differences.mean(axis="columns").to_numpy(), 0.95))
    worst = differences.mean().sort_values()
    cells = (
        task,
        ", ".join(f"{beta:g}" for beta in differences),
        str(tuning_seeds),
        f"{costs[0]:g}",
        f"{costs[1]:g} ({costs[1] / costs[0]:.0%})",
        str(len(differences)),
        f"{middle:+.2f} ({low:+.2f} to {high:+.2f})",
        f"{worst.index[0]:g}: {100 * worst.iloc[0]:+.2f}",
    )
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Parse, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--study", type=Path, default=DEFAULT_STUDY)
    parser.add_argument("--tasks", nargs="+", help="all tasks that search by default")
    parser.add_argument("--fresh", type=int, default=10, help="fresh seeds")
    arguments = parser.parse_args()
    study = load_study(arguments.study)
    fresh = [FIRST_FRESH_SEED + number for number in range(arguments.fresh)]
    print(f"{processor_name()}, {arguments.study}")
    print(f"| {' | '.join(COLUMNS)} |\n|{' --- |' * len(COLUMNS)}")
    for task in arguments.tasks or [name for name, task in study.tasks.items() if task.search.rungs]:
        with tempfile.TemporaryDirectory() as folder:
            print(compare(study, task, fresh, Path(folder)), flush=True)


if __name__ == "__main__":
    main()
