"""Train networks at inverse temperature β, and inspect the results.

`snakemake` makes the figures. These commands show, plan and try single things. The exit code is 0 for success, 1 for an
error that one line explains, 2 for a wrong command line, and 3 if `compare` finds a difference.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from temperature_check import __version__
from temperature_check.base import paths
from temperature_check.base.drawing import settle_drawing
from temperature_check.base.errors import UserError
from temperature_check.base.exits import exit_on_user_error
from temperature_check.base.notices import silence_notices
from temperature_check.base.terminal import settle_terminal
from temperature_check.commands import stages
from temperature_check.commands.options import StoreFolder, StudyOption, log_to, log_to_terminal
from temperature_check.study.file import load_study, study_schema

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False)
app.command()(stages.resolve)
for stage in stages.STAGES:
    app.command(hidden=True)(stage)


def _print_version(asked: bool) -> None:
    if asked:
        print(f"temperature-check {__version__}")
        raise typer.Exit


@app.callback(help=__doc__)
def about(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Options of the program itself."""


@app.command()
def runs(
    keys: Annotated[
        list[str] | None,
        typer.Argument(help="One key, to show what it is made of, or two, to compare them.", show_default=False),
    ] = None,
    study_file: StudyOption = paths.DEFAULT_STUDY,
    where: Annotated[str | None, typer.Option(help="Filter, such as 'beta < 1 and status == \"failed\"'.")] = None,
    sort: Annotated[str | None, typer.Option(help="Column to sort by; -COLUMN sorts downwards.")] = None,
    columns: Annotated[str | None, typer.Option(help="Columns to print, separated by commas, or `all`.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Print at most this many rows.")] = None,
    csv: Annotated[bool, typer.Option("--csv", help="Print as CSV, in full precision.")] = False,
    store: StoreFolder = paths.STORE,
) -> None:
    """Print the table of all runs of a study or, given a key, what it is made of and how it differs from the study's.

    \b
    temperature-check runs --where 'phase == "report" and beta < 1' --sort -test_accuracy
    temperature-check runs 3fa9c1d2e4b5

    The first digits of a key are enough. Given two keys, each line is a value in which they differ. Accuracies are
    fractions, rates are η and ηβ, and seconds are those of training.
    """
    if keys:
        from temperature_check.commands.explain import explain
        from temperature_check.runs.store import Store

        print(explain(load_study(study_file), Store(store), keys))
        return
    from temperature_check.base.tables import read_table
    from temperature_check.commands.runs import query, table_text

    table = read_table(Path(paths.StudyPaths(load_study(study_file).study).runs))
    print(table_text(query(table, where, sort, columns, limit), csv))


@app.command()
def run(
    key: Annotated[str, typer.Argument(help="Key of a run, or its first digits; `runs` prints keys.")],
    study_file: StudyOption = paths.DEFAULT_STUDY,
    store: StoreFolder = paths.STORE,
) -> None:
    """Train a single run. If the store has it already, the two are compared bit by bit.

    \b
    temperature-check run 3fa9c1d2e4b5
    """
    log_to()
    from temperature_check.commands.run import train_single
    from temperature_check.runs.store import Store

    print(json.dumps(train_single(load_study(study_file), key, Store(store)), indent=2, ensure_ascii=False))


@app.command()
def preview(
    figures: Annotated[list[str] | None, typer.Argument(help="Figures, such as beta_sweep; by default all.")] = None,
    study_file: StudyOption = paths.DEFAULT_STUDY,
    store: StoreFolder = paths.STORE,
) -> None:
    """Draw figures of an unfinished study from its finished runs. They are marked as incomplete.

    \b
    temperature-check preview beta_sweep
    """
    from temperature_check.commands.preview import draw_preview
    from temperature_check.runs.store import Store

    for path in draw_preview(load_study(study_file), figures or [], Store(store)):
        print(path)


