"""Training speed on a GPU: images a second and the share of the GPU's peak, of our programs and of PyTorch.

    python benchmarks/gpu.py [--repeats 3] [--sizes wrn-128 wrn-512 resnet50] [--engines tensorflow jax torch]
                             [--peak-tflops 989] [--deterministic] [--smoke]

Steps of SGD with momentum on random uint8 images, which lie on the device and are standardized in each step: WRN-16-4
on 32×32 in batches of 128 and 512, ResNet-50 on 224×224 in batches of 256, both with batch norm. Ours are the programs
of `training.tensorflow` and `training.jax`, with bodies in bfloat16 and float32 logits and loss, with --deterministic
kept to the same bits each time. PyTorch has channels_last, bfloat16 autocast with float32 logits and loss, and
torch.compile. Engines take turns, each in a fresh process, which compiles and warms up before the
steps that are timed. Prints medians over n = repeats, with smallest and largest.

Share of peak: the arithmetic of convolutions and dense layers, 2 operations for each multiply-add, three forward passes
a step (backward takes two), over --peak-tflops, by default what the GPU's maker states for dense bfloat16.

--smoke tries it on any machine, CPU included, with 32×32 images, batches of 4 and two steps. Its times mean nothing.
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
from dataclasses import dataclass, replace

STEPS, WARM_UP, BATCHES_STORED = 50, 10, 4
PEAK_TFLOPS = {"H100 PCIe": 756, "H100 NVL": 835, "H200 NVL": 835, "H100": 989, "H200": 989, "A100": 312}
ENGINES = ("tensorflow", "jax", "torch")


@dataclass(frozen=True)
class Size:
    """A network, its images' height and width, classes and batch."""

    model: dict
    image: int
    classes: int
    batch: int


WRN = {"kind": "wide_resnet", "depth": 16, "width": 4, "batch_norm": True}
SIZES = {
    "wrn-128": Size(WRN, 32, 10, 128),
    "wrn-512": Size(WRN, 32, 10, 512),
    "resnet50": Size({"kind": "resnet50", "batch_norm": True}, 224, 1000, 256),
}


def new_data(size: Size):
    """Random uint8 images and labels, a few batches of them."""
    import numpy as np

    from temperature_check.data.dataset import Dataset

    random, count = np.random.default_rng(0), BATCHES_STORED * size.batch
    images = random.integers(0, 256, size=(count, size.image, size.image, 3), dtype=np.uint8)
    labels = random.integers(size.classes, size=count, dtype=np.int32)
    return Dataset("random", {"train": images}, {"train": labels}, size.classes)


def training_of(size: Size):
    """How a run of the network is trained, bfloat16 and all."""
    from temperature_check.study.recipe import Training

    recipe = {"epochs": 1, "batch_size": size.batch, "initialization": "plain", "precision": "bfloat16"}
    return Training.model_validate({"model": size.model, **recipe})


def new_network(size: Size):
    """The network in Keras."""
    from temperature_check.networks.build import build_network

    training = training_of(size)
    return build_network(training.model, (size.image, size.image, 3), size.classes, precision=training.precision)


def ours(backend: str, size: Size, deterministic: bool) -> Callable:
    """A function that trains on batches, given by their indices, and returns when the device is done."""
    import numpy as np

    os.environ["KERAS_BACKEND"] = backend
    module = importlib.import_module(f"temperature_check.training.{backend}")
    from temperature_check.study.engine import EngineSettings
    from temperature_check.training.plan import Plan
    from temperature_check.training.program import STEPS_OF_A_CALL

    settings = EngineSettings(
        backend=backend, device="gpu" if gpu_name() else "cpu", threads=os.cpu_count(), deterministic=deterministic
    )
    module.use_device(settings)
    network = new_network(size)
    program = module.Program(network, new_data(size), training_of(size), settings, size.batch)
    program.start(network.get_weights(), 1.0, 0.01)

    def train(batches) -> None:
        steps = len(batches)
        changes, factors = np.empty((*batches.shape, 0), np.int32), np.ones(steps, np.float32)
        plan = Plan(batches, changes, factors, np.zeros(steps, bool))
        for start in range(0, steps, STEPS_OF_A_CALL):
            program.advance(plan.part(start, start + STEPS_OF_A_CALL))
        network.layers[-1].get_weights()

    return train


def torch(size: Size) -> Callable:
    """The same in PyTorch."""
    import torch
    from torch.nn.functional import cross_entropy

    device, dataset = "cuda" if torch.cuda.is_available() else "cpu", new_data(size)
    network = torch_network(size).to(device, memory_format=torch.channels_last)
    optimizer = torch.optim.SGD(network.parameters(), lr=0.01, momentum=0.9)
    images = torch.tensor(dataset.inputs["train"], device=device).permute(0, 3, 1, 2)
    labels = torch.tensor(dataset.labels["train"], device=device).long()
    floats = images.float()
    mean, deviation = (values(dim=(0, 2, 3), keepdim=True) for values in (floats.mean, floats.std))
    del floats

    @torch.compile
    def loss_of(inputs, targets):
        with torch.autocast(device, torch.bfloat16):
            logits = network((inputs.float() - mean) / deviation)
        return cross_entropy(logits.float(), targets)

    def train(batches) -> None:
        for batch in torch.tensor(batches, device=device).long():
            optimizer.zero_grad(set_to_none=True)
            loss = loss_of(images[batch], labels[batch])
            loss.backward()
            optimizer.step()
        loss.item()

    return train


