"""Training speed: our engine, plain Keras `compile` and `fit`, and PyTorch (eager), on the same networks and data.

    python benchmarks/engine.py [--repeats 3] [--networks mlp gru wrn wrn_bn] [--engines ours fit torch arithmetic]

A run is like the default study's: two copies of a network, 300 digits, batches of 30, 40 epochs of momentum SGD, β = 1,
8 evaluations on validation data (ours: about 16 on the training probe). Engines take turns, each in fresh processes, in
three settings: a process with two threads or one, and two processes with one thread, each on a core of its own; the
fastest counts. A process trains its runs one after another; the first, which compiles or warms up, is not timed. Prints
n, the ratios of speeds to `fit`, to `fit` in one process at its better number of threads, as a script would call
it, and to PyTorch, the part of the arithmetic's speed, and validation accuracy with its standard deviation, which
should agree. The first line names the processor.

`arithmetic` trains nothing: it is the convolutions and matrix products of a run's steps alone, with their gradients, by
TensorFlow's kernels, each copy and layer on its own. A GRU's products with inputs are one for all rows, and those with
states are one for each row. Probes, evaluation and the first weights, which a run has as well, are not counted.

PyTorch is an extra: pip install -e '.[compare]'.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

from temperature_check.training.backend import processor_name

RUNS = {"ours": 4, "fit": 2, "torch": 2, "arithmetic": 4}
SETTINGS = {"1 process, 2 threads": (1, 2), "1 process, 1 thread": (1, 1), "2 processes, 1 thread": (2, 1)}
EPOCHS, BATCH, RATE = 40, 30, 0.1
NETWORKS = {
    "mlp": {"kind": "mlp", "widths": [256, 256]},
    "gru": {"kind": "gru", "units": 64},
    "wrn": {"kind": "wide_resnet", "depth": 10, "width": 1, "batch_norm": False},
    "wrn_bn": {"kind": "wide_resnet", "depth": 10, "width": 1, "batch_norm": True},
}


def study(network: str, threads: int, backend: str = "tensorflow"):
    """A study of one task, as the project reads it."""
    from temperature_check.study.file import check_study

    grid = {"beta": [1.0], "z0": [0.001], "scaled_learning_rate": [RATE], "tuning_seeds": [0], "report_seeds": [1]}
    task = {"title": network, "data": "digits", "model": NETWORKS[network], "epochs": EPOCHS, "batch_size": BATCH}
    data = {"digits": {"source": "digits", "train": 300, "validation": 500, "test": 997}}
    settings = {"study": "benchmark", "data": data, "tasks": {"task": task | {"grid": grid}}}
    return check_study(settings | {"engine": {"backend": backend, "threads": threads}}, "benchmark")


def ours(network: str, threads: int):
    """A function seed → validation accuracy that trains by our engine."""
    from temperature_check.data.prepare import prepare_dataset
    from temperature_check.runs.run import Run
    from temperature_check.training.trainer import new_engine

    settings = study(network, threads)
    dataset = prepare_dataset(settings.data["digits"])
    engine = new_engine(settings.phase("task", "tune").training, dataset, settings.engine)

    def train(seed: int) -> float:
        logits = engine.train(Run("task", "tune", 1.0, 0.001, RATE, seed)).arrays["validation_logits"]
        return float((logits.argmax(-1) == dataset.labels["validation"]).mean())

    return train


def fit(network: str, threads: int):
    """The same by a fresh model, `compile` and `fit`."""
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    import keras
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)
    from temperature_check.data.prepare import prepare_dataset
    from temperature_check.initialization.correlated import CorrelatedPair
    from temperature_check.losses import SoftmaxCrossentropy
    from temperature_check.networks.build import build_network

    settings = study(network, threads)
    dataset = prepare_dataset(settings.data["digits"])

    def build():
        return build_network(settings.tasks["task"].model, (8, 8, 1), 10)

    def train(seed: int) -> float:
        keras.utils.set_random_seed(seed)
        model = CorrelatedPair(build(), build())
        optimizer = keras.optimizers.SGD(RATE, momentum=0.9)
        model.compile(optimizer, loss=SoftmaxCrossentropy(1.0), metrics=["sparse_categorical_accuracy"])
        train, validation = ((dataset.inputs[split], dataset.labels[split]) for split in ("train", "validation"))
        options = {"batch_size": BATCH, "epochs": EPOCHS, "validation_freq": EPOCHS // 8, "verbose": 0}
        history = model.fit(*train, validation_data=validation, validation_batch_size=500, **options)
        return history.history["val_sparse_categorical_accuracy"][-1]

    return train


def arithmetic(network: str, threads: int):
    """A function that computes the convolutions and matrix products of a run's steps and their gradients, on noise."""
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    from temperature_check.networks.build import build_network

    built = build_network(study(network, threads).tasks["task"].model, (8, 8, 1), 10)
    computed = [product for layer in built.layers for product in products_of(tf, layer)] * 2

    @tf.function
    def steps(count):
        step = tf.constant(0)
        while step < count:
            for outputs, compute in computed:
                for variable, value in zip(outputs, compute()):
                    variable.assign(value)
            step += 1
        return step

    def train(seed: int) -> None:
        steps(tf.constant(EPOCHS * (300 // BATCH)))

    return train


def products_of(tf, layer) -> list[tuple[list, Callable]]:
    """The products of a step in a layer, each with variables for what it computes.

    Variables, in and out: products of constants would be computed once for all steps, and unread ones not at all.
    """
    if hasattr(layer, "cell"):
        rows, units = layer.input.shape[1], layer.units
        kernel, recurrent = layer.cell.kernel.shape, layer.cell.recurrent_kernel.shape
        of_rows = product(tf, (BATCH * rows, kernel[0]), kernel, differentiated=False)
        states = [product(tf, (BATCH, units), recurrent, kernel_gradient=False) for _ in range(rows)]
        return [of_rows, *states, product(tf, (BATCH * rows, units), recurrent, outputs=False, differentiated=False)]
    if not hasattr(layer, "kernel"):
        return []
    first = layer.input.shape[1:] in ((64,), (8, 8, 1))
    strides = getattr(layer, "strides", None)
    return [product(tf, (BATCH, *layer.input.shape[1:]), layer.kernel.shape, strides, differentiated=not first)]


def product(tf, inputs, kernel, strides=None, outputs=True, kernel_gradient=True, differentiated=True):
    """One product of inputs and a kernel, of these shapes, with the gradients asked for."""
    inputs, kernel = (tf.Variable(tf.random.normal(shape)) for shape in (inputs, kernel))

    def multiplied(values, weights):
        return tf.nn.conv2d(values, weights, strides, "SAME") if strides else values @ weights

    def compute() -> list:
        with tf.GradientTape() as tape:
            values, weights = tf.convert_to_tensor(inputs), tf.convert_to_tensor(kernel)
            tape.watch([values, weights])
            result = multiplied(values, weights)
        sources = [weights] * kernel_gradient + [values] * differentiated
        return [result] * outputs + tape.gradient(result, sources, output_gradients=tf.convert_to_tensor(given))

    given = tf.Variable(tf.random.normal(multiplied(tf.convert_to_tensor(inputs), tf.convert_to_tensor(kernel)).shape))
    return [tf.Variable(value) for value in compute()], compute


def torch(network: str, threads: int):
    """The same in PyTorch, eager, data in memory as tensors."""
    import torch

    torch.set_num_threads(threads)
    from temperature_check.data.prepare import prepare_dataset

    dataset = prepare_dataset(study(network, threads).data["digits"])
    inputs = {split: torch.tensor(array).permute(0, 3, 1, 2) for split, array in dataset.inputs.items()}
    labels = {split: torch.tensor(array).long() for split, array in dataset.labels.items()}

    def train(seed: int) -> float:
        torch.manual_seed(seed)
        first, second = torch_network(network), torch_network(network)
        parameters = [*first.parameters(), *second.parameters()]
        optimizer = torch.optim.SGD(parameters, lr=RATE, momentum=0.9)
        for epoch in range(EPOCHS):
            for batch in torch.randperm(300).split(BATCH):
                optimizer.zero_grad(set_to_none=True)
                logits = (first(inputs["train"][batch]) - second(inputs["train"][batch])) * 0.5**0.5
                torch.nn.functional.cross_entropy(logits, labels["train"][batch]).backward()
                optimizer.step()
            if (epoch + 1) % (EPOCHS // 8) == 0:
                accuracy = torch_accuracy(first, second, inputs["validation"], labels["validation"])
        return accuracy

    return train


def torch_accuracy(first, second, inputs, labels) -> float:
    """Accuracy of the difference of two networks, in inference mode."""
    import torch

    for network in (first, second):
        network.eval()
    with torch.no_grad():
        accuracy = float(((first(inputs) - second(inputs)).argmax(-1) == labels).float().mean())
    for network in (first, second):
        network.train()
    return accuracy


def torch_network(network: str):
    """The networks of `NETWORKS` in PyTorch."""
    from torch import nn

    if network == "mlp":
        return nn.Sequential(
            nn.Flatten(), nn.Linear(64, 256), nn.ReLU(), nn.Linear(256, 256), nn.ReLU(), nn.Linear(256, 10)
        )
    return torch_gru() if network == "gru" else torch_wide_resnet(network == "wrn_bn")


def torch_gru():
    """A GRU over rows and a linear layer."""
    from torch import nn

    class RowReader(nn.Module):
        def __init__(self):
            super().__init__()
            self.recurrent, self.logits = nn.GRU(8, 64, batch_first=True), nn.Linear(64, 10)

        def forward(self, images):
            return self.logits(self.recurrent(images[:, 0])[0][:, -1])

    return RowReader()


def torch_wide_resnet(batch_norm: bool, depth: int = 10, width: int = 1, channels: int = 1):
    """WRN-depth-width for images of so many channels."""
    from torch import nn

    def activated(channels):
        return nn.Sequential(nn.BatchNorm2d(channels), nn.ReLU()) if batch_norm else nn.ReLU()

    def convolution(inputs, outputs, size, stride):
        layer = nn.Conv2d(inputs, outputs, size, stride, padding=size // 2, bias=not batch_norm)
        nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
        return layer

    class Block(nn.Module):
        def __init__(self, inputs, outputs, stride):
            super().__init__()
            self.before = activated(inputs)
            first, second = convolution(inputs, outputs, 3, stride), convolution(outputs, outputs, 3, 1)
            self.residual = nn.Sequential(first, activated(outputs), second)
            self.shortcut = convolution(inputs, outputs, 1, stride) if inputs != outputs else None

        def forward(self, images):
            before = self.before(images)
            total = self.residual(before) + (self.shortcut(before) if self.shortcut else images)
            return total if batch_norm else total * 0.5**0.5

    blocks, inputs = [], 16
    for group in range(3):
        outputs = 16 * width * 2**group
        first = Block(inputs, outputs, 2 if group else 1)
        blocks += [first, *(Block(outputs, outputs, 1) for _ in range((depth - 4) // 6 - 1))]
        inputs = outputs
    head = [activated(inputs), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(inputs, 10)]
    return nn.Sequential(convolution(channels, 16, 3, 1), *blocks, *head)


def work(engine: str, network: str, threads: int, core: int) -> None:
    """Train in this process and print seconds and accuracy of each timed run as JSON."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, range(threads) if threads > 1 else {core})
    engines = {"ours": ours, "fit": fit, "torch": torch, "arithmetic": arithmetic}
    train = engines[engine](network, threads)
    train(0)
    results = []
    for seed in range(1, RUNS[engine] + 1):
        started = time.perf_counter()
        accuracy = train(seed)
        results.append((time.perf_counter() - started, accuracy))
    print(json.dumps(results))


def measure(engine: str, network: str, processes: int, threads: int) -> tuple[float, list[float]]:
    """Runs an hour of all processes together, and the accuracies."""
    options = [(str(threads), str(core)) for core in range(processes)]
    command = [sys.executable, __file__, "--worker", engine, network]
    started = [
        subprocess.Popen([*command, *more], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) for more in options
    ]
    results = [json.loads(process.communicate()[0]) for process in started]
    speed = sum(3600 / statistics.mean(seconds for seconds, _ in result) for result in results)
    return speed, [accuracy for result in results for _, accuracy in result]


def compare(network: str, engines: list[str], repeats: int) -> None:
    """Measure all engines in turn, `repeats` times, and print a row for each."""
    speeds = {(engine, setting): [] for engine in engines for setting in SETTINGS}
    accuracies = {engine: [] for engine in engines}
    for _ in range(repeats):
        for engine, setting in speeds:
            speed, values = measure(engine, network, *SETTINGS[setting])
            speeds[engine, setting].append(speed)
            accuracies[engine] += values
    medians = {measured: statistics.median(values) for measured, values in speeds.items()}
    peers = [_fastest(medians, "fit"), _fastest(medians, "fit", processes=1), _fastest(medians, "torch")]
    limit = _fastest(medians, "arithmetic")
    for engine in engines:
        setting, speed = _fastest(medians, engine)
        ratios = " | ".join(f"{speed / peer[1]:.1f}" if peer else "-" for peer in peers)
        ratios += f" | {100 * speed / limit[1]:.0f}%" if limit else " | -"
        values = accuracies[engine]
        accuracy = "-" if None in values else f"{statistics.mean(values):.3f} ± {statistics.stdev(values):.3f}"
        count = f"{repeats} × {RUNS[engine] * SETTINGS[setting][0]}"
        row = [network, engine, setting, count, ratios, accuracy]
        print(f"| {' | '.join(row)} |", flush=True)


def _fastest(medians: dict, engine: str, processes: int = 2) -> tuple[str, float] | None:
    """The setting of at most so many processes in which an engine is fastest, and its speed; None if not measured."""
    allowed = [setting for setting in SETTINGS if SETTINGS[setting][0] <= processes and (engine, setting) in medians]
    found = [(setting, medians[engine, setting]) for setting in allowed]
    return max(found, key=lambda pair: pair[1], default=None)


def main() -> None:
    """Parse, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--networks", nargs="+", choices=NETWORKS, default=list(NETWORKS))
    parser.add_argument("--engines", nargs="+", choices=RUNS, default=list(RUNS))
    parser.add_argument("--worker", nargs=4, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.worker:
        engine, network, threads, core = arguments.worker
        return work(engine, network, int(threads), int(core))
    if "torch" in arguments.engines and not importlib.util.find_spec("torch"):
        sys.exit("no PyTorch here; pip install -e '.[compare]', or --engines ours fit arithmetic")
    print(f"{processor_name()}, {os.cpu_count()} cores")
    ratios = "ratio to fit | ratio to fit in one process | ratio to PyTorch | part of arithmetic"
    print(f"| network | engine | best setting | n | {ratios} | validation accuracy |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    for network in arguments.networks:
        compare(network, arguments.engines, arguments.repeats)


if __name__ == "__main__":
    main()