@app.command()
def status(study_file: StudyOption = paths.DEFAULT_STUDY, store: StoreFolder = paths.STORE) -> None:
    """Say how many runs of a study are left to train, by task and phase, and how long they take.

    \b
    temperature-check status
    temperature-check status --study my_study.yaml

    Times are those of finished runs, one after another. `estimate` measures speeds if no run is finished.
    """
    from temperature_check.commands import status as command
    from temperature_check.runs.store import Store

    print(command.text(command.status(load_study(study_file), Store(store))))


@app.command()
def power(
    study_file: StudyOption = paths.DEFAULT_STUDY,
    points: Annotated[float, typer.Option(min=0.01, help="Smallest difference of accuracy, in points.")] = 0.5,
    slope: Annotated[float, typer.Option(min=0.01, help="Smallest difference of a slope.")] = 0.25,
    confidence: Annotated[float, typer.Option(min=0.5, max=0.999, help="Level of confidence.")] = 0.95,
    power: Annotated[float, typer.Option(min=0.5, max=0.999, help="Probability of finding the effect.")] = 0.8,
) -> None:
    """Say how many seeds the comparisons of a study need, from the spread of its finished runs.

    \b
    temperature-check power --study config/pilot.yaml

    An effect counts as found if the interval of the median over seeds excludes zero. Take pilot runs of other seeds
    than those of the study that you plan.
    """
    from temperature_check.commands.power import power_text

    print(power_text(load_study(study_file), points, slope, confidence, power))


@app.command()
def compare(
    first: Annotated[Path, typer.Argument(metavar="A", help="Folder of results, table of runs, or published CSV.")],
    second: Annotated[Path, typer.Argument(metavar="B", help="The same, of what A is compared with.")],
    output: Annotated[Path | None, typer.Option(help="CSV file for the numbers of all cells.")] = None,
) -> None:
    """Say whether two studies have the same test accuracy in each cell (task, β, ‖Z0‖). Exit code 3 if not.

    \b
    temperature-check compare results/decide results/reference/decide
    temperature-check compare results/digits published.csv

    Accuracies are means over seeds, in percent, at the chosen rate ηβ. Cells of equal settings and seeds are compared
    run by run, and others by the spread between seeds. docs/comparing.md explains the columns.
    """
    from temperature_check.commands.compare import DIFFERENT, compare_paths

    text, different = compare_paths(first, second, output)
    print(text)
    if different:
        raise typer.Exit(DIFFERENT)


@app.command()
def prune(
    studies: Annotated[
        list[Path] | None, typer.Argument(help="Study files, in addition to those of all studies in results/.")
    ] = None,
    delete: Annotated[bool, typer.Option("--delete", help="Delete the files that no study needs.")] = False,
    given_up: Annotated[
        list[Path] | None,
        typer.Option("--forget", help="Folder of the results of a study that is given up; may be repeated."),
    ] = None,
    store: StoreFolder = paths.STORE,
) -> None:
    """List the files of the store that no study needs, and their total size. Use it while no job trains.

    \b
    temperature-check prune
    temperature-check prune --delete

    Studies of other checkouts that share the store count as well. If not all of their runs can be known, this is said,
    and nothing is deleted.
    """
    from temperature_check.commands.prune import disk_use
    from temperature_check.runs.store import Store

    use = disk_use(Store(store), [*paths.study_files(), *(studies or ())], given_up or ())
    for path in use.unneeded:
        print(path)
    print(use.text())
    if delete:
        use.delete()
        print(f"{len(use.unneeded):,} files removed")


