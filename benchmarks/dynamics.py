"""Cost of products with the empirical kernel, in gradients of the loss; and of the kernel formed explicitly.

    python benchmarks/dynamics.py [--repeats 20] [--networks mlp wrn] [--backends tensorflow jax]

First table: Θv and (dΘ/dt) r, docs/theory.md, equations (7) and (8), over 256 examples in float32, batch norm
in training mode, one core. The three computations take turns; medians, their ratios to the gradient, and n.
Goals: at most 1.5 and 4 gradients in JAX, 2.5 and 6 in TensorFlow. Second table: 10 products Θv, about what an
eigenvalue takes, beside Θ formed by a product for each of its columns, as n grows: seconds, and megabytes of Θ.
Compilation is not timed.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

EXAMPLES, PRODUCTS, SIZES = 256, 10, (16, 32, 64)
NETWORKS = {
    "mlp": {"widths": (256, 256), "activation": "relu"},
    "wrn": {"depth": 10, "width": 1, "batch_norm": True},
}


def seconds(function: Callable) -> float:
    """The time that a call takes."""
    started = time.perf_counter()
    function()
    return time.perf_counter() - started


def new_kernel(name: str, count: int):
    """A network's kernel on random images in training mode, its weights and labels."""
    import numpy as np

    from temperature_check.networks import mlp, wide_resnet
    from temperature_check.theory.kernel import EmpiricalKernel

    module = mlp if name == "mlp" else wide_resnet
    network = module.build(**NETWORKS[name], input_shape=(8, 8, 1), classes=10)
    random = np.random.default_rng(0)
    kernel = EmpiricalKernel(network, random.uniform(size=(count, 8, 8, 1)).astype("float32"), training=True)
    return kernel, network.get_weights(), random.integers(10, size=count)


def loss_gradient(kernel, labels) -> Callable:
    """A function of the weights: the gradient of the loss, compiled as the products are."""
    from keras import ops

    from temperature_check.theory.autodiff import compiled, vjp
    from temperature_check.theory.loss import softmax_cross_entropy

    def gradient(values, inputs, labels):
        def loss(weights):
            logits = kernel.network.stateless_call(weights, values[1], inputs, training=True)[0]
            return ops.mean(softmax_cross_entropy(labels, logits, 1.0))

        return vjp(loss, values[0], ops.ones(()))

    function, labels = compiled(gradient), ops.convert_to_tensor(labels)
    return lambda weights: [
        ops.convert_to_numpy(g) for g in function(kernel._values(weights), kernel._batches[0], labels)
    ]


def costs(name: str, repeats: int) -> dict[str, list[float]]:
    """Seconds of each computation, in turn."""
    from keras import ops

    from temperature_check.theory.time_scales import probabilities, residual

    kernel, weights, labels = new_kernel(name, EXAMPLES)
    gradient, weights = loss_gradient(kernel, labels), [ops.convert_to_tensor(weight) for weight in weights]
    r = residual(probabilities(kernel.logits(weights)), labels).astype("float32")
    direction = kernel.vjp(weights, r)
    computations = {
        "gradient": lambda: gradient(weights),
        "product": lambda: kernel.kernel_product(weights, r),
        "velocity": lambda: kernel.kernel_velocity(weights, direction, r),
    }
    for function in computations.values():
        function()
    times = {which: [] for which in computations}
    for _ in range(repeats):
        for which, function in computations.items():
            times[which].append(seconds(function))
    return times


def explicit(name: str, count: int, repeats: int) -> dict:
    """Seconds of a few products and of all columns of Θ, in turn; megabytes of Θ."""
    import numpy as np

    kernel, weights, _ = new_kernel(name, count)
    basis = np.eye(count * 10, dtype=np.float32).reshape(-1, count, 10)

    def multiply(vectors):
        return np.stack([kernel.kernel_product(weights, vector).ravel() for vector in vectors], axis=1)

    multiply(basis[:1])
    times = {"products": [], "explicit": []}
    for _ in range(repeats):
        times["products"].append(seconds(lambda: multiply(basis[:PRODUCTS])))
        times["explicit"].append(seconds(lambda: multiply(basis)))
    return times | {"megabytes": (count * 10) ** 2 * 4 / 2**20}


def work(name: str, repeats: int) -> None:
    """Measure in this process, on one core, and print JSON."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    sizes = {count: explicit(name, count, min(repeats, 3)) for count in SIZES}
    print(json.dumps({"costs": costs(name, repeats), "sizes": sizes}))


def measure(backend: str, name: str, repeats: int) -> dict:
    """The measurements of one backend and network, in a fresh process."""
    command = [sys.executable, __file__, "--worker", name, "--repeats", str(repeats)]
    environment = os.environ | {"KERAS_BACKEND": backend}
    result = subprocess.run(command, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return json.loads(result.stdout)


def main() -> None:
    """Parse, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--networks", nargs="+", choices=NETWORKS, default=list(NETWORKS))
    parser.add_argument("--backends", nargs="+", choices=["tensorflow", "jax"], default=["tensorflow", "jax"])
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.worker:
        return work(arguments.worker, arguments.repeats)
    cases = [(backend, name) for name in arguments.networks for backend in arguments.backends]
    results = {case: measure(*case, arguments.repeats) for case in cases}
    print("| network | backend | gradient, ms | Θv, gradients | (dΘ/dt) r, gradients | n |")
    print("| --- | --- | --- | --- | --- | --- |")
    for (backend, name), result in results.items():
        gradient, product, velocity = (statistics.median(times) for times in result["costs"].values())
        ratios = f"{product / gradient:.2f} | {velocity / gradient:.2f}"
        print(f"| {name} | {backend} | {1e3 * gradient:.1f} | {ratios} | {arguments.repeats} |")
    print(f"\n| network | backend | examples | {PRODUCTS} products, s | Θ, s | ratio | Θ, MB | n |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for (backend, name), result in results.items():
        for count, times in result["sizes"].items():
            few, every = (statistics.median(times[which]) for which in ("products", "explicit"))
            row = f"{few:.3f} | {every:.3f} | {every / few:.0f} | {times['megabytes']:.1f} | {len(times['explicit'])}"
            print(f"| {name} | {backend} | {count} | {row} |")


if __name__ == "__main__":
    main()
