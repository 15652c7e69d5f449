"""What parts of the engine are worth: each beside the plain way, in the same process, taking turns.

    python benchmarks/parts.py [--repeats 9] [--parts PART ...]

On one core, in TensorFlow. Runs are those of `engine.py`, and steps are without probes. Prints the time without a part
over the time with it, a ratio of medians over repeats.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import statistics
import time
from collections.abc import Callable

import engine as programs

from temperature_check.training.backend import processor_name

STEPS = 128
SEQUENCES, LENGTH = 2000, 40


def new_engine(network: str, dataset=None):
    """Our engine on the data of `engine.py` or on another data set."""
    from temperature_check.data.prepare import prepare_dataset
    from temperature_check.training.trainer import new_engine

    settings = programs.study(network, threads=1)
    dataset = dataset or prepare_dataset(settings.data["digits"])
    return new_engine(settings.phase("task", "tune").training, dataset, settings.engine)


def steps(engine) -> Callable[[], None]:
    """A function that trains steps without probes, traced as the engine is now."""
    import numpy as np

    from temperature_check.training.plan import new_plan

    engine.program.start(engine.start_weights(1.0, 0.001, 0), 1.0, 0.01)
    plan = new_plan(engine.training, engine.feed.examples, 0).part(0, STEPS)
    plan = plan._replace(probed=np.zeros(STEPS, bool))

    def train() -> None:
        engine.program.advance(plan)

    train()
    return train


@contextlib.contextmanager
def replaced(owner, name: str, value):
    """The attribute of a module or class replaced while something is traced."""
    before = vars(owner)[name]
    setattr(owner, name, value)
    yield
    setattr(owner, name, before)


def joined(network: str):
    """Both copies in one network, and batch norm in one kernel, beside the network as Keras computes it."""
    ours = steps(new_engine(network))
    from temperature_check.training import tensorflow

    with replaced(tensorflow, "in_few_kernels", lambda network, batch_size: None):
        plain = steps(new_engine(network))
    return ours, plain


def momentum(network: str):
    """Momentum in one kernel per weight, beside Keras's optimizer."""
    import keras

    ours = steps(new_engine(network))
    from temperature_check.training.tensorflow import Momentum

    with replaced(Momentum, "update_step", keras.optimizers.SGD.update_step):
        plain = steps(new_engine(network))
    return ours, plain


def recorded(network: str):
    """Steps as they are, beside steps whose loss and accuracy are not kept."""
    ours = steps(new_engine(network))
    from temperature_check.training import tensorflow

    with replaced(tensorflow, "_with_row", lambda table, row, values: table):
        plain = steps(new_engine(network))
    return ours, plain


def probed(network: str):
    """A run whose probes are in the compiled loop, beside one that returns to Python for each."""
    from temperature_check.runs.run import Run
    from temperature_check.training.recorder import Recorder

    engine = new_engine(network)
    run = Run("task", "tune", 1.0, 0.001, programs.RATE, 0)

    def apart() -> None:
        with replaced(Recorder, "stops", staticmethod(lambda steps: steps)):
            engine.train(run)

    return lambda: engine.train(run), apart


def drawn(network: str):
    """First weights by the layers' initializers, beside building the network again for each draw."""
    from temperature_check.initialization.draw import draw_weights
    from temperature_check.networks.build import build_network

    network_of = programs.study(network, threads=1).tasks["task"].model
    built = new_engine(network).initialization.network.first
    return lambda: draw_weights(built, 0), lambda: build_network(network_of, (8, 8, 1), 10).get_weights()


def sequences(network: str):
    """Convolutions along sequences, beside images with one column."""
    return steps(new_engine(network, noise((LENGTH, 1)))), steps(new_engine(network, noise((LENGTH, 1, 1))))


def noise(shape: tuple[int, ...]):
    """A data set of noise."""
    import numpy as np

    from temperature_check.data.dataset import Dataset

    stream = np.random.default_rng(0)
    inputs = {split: stream.normal(size=(SEQUENCES, *shape)).astype(np.float32) for split in ("train", "validation")}
    labels = {split: stream.integers(10, size=SEQUENCES).astype(np.int32) for split in inputs}
    return Dataset("noise", inputs, labels, classes=10)


PARTS = {
    "copies joined, one kernel of batch norm": (joined, ("wrn", "wrn_bn")),
    "one kernel of momentum": (momentum, ("wrn", "wrn_bn")),
    "loss and accuracy of each step": (recorded, ("mlp", "wrn")),
    "probes in the compiled loop, a run": (probed, ("mlp", "gru", "wrn_bn")),
    "weights drawn without building": (drawn, ("mlp", "gru", "wrn_bn")),
    "sequences in one dimension": (sequences, ("wrn", "wrn_bn")),
}


def measure(part: str, network: str, repeats: int) -> None:
    """Time a part and the plain way in turn and print a row."""
    ours, plain = PARTS[part][0](network)
    seconds = {train: [] for train in (ours, plain)}
    for train in seconds:
        train()
    for _ in range(repeats):
        for train, values in seconds.items():
            started = time.perf_counter()
            train()
            values.append(time.perf_counter() - started)
    with_it, without = (statistics.median(values) for values in seconds.values())
    print(f"| {part} | {network} | {repeats} | {without / with_it:.2f} |", flush=True)


def main() -> None:
    """Parse, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    arguments = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {0})
    print(processor_name())
    print("| part | network | n | ratio |")
    print("| --- | --- | --- | --- |")
    for part in arguments.parts:
        for network in PARTS[part][1]:
            measure(part, network, arguments.repeats)


if __name__ == "__main__":
    main()
