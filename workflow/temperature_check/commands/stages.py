"""The stages of the workflow, one command per stage. Rules call them; `temperature-check --help` lists only `resolve`.

Each command imports what it needs when it runs, so that it does not wait for libraries that it does not use.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from temperature_check.base import paths
from temperature_check.commands.options import DataFile, LogFile, Output, StoreFolder, StudyFile, log_to
from temperature_check.study.file import load_study, write_study

PhaseName = Annotated[str, typer.Argument(help="tune, report, or the name of an experiment.")]
RatesFile = Annotated[Path | None, typer.Argument(help="Chosen rates that `select` wrote; required by phase report.")]
Files = Annotated[list[Path], typer.Argument(help="Files to read.")]
Mechanism = Annotated[Path | None, typer.Option(help="Table of runs that switch β or are smoothed.")]


def resolve(study_file: StudyFile, output: Output) -> None:
    """Check a study and write it out complete, with all defaults.

    \b
    temperature-check resolve my_study.yaml --output complete.yaml
    """
    write_study(load_study(study_file), output)


def prepare(study_file: StudyFile, data: str, output: Output) -> None:
    """Load and split data set DATA of the study, once or for each seed of its runs."""
    log_to()
    # TensorFlow would take the memory of a GPU that other jobs need.
    os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
    from temperature_check.data.file import write_dataset
    from temperature_check.data.prepare import prepare_data

    study = load_study(study_file)
    write_dataset(output, prepare_data(study.dataset(data), study.data_seeds(data)))


def train(
    study_file: StudyFile,
    task: str,
    phase: PhaseName,
    shard: Annotated[
        str, typer.Argument(help="Name of the shard: all, or the values that its runs share, such as beta=0.1,seed=3.")
    ],
    data: DataFile,
    output: Output,
    rates: RatesFile = None,
    store: StoreFolder = paths.STORE,
    log: LogFile = None,
) -> None:
    """Train the runs of a shard that the store lacks, and list all of its runs."""
    log_to(log)
    from temperature_check.adaptive.search import searches
    from temperature_check.data.file import open_dataset
    from temperature_check.runs.rates import read_rates
    from temperature_check.runs.store import Store
    from temperature_check.training.trainer import Trainer, write_shard

    study = load_study(study_file)
    asked = study.phase(task, phase)
    runs = asked.shard(shard, rates and read_rates(rates))
    trainer = Trainer(asked.training, open_dataset(data), study.engine, Store(store), asked.engine)
    if asked.adaptive:
        known = [search for search in searches(asked) if search.first in runs]
        runs = [run for search in known for run in search.runs(trainer.record)]
    else:
        trainer.train(runs, max(asked.task.grid.beta) if asked.sweep else None)
    write_shard(output, runs, trainer)


def evaluate(
    study_file: StudyFile, task: str, phase: PhaseName, data: DataFile, output: Output, store: StoreFolder = paths.STORE
) -> None:
    """Compute the metrics of a phase's runs from their stored logits."""
    from temperature_check.base.tables import read_shards, write_table
    from temperature_check.data.file import open_dataset
    from temperature_check.evaluation.table import table_of_runs
    from temperature_check.runs.store import Store

    study = load_study(study_file)
    shards = paths.StudyPaths(study.study).shards(task, phase, study.phase(task, phase).shards())
    runs = read_shards(shards)
    write_table(output, table_of_runs(runs, Store(store), open_dataset(data), study.evaluation))


def rungs(study_file: StudyFile, task: str, output: Output, store: StoreFolder = paths.STORE) -> None:
    """Write what the search of TASK did as CSV, by its stored runs: which rates each rung kept and eliminated."""
    from temperature_check.base.files import write_text
    from temperature_check.base.tables import read_shards
    from temperature_check.evaluation.rungs import table_of_rungs
    from temperature_check.runs.store import Store

    study = load_study(study_file)
    phase = study.phase(task, "tune")
    runs = read_shards(paths.StudyPaths(study.study).shards(task, phase.name, phase.shards()))
    write_text(output, table_of_rungs(phase, runs, Store(store)).to_csv(index=False))


def select(study_file: StudyFile, task: str, table: Path, output: Output) -> None:
    """Choose the learning rate of each cell (β, ‖Z0‖) by the validation accuracy of its tuning runs in TABLE."""
    from temperature_check.base.tables import read_table
    from temperature_check.evaluation.rates import choose_rates
    from temperature_check.runs.rates import write_rates

    tuned = load_study(study_file).task(task)
    grid = tuned.grid
    write_rates(output, task, choose_rates(read_table(table), len(grid.tuning_seeds), tuned.lengths, grid.rate_of))


def collect(tables: Files, rates: Annotated[list[Path], typer.Option(help="Chosen rates.")], output: Output) -> None:
    """Join the TABLES of all tasks and phases into the table of all runs."""
    from temperature_check.base.tables import read_table, write_table
    from temperature_check.evaluation.collect import collect
    from temperature_check.runs.rates import read_rates

    write_table(output, collect([read_table(table) for table in tables], [read_rates(file) for file in rates]))


