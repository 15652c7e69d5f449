"""Train networks at inverse temperature β: a subcommand a stage of the workflow, and more to see and plan runs.

Exit code 0: done. 1: something to mend, said in one line. 2: a wrong command line.
"""

from __future__ import annotations

import json
import logging
import os
from pathlib import Path
from typing import Annotated

import typer
from typer.core import TyperCommand

from temperature_check import paths
from temperature_check.errors import UserError, exit_on_user_error
from temperature_check.runs import PHASES
from temperature_check.study_file import load_study, study_schema, write_study

app = typer.Typer(
    no_args_is_help=True, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False, help=__doc__
)
log = logging.getLogger("temperature_check")


class ManyValues(TyperCommand):
    """A command that takes `--beta 0.1 1 10` for `--beta 0.1 --beta 1 --beta 10`. It has no positional arguments."""

    def parse_args(self, context, arguments: list[str]) -> list[str]:
        """Repeat an option that may be repeated before each of its values."""
        repeatable = {name for option in self.params if option.multiple for name in option.opts}
        expanded: list[str] = []
        option = ""
        for before, argument in zip(["", *arguments], arguments):
            option = argument if argument.startswith("--") else option
            follows = option in repeatable and not argument.startswith("--") and before != option
            expanded += [option, argument] if follows else [argument]
        return super().parse_args(context, expanded)


StudyFile = Annotated[Path, typer.Argument(help="Study file: config/config.yaml, results/STUDY/config.yaml.")]
Phase = Annotated[str, typer.Argument(help=" or ".join(PHASES))]
StudyOption = Annotated[Path, typer.Option("--study", "--configfile", help="Study file.")]
Output = Annotated[Path, typer.Option(help="File to write.")]
DataFile = Annotated[Path, typer.Option(help="Data set, as `prepare` wrote it.")]
StoreFolder = Annotated[Path, typer.Option(help="Folder of finished runs.")]
RatesFile = Annotated[Path | None, typer.Argument(help="Chosen rates, as `select` wrote them; for phase report.")]
LogFile = Annotated[Path | None, typer.Option(help="File for progress and errors, beside the terminal.")]
Files = Annotated[list[Path], typer.Argument(help="Files to read.")]


@app.command()
def resolve(study: StudyFile, output: Output) -> None:
    """Check a study and write it out complete, defaults included."""
    write_study(load_study(study), output)


@app.command()
def prepare(study: StudyFile, data: str, output: Output) -> None:
    """Load and split data set DATA of the study."""
    _log_to(None)
    # TensorFlow would take the memory of a GPU that other jobs train on.
    os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
    from temperature_check.data import prepare_dataset, write_dataset

    write_dataset(output, prepare_dataset(load_study(study).dataset(data)))


@app.command()
def train(
    study: StudyFile,
    task: str,
    phase: Phase,
    shard: Annotated[
        str, typer.Argument(help="Name of the shard: all, or the values its runs share, as beta=0.1,seed=3.")
    ],
    data: DataFile,
    output: Output,
    rates: RatesFile = None,
    store: StoreFolder = paths.STORE,
    log: LogFile = None,
) -> None:
    """Train the runs of a shard that the store lacks, and list all of its runs."""
    _log_to(log)
    from temperature_check.data import read_dataset
    from temperature_check.evaluation.select import read_rates
    from temperature_check.store import Store
    from temperature_check.train import Trainer, write_shard

    settings = load_study(study)
    runs = settings.shard_runs(task, phase, shard, rates and read_rates(rates))
    trainer = Trainer(settings.task(task).training(phase), read_dataset(data), settings.engine, Store(store))
    trainer.train(runs, max(settings.task(task).grid.beta) if phase in PHASES else None)
    write_shard(output, runs, trainer)


@app.command()
def bisect(
    study: StudyFile, task: str, data: DataFile, output: Output, store: StoreFolder = paths.STORE, log: LogFile = None
) -> None:
    """Find the largest stable learning rate of TASK by bisection, and list the runs that it took."""
    _log_to(log)
    from temperature_check.data import read_dataset
    from temperature_check.dynamics.bisection import bisected_runs
    from temperature_check.store import Store
    from temperature_check.train import Trainer, write_shard

    settings = load_study(study)
    training, early = settings.task(task).training("bisection"), settings.task(task).early_learning
    trainer = Trainer(training, read_dataset(data), settings.engine, Store(store))
    write_shard(output, bisected_runs(trainer, task, early.bisection, early.seeds), trainer)