def torch_network(size: Size):
    """The network in PyTorch."""
    if size.model["kind"] == "resnet50":
        from torchvision.models import resnet50

        return resnet50(num_classes=size.classes)
    from engine import torch_wide_resnet

    return torch_wide_resnet(True, size.model["depth"], size.model["width"], channels=3)


def multiply_adds(network) -> int:
    """Multiply-adds of convolutions and dense layers for one example, forward."""
    from keras import layers
    from numpy import prod

    counted = [layer for layer in network.layers if isinstance(layer, layers.Conv2D | layers.Dense)]
    return sum(int(prod(layer.kernel.shape)) * int(prod(layer.output.shape[1:-1])) for layer in counted)


def work(engine: str, size: Size, steps: int, warm_up: int, deterministic: bool) -> None:
    """Train in this process and print the seconds of `steps` steps as JSON."""
    import numpy as np

    train = torch(size) if engine == "torch" else ours(engine, size, deterministic)
    batches = np.arange(BATCHES_STORED * size.batch, dtype=np.int32).reshape(BATCHES_STORED, -1)
    train(batches[np.arange(warm_up) % BATCHES_STORED])
    started = time.perf_counter()
    train(batches[np.arange(steps) % BATCHES_STORED])
    print(json.dumps(time.perf_counter() - started))


def measure(engine: str, name: str, options: list[str]) -> float:
    """Images a second of an engine in a fresh process."""
    command = [sys.executable, __file__, "--worker", engine, name, *options]
    result = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if result.returncode:
        sys.exit(f"{engine} failed on {name}; what it said is above")
    size, steps, _ = setting(name, "--smoke" in options)
    return size.batch * steps / json.loads(result.stdout.splitlines()[-1])


def setting(name: str, smoke: bool) -> tuple[Size, int, int]:
    """The size, the steps timed and the steps before them."""
    return (replace(SIZES[name], image=32, batch=4), 2, 1) if smoke else (SIZES[name], STEPS, WARM_UP)


def compare(name: str, engines: list[str], repeats: int, peak: float | None, options: list[str]) -> None:
    """Measure all engines in turn, `repeats` times, and print a row for each."""
    speeds = {engine: [] for engine in engines}
    for _ in range(repeats):
        for engine in engines:
            speeds[engine].append(measure(engine, name, options))
    size, medians = (
        setting(name, "--smoke" in options)[0],
        {engine: statistics.median(values) for engine, values in speeds.items()},
    )
    operations = 6 * multiply_adds(new_network(size))
    for engine, speed in medians.items():
        share = f"{100 * speed * operations / (peak * 1e12):.0f} %" if peak else "-"
        ratio = f"{speed / medians['torch']:.2f}" if "torch" in medians else "-"
        spread = f"{min(speeds[engine]):,.0f} to {max(speeds[engine]):,.0f}"
        print(f"| {name} | {engine} | {speed:,.0f} | {spread} | {repeats} | {share} | {ratio} |", flush=True)


def gpu_name() -> str | None:
    """The name of the first GPU; None where there is none."""
    try:
        names = subprocess.check_output(["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"], text=True)
    except (FileNotFoundError, subprocess.CalledProcessError):
        return None
    return names.splitlines()[0] if names.strip() else None


def main() -> None:
    """Parse, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--sizes", nargs="+", choices=SIZES, default=list(SIZES))
    parser.add_argument("--engines", nargs="+", choices=ENGINES, default=list(ENGINES))
    parser.add_argument("--peak-tflops", type=float, help="dense bfloat16; by default that of the GPU's model")
    parser.add_argument("--smoke", action="store_true")
    parser.add_argument("--deterministic", action="store_true", help="keep ours to the same bits each time")
    parser.add_argument("--worker", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.worker:
        engine, name = arguments.worker
        return work(engine, *setting(name, arguments.smoke), arguments.deterministic)
    gpu = gpu_name()
    if not gpu and not arguments.smoke:
        sys.exit("no GPU here, nvidia-smi shows none; --smoke tries this program on the CPU")
    if "torch" in arguments.engines and not importlib.util.find_spec("torchvision"):
        sys.exit("no torchvision here; pip install -e '.[compare]', or --engines tensorflow jax")
    known = (peak for model, peak in PEAK_TFLOPS.items() if model in (gpu or ""))
    peak = arguments.peak_tflops or next(known, None)
    options = ["--smoke"] * arguments.smoke + ["--deterministic"] * arguments.deterministic
    mode = "deterministic" if arguments.deterministic else "not deterministic"
    stated = f"{peak:g} TFLOP/s" if peak else "not known, see --peak-tflops"
    print(f"{gpu or 'No GPU, on the CPU'}; ours {mode}; peak: {stated}\n")
    print("| network | engine | images/s | smallest to largest | n | share of peak | ratio to PyTorch |")
    print("| --- | --- | --- | --- | --- | --- | --- |", flush=True)
    for name in arguments.sizes:
        compare(name, arguments.engines, arguments.repeats, peak, options)


if __name__ == "__main__":
    main()