def mechanism(tables: Files, runs: Annotated[Path, typer.Option(help="Table of all runs.")], output: Output) -> None:
    """Join the TABLES of runs that switch β, or are smoothed, with the report runs that they are compared with."""
    from temperature_check.base.tables import read_table, write_table
    from temperature_check.evaluation.mechanism import collect

    write_table(output, collect([read_table(table) for table in tables], read_table(runs)))


def starts(study_file: StudyFile, task: str, data: DataFile, output: Output, log: LogFile = None) -> None:
    """Compute the time scales at the starts of the experiments of TASK on early learning."""
    log_to(log)
    from temperature_check.base.tables import write_table
    from temperature_check.data.file import open_dataset
    from temperature_check.training.trainer import new_engine

    study = load_study(study_file)
    early, prepared = study.task(task).early_learning, open_dataset(data)
    training, runs = study.phase(task, early.plain_phase()).training, early.starts(task)
    first = prepared.load(runs[0].seed)
    engine = new_engine(training.at(max(run.beta for run in runs)), first, study.engine)
    from temperature_check.training.starts import time_scales_at_starts

    write_table(output, time_scales_at_starts(engine, runs, prepared.load).assign(dataset=prepared.name))


def early_learning(
    shards: Files,
    starts: Annotated[list[Path], typer.Option(help="Time scales at the starts.")],
    curves: Output,
    events: Output,
    largest_rates: Output,
    store: StoreFolder = paths.STORE,
) -> None:
    """Make the tables of experiments on early learning from the runs that SHARDS list."""
    from temperature_check.base.tables import read_shards, read_table, write_table
    from temperature_check.evaluation.early_learning import early_tables
    from temperature_check.runs.store import Store

    tables = early_tables(read_shards(shards), [read_table(file) for file in starts], Store(store))
    for path, table in zip((curves, events, largest_rates), tables, strict=True):
        write_table(path, table)


def figure(
    study_file: StudyFile,
    name: str,
    table: Annotated[Path, typer.Option(help="Table that the figure shows.")],
    output: Output,
) -> None:
    """Draw figure NAME as OUTPUT.pdf and OUTPUT.png, and write its numbers to OUTPUT.csv."""
    from temperature_check.base.tables import read_table
    from temperature_check.figures.draw import make_figure

    study = load_study(study_file)
    make_figure(name, read_table(table), study.figure(name), study.panels(name), output)


def table(
    study_file: StudyFile, name: str, runs: Annotated[Path, typer.Option(help="Table of all runs.")], output: Output
) -> None:
    """Make table NAME for reading, as OUTPUT.csv, OUTPUT.md and OUTPUT.tex."""
    from temperature_check.base.tables import read_table
    from temperature_check.tables.render import make_table

    study = load_study(study_file)
    make_table(name, read_table(runs), study.table(name), study.titles(), output)


def claims(
    study_file: StudyFile,
    runs: Annotated[Path, typer.Option(help="Table of all runs.")],
    output: Output,
    early: Annotated[list[Path] | None, typer.Option(help="Tables of curves, events and largest rates.")] = None,
    mechanism: Mechanism = None,
) -> None:
    """Judge the claims by the tables of a study, and write the verdicts to OUTPUT.csv, OUTPUT.md and OUTPUT.json."""
    from temperature_check.base.tables import read_table
    from temperature_check.claims.judge import judge
    from temperature_check.claims.measures import tasks_of
    from temperature_check.tables.claims import write_claims

    study = load_study(study_file)
    facts = {
        name: (study.margin(name), task.model.degree, getattr(task.model, "batch_norm", False))
        for name, task in study.tasks.items()
    }
    tasks = tasks_of(facts, read_table(runs), **_experiments(("curves", "events", "rates"), early, mechanism))
    named = {"N1a": study.claims.depths, "N1b": study.claims.steps}
    write_claims(judge(tasks, named), study.titles(), output)


def _experiments(names: tuple[str, ...], early: list[Path] | None, mechanism: Path | None) -> dict:
    """The tables of experiments by their names, of which those on early learning come in the order of `names`."""
    from temperature_check.base.tables import read_table

    files = dict(zip(names, early or ())) | ({"mechanism": mechanism} if mechanism else {})
    return {name: read_table(file) for name, file in files.items()}


def report(
    study_file: StudyFile,
    claims: Annotated[Path, typer.Option(help="Table of claims.")],
    runs: Annotated[Path, typer.Option(help="Table of all runs.")],
    output: Output,
    early: Annotated[list[Path] | None, typer.Option(help="Tables of events and largest rates.")] = None,
    mechanism: Mechanism = None,
) -> None:
    """Write in plain sentences what was run, found and not decided, as Markdown."""
    from temperature_check.base.tables import read_table
    from temperature_check.tables.report import Tables, write_report

    study = load_study(study_file)
    tables = Tables(read_table(claims), read_table(runs), **_experiments(("events", "rates"), early, mechanism))
    write_report(study.study, study.titles(), tables, output)


def page(file: Annotated[Path, typer.Argument(help="A text in Markdown, or a study file.")], output: Output) -> None:
    """Write FILE as a page of HTML, for the report of Snakemake."""
    from temperature_check.tables.page import write_page

    write_page(file, output)


OF_RUNS = (prepare, train, evaluate, rungs, select, collect, mechanism, starts, early_learning)
STAGES = (*OF_RUNS, figure, table, claims, report, page)