@app.command()
def evaluate(
    study: StudyFile, task: str, phase: Phase, data: DataFile, output: Output, store: StoreFolder = paths.STORE
) -> None:
    """Compute the metrics of a phase's runs from the logits that they left."""
    from temperature_check.data import read_dataset
    from temperature_check.evaluation import evaluate
    from temperature_check.store import Store
    from temperature_check.tables import read_shards, write_table

    settings = load_study(study)
    runs = read_shards(paths.shard_files(settings.study, task, phase, settings.shards(task, phase)))
    write_table(output, evaluate.evaluate(runs, Store(store), read_dataset(data), settings.evaluation))


@app.command()
def select(table: Path, output: Output) -> None:
    """Choose the learning rate of each cell (β, ‖Z0‖) by the validation accuracy of its tuning runs in TABLE."""
    from temperature_check.evaluation.select import choose_rates, write_rates
    from temperature_check.tables import read_table

    runs = read_table(table)
    write_rates(output, runs["task"].iloc[0], choose_rates(runs))


@app.command()
def collect(tables: Files, rates: Annotated[list[Path], typer.Option(help="Chosen rates.")], output: Output) -> None:
    """Join the TABLES of all tasks and phases to the table of all runs."""
    from temperature_check.evaluation.collect import collect
    from temperature_check.evaluation.select import read_rates
    from temperature_check.tables import read_table, write_table

    write_table(output, collect([read_table(table) for table in tables], [read_rates(file) for file in rates]))


@app.command()
def scales(study: StudyFile, task: str, data: DataFile, output: Output, log: LogFile = None) -> None:
    """Compute the time scales at the start of the experiments of TASK on early learning."""
    _log_to(log)
    from temperature_check.data import read_dataset
    from temperature_check.store import Store
    from temperature_check.tables import write_table
    from temperature_check.train import Trainer, starting_scales

    settings = load_study(study)
    early = settings.task(task).early_learning
    training = settings.task(task).training(early.plain_phase())
    trainer = Trainer(training, read_dataset(data), settings.engine, Store(paths.STORE))
    write_table(output, starting_scales(trainer, early.starts(task)))


@app.command()
def early_learning(
    shards: Files,
    scales: Annotated[list[Path], typer.Option(help="Time scales at the start.")],
    curves: Output,
    events: Output,
    rates: Output,
    store: StoreFolder = paths.STORE,
) -> None:
    """Make the tables of experiments on early learning from the runs that SHARDS list."""
    from temperature_check.evaluation.early_learning import early_tables
    from temperature_check.store import Store
    from temperature_check.tables import read_shards, read_table, write_table

    tables = early_tables(read_shards(shards), [read_table(file) for file in scales], Store(store))
    for path, table in zip((curves, events, rates), tables, strict=True):
        write_table(path, table)


@app.command()
def figure(
    study: StudyFile, name: str, table: Annotated[Path, typer.Option(help="Table that it shows.")], output: Output
) -> None:
    """Draw figure NAME as OUTPUT.pdf and OUTPUT.png, with the numbers it shows in OUTPUT.csv."""
    from temperature_check.figures import make_figure
    from temperature_check.tables import read_table

    settings = load_study(study)
    make_figure(name, read_table(table), settings.figure(name), settings.panels(name), output)


@app.command()
def table(
    study: StudyFile, name: str, runs: Annotated[Path, typer.Option(help="Table of all runs.")], output: Output
) -> None:
    """Make table NAME for reading: OUTPUT.csv, OUTPUT.md and OUTPUT.tex."""
    from temperature_check.evaluation.reading import make_table
    from temperature_check.tables import read_table

    settings = load_study(study)
    make_table(name, read_table(runs), settings.table(name), settings.titles(), output)


