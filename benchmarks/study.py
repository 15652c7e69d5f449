"""The default study by plain Keras `fit` loops, beside ours: the same runs, on all cores.

    python benchmarks/study.py [--sample 3]

`fit` does for a run what a plain script would do: it builds the two copies, sets the run's first weights, compiles, and
fits with 8 evaluations on validation data. Both train the same sample of tuning runs of each task at its first ‖Z0‖,
which all β reach, one process per core with one thread each, and a process trains its runs one after another. The first
run of a process, which compiles, is not timed. Mean seconds per run times the number of tuning and report runs, over
the number of cores, give minutes: those of a sample, scaled, without the start-up of jobs. The experiments on early
learning are left out, because `fit` cannot record what they measure. Prints one row per task and one for the study.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time

from temperature_check.base.paths import DEFAULT_STUDY
from temperature_check.study.file import load_study
from temperature_check.training.backend import processor_name

ENGINES = ("ours", "fit")
EVALUATIONS = 8


def sampled(task: str, size: int, core: int) -> list:
    """The runs of one process: one to begin with, and its share of runs at equal distances over the grid of rates."""
    study = load_study(DEFAULT_STUDY)
    smallest = study.tasks[task].grid.z0[0]
    runs = [run for run in study.phase(task, "tune").grid_runs() if run.z0 == smallest]
    count = size * os.cpu_count()
    sample = [runs[(2 * index + 1) * len(runs) // (2 * count)] for index in range(count)]
    return [runs[0], *sample[core :: os.cpu_count()]]


def engine_of(task: str):
    """Our engine for the tuning runs of a task, and the data of its first seed, on which it trains all of them."""
    from temperature_check.data.prepare import prepare_data
    from temperature_check.training.trainer import new_engine

    study = load_study(DEFAULT_STUDY)
    seed = study.tasks[task].grid.tuning_seeds[0]
    dataset = prepare_data(study.data[study.tasks[task].data], [seed])[seed]
    return new_engine(study.phase(task, "tune").training, dataset, study.engine), dataset


def ours(task: str):
    """A function that trains a run by our engine."""
    return engine_of(task)[0].train


def fit(task: str):
    """A function that trains the same run by `compile` and `fit`."""
    engine, dataset = engine_of(task)
    import keras

    from temperature_check.losses import SoftmaxCrossentropy

    recipe = engine.training
    train, validation = ((dataset.inputs[split], dataset.labels[split]) for split in ("train", "validation"))
    options = {"batch_size": recipe.batch_size, "epochs": recipe.epochs, "verbose": 0}
    options |= {"validation_freq": max(recipe.epochs // EVALUATIONS, 1), "validation_batch_size": len(validation[1])}

    def train_run(run) -> None:
        keras.utils.set_random_seed(run.seed)
        network = engine.new_network()
        network.set_weights(engine.start_weights(run.beta, run.z0, run.seed))
        optimizer = keras.optimizers.SGD(run.learning_rate, momentum=recipe.momentum)
        network.compile(optimizer, loss=SoftmaxCrossentropy(run.beta), metrics=["sparse_categorical_accuracy"])
        network.fit(*train, validation_data=validation, **options)

    return train_run


def work(engine: str, task: str, size: int, core: int) -> None:
    """Train a process's share of the sample and print its mean seconds per run as JSON."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {core})
    first, *runs = sampled(task, size, core)
    train = {"ours": ours, "fit": fit}[engine](task)
    train(first)
    started = time.perf_counter()
    for run in runs:
        train(run)
    print(json.dumps((time.perf_counter() - started) / len(runs)))


def seconds_per_run(engine: str, task: str, size: int) -> float:
    """Mean over processes that train at the same time, one per core."""
    command = [sys.executable, __file__, "--worker", engine, task]
    started = [
        subprocess.Popen([*command, str(size), str(core)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        for core in range(os.cpu_count())
    ]
    seconds = [json.loads(process.communicate()[0]) for process in started]
    return sum(seconds) / len(seconds)


def main() -> None:
    """Parse, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sample", type=int, default=3, help="runs of each process, task and engine")
    parser.add_argument("--tasks", nargs="+", help="all tasks by default")
    parser.add_argument("--worker", nargs=4, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.worker:
        engine, task, size, core = arguments.worker
        return work(engine, task, int(size), int(core))
    cores, study = os.cpu_count(), load_study(DEFAULT_STUDY)
    print(f"{processor_name()}, {cores} cores")
    print("| task | runs | n | fit, s a run | ours, s a run | fit, minutes | ours, minutes | ratio |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    minutes = dict.fromkeys(ENGINES, 0.0)
    for task in arguments.tasks or study.tasks:
        runs = study.tasks[task].grid.size()
        seconds = {engine: seconds_per_run(engine, task, arguments.sample) for engine in ENGINES}
        scaled = {engine: value * runs / cores / 60 for engine, value in seconds.items()}
        minutes = {engine: minutes[engine] + scaled[engine] for engine in ENGINES}
        each = " | ".join(f"{seconds[engine]:.2f}" for engine in reversed(ENGINES))
        print(f"| {task} | {runs} | {arguments.sample * cores} | {each} | {_compared(scaled)} |", flush=True)
    print(f"| all | - | - | - | - | {_compared(minutes)} |")


def _compared(minutes: dict[str, float]) -> str:
    return f"{minutes['fit']:.1f} | {minutes['ours']:.1f} | {minutes['fit'] / minutes['ours']:.1f}"


if __name__ == "__main__":
    main()