@app.command()
def estimate(
    study_file: StudyOption = paths.DEFAULT_STUDY,
    target: Annotated[
        list[Path] | None,
        typer.Option(help="Figure or table, such as figures/fig_beta_sweep.pdf; may be repeated."),
    ] = None,
    calibrate: Annotated[
        bool, typer.Option("--calibrate", help="Measure speeds here, even if there are finished runs.")
    ] = False,
    speeds: Annotated[Path | None, typer.Option(help="Speeds that --write-speeds wrote on another machine.")] = None,
    speeds_file: Annotated[Path | None, typer.Option("--write-speeds", help="CSV file to write speeds to.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON, in full precision.")] = False,
    store: StoreFolder = paths.STORE,
) -> None:
    """Estimate the cost of a study: runs, jobs, hours of cores or GPUs, and disk space.

    \b
    temperature-check estimate --study config/imdb_reduced.yaml
    temperature-check estimate --target figures/fig_beta_sweep.pdf --json

    Speeds are those of finished runs of the study. If there are none, they are measured here, which takes about 15
    seconds per task and phase. No data set is needed.
    """
    log_to()
    from temperature_check.commands.estimate import estimate_study
    from temperature_check.commands.speeds import write_speeds
    from temperature_check.runs.store import Store

    if calibrate and speeds:
        raise UserError("--calibrate measures speeds that --speeds gives; give one of the two")
    result = estimate_study(load_study(study_file), Store(store), target or (), calibrate, speeds)
    if speeds_file:
        write_speeds(speeds_file, [part.speed for part in result.parts])
    print(result.json() if as_json else result.text())


@app.command()
def time_scales(
    model: Annotated[
        str,
        typer.Option(
            help="Function without arguments that returns a Keras model with logits: FILE.py:FUNCTION or"
            " MODULE:FUNCTION."
        ),
    ],
    data: Annotated[
        Path, typer.Option(help="npz file with inputs x, shape (n, ...), and integer labels y, shape (n,).")
    ],
    beta: Annotated[list[float], typer.Option(help="Inverse temperature β, without unit; may be repeated.")],
    learning_rate: Annotated[
        list[float] | None,
        typer.Option(help="Learning rate η, at which times are also given in steps; may be repeated."),
    ] = None,
    momentum: Annotated[float, typer.Option(help="Heavy-ball momentum, at least 0 and below 1.")] = 0.0,
    examples: Annotated[int, typer.Option(min=1, help="Use at most this many examples, drawn at random.")] = 256,
    batch_norm: Annotated[str, typer.Option(help="Mode of batch norm and other layers: training or inference.")] = (
        "training"
    ),
    seed: Annotated[int, typer.Option(min=0, help="Seed of the examples, the batches and the model's weights.")] = 0,
    check_steps: Annotated[
        int, typer.Option(min=0, help="Number of real steps that check a learning rate; 0 leaves the check out.")
    ] = 50,
    batch_size: Annotated[int, typer.Option(min=1, help="Number of examples in a batch of these steps.")] = 32,
    plot: Annotated[Path | None, typer.Option(help="Also draw times and rates against β into this file.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON, in full precision.")] = False,
) -> None:
    """Say how fast your own Keras model starts to learn at each β, and from which learning rates to search.

    \b
    temperature-check time-scales --model mine.py:build --data examples.npz --beta 0.1 --beta 1

    Times τ are in units of 1/(ηβ²) of gradient flow, and rates η are those of SGD per step. With --learning-rate, times
    are also in steps. For each β, a few real steps find the largest rate that lowers the loss.

    Here mine.py has `def build(): return keras.Sequential([...])`, and examples.npz was written by
    np.savez("examples.npz", x=inputs, y=labels). KERAS_BACKEND=jax takes JAX instead of TensorFlow.
    """
    log_to()
    from temperature_check.commands.time_scales import Options, report

    options = Options(beta, learning_rate or (), momentum, examples, batch_norm, seed, check_steps, batch_size)
    result = report(model, data, options)
    if plot:
        result.plot(plot)
    print(result.json() if as_json else result.text())


@app.command()
def schema() -> None:
    """Print the JSON schema of study files, by which editors complete and check them.

    \b
    temperature-check schema > config/schema.json
    """
    print(json.dumps(study_schema(), indent=2, ensure_ascii=False))


# The former name of the command.
app.command("timescales", hidden=True)(time_scales)


def main() -> None:
    """Run the command line. An error that a user can fix ends in one line and exit code 1."""
    settle_terminal()
    silence_notices()
    settle_drawing()
    log_to_terminal()
    with exit_on_user_error():
        try:
            app()
        finally:
            # Python's own attempt at its end would print a traceback if the reader has ended.
            if sys.stdout:
                sys.stdout.flush()