@app.command()
def runs(
    study: StudyOption = paths.DEFAULT_STUDY,
    where: Annotated[str | None, typer.Option(help="Filter, such as 'beta < 1 and status == \"failed\"'.")] = None,
    sort: Annotated[str | None, typer.Option(help="Column to sort by; -COLUMN sorts downwards.")] = None,
    columns: Annotated[
        str | None, typer.Option(help="Columns to print, separated by commas; all: all of them.")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Print at most this many rows.")] = None,
    csv: Annotated[bool, typer.Option("--csv", help="Print as CSV, in full precision.")] = False,
) -> None:
    """Print the table of all runs of a study."""
    from temperature_check.tables import query, read_table, table_text

    table = read_table(Path(paths.study_paths(load_study(study).study).runs))
    print(table_text(query(table, where, sort, columns, limit), csv))


@app.command()
def run(
    key: Annotated[str, typer.Argument(help="Key of a run, as `runs` prints it, or its start.")],
    study: StudyOption = paths.DEFAULT_STUDY,
    store: StoreFolder = paths.STORE,
) -> None:
    """Train a single run by hand; where the store has it already, compare the two bit by bit."""
    _log_to(None)
    from temperature_check.single import train_single
    from temperature_check.store import Store

    print(json.dumps(train_single(load_study(study), key, Store(store)), indent=2, ensure_ascii=False))


@app.command()
def preview(
    figures: Annotated[list[str] | None, typer.Argument(help="Figures, such as beta_sweep; all if none.")] = None,
    study: StudyOption = paths.DEFAULT_STUDY,
    store: StoreFolder = paths.STORE,
) -> None:
    """Draw figures of an unfinished study from the runs that are there, marked as incomplete."""
    from temperature_check.preview import preview
    from temperature_check.store import Store

    for path in preview(load_study(study), figures or [], Store(store)):
        print(path)


@app.command()
def prune(
    studies: Annotated[list[Path] | None, typer.Argument(help="Study files; if none, all of results/.")] = None,
    delete: Annotated[bool, typer.Option("--delete", help="Remove what no study needs.")] = False,
    store: StoreFolder = paths.STORE,
) -> None:
    """List the files of the store that no study needs, and the disk space that they take; while no job trains."""
    from temperature_check.prune import disk_use
    from temperature_check.store import Store

    use = disk_use(Store(store), [load_study(study) for study in studies or paths.study_files()])
    for path in use.unneeded:
        print(path)
        if delete:
            path.unlink()
    print(use.text() + (", removed" * delete if use.unneeded else ""))


@app.command(cls=ManyValues)
def estimate(
    study: StudyOption = paths.DEFAULT_STUDY,
    target: Annotated[
        list[Path] | None, typer.Option(help="Figures or tables, such as figures/fig_beta_sweep.pdf; all if none.")
    ] = None,
    calibrate: Annotated[bool, typer.Option("--calibrate", help="Measure speeds here, finished runs or not.")] = False,
    speeds: Annotated[Path | None, typer.Option(help="Speeds, as --write-speeds wrote them elsewhere.")] = None,
    write_speeds: Annotated[Path | None, typer.Option(help="File for the speeds, CSV.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON, in full precision.")] = False,
    store: StoreFolder = paths.STORE,
) -> None:
    """Estimate what a study takes: runs, jobs, hours of cores or GPUs, and disk space.

    Speeds are those of finished runs of the study, or else measured here, about 15 seconds for each task and phase;
    no data set is needed.
    """
    _log_to(None)
    from temperature_check import estimate
    from temperature_check import speeds as known
    from temperature_check.store import Store

    if calibrate and speeds:
        raise UserError("--calibrate measures speeds that --speeds gives; give one of the two")
    result = estimate.estimate(load_study(study), Store(store), target or (), calibrate, speeds)
    if write_speeds:
        known.write_speeds(write_speeds, [part.speed for part in result.parts])
    print(result.json() if as_json else result.text())


@app.command(cls=ManyValues)
def timescales(
    model: Annotated[str, typer.Option(help="pkg.module:function, which returns a Keras model with logits.")],
    data: Annotated[Path, typer.Option(help="npz file with inputs x and integer labels y.")],
    beta: Annotated[list[float], typer.Option(help="Inverse temperatures, one or more.")],
    learning_rate: Annotated[list[float] | None, typer.Option(help="Rates at which to give times in steps.")] = None,
    momentum: Annotated[float, typer.Option(help="Heavy-ball momentum.")] = 0.0,
    examples: Annotated[int, typer.Option(min=1, help="Take at most this many examples.")] = 256,
    batch_norm: Annotated[str, typer.Option(help="Mode of batch norm: training or inference.")] = "training",
    plot: Annotated[Path | None, typer.Option(help="Draw the time scales into this file instead.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON, in full precision.")] = False,
) -> None:
    """Predict time scales of early learning, and the largest learning rate, of any Keras model at each β.

    The backend is that of KERAS_BACKEND.
    """
    _log_to(None)
    from temperature_check.dynamics.report import report

    result = report(model, data, beta, learning_rate or (), momentum, examples, batch_norm)
    if plot:
        result.plot(plot)
    else:
        print(result.json() if as_json else result.text())


@app.command()
def schema() -> None:
    """Print the JSON schema of study files."""
    print(json.dumps(study_schema(), indent=2, ensure_ascii=False))


def _log_to(path: Path | None) -> None:
    """Show progress on the terminal and, where asked for, in a file."""
    log.setLevel(logging.INFO)
    # Libraries give the root logger a handler, which would say everything again.
    log.propagate = False
    log.addHandler(terminal := logging.StreamHandler())
    terminal.setFormatter(logging.Formatter("%(message)s"))
    if path:
        path.parent.mkdir(parents=True, exist_ok=True)
        log.addHandler(file := logging.FileHandler(path, encoding="utf-8"))
        file.setFormatter(logging.Formatter("%(asctime)s %(message)s"))


def main() -> None:
    """Run the command line; what a user can mend ends in one line and exit code 1."""
    with exit_on_user_error():
        app()
