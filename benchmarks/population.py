"""Whether training several runs in one program pays: `jax.vmap` over runs beside the same runs one after another.

    python benchmarks/population.py [--repeats N] [--runs N ...] [--networks mlp gru wrn wrn_bn]

Both train by the step of our JAX engine on one core, interleaved; compilation is not timed. Prints the median
milliseconds a step of a run takes, n, the ratio, and whether the weights of a run are the same to the last bit.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time

os.environ["KERAS_BACKEND"] = "jax"

import numpy as np
from engine import BATCH, NETWORKS, RATE, study

STEPS = 100


def programs(network: str, runs: int):
    """Functions that train `runs` runs for STEPS steps, alone and together; both return their final weights."""
    import jax

    from temperature_check.data import prepare_dataset
    from temperature_check.runs import Run
    from temperature_check.training.engine import Engine, batch_indices
    from temperature_check.training.program import tensors

    settings = study(network, threads=1, backend="jax")
    dataset = prepare_dataset(settings.data["digits"])
    engine = Engine(settings.tasks["task"].training("tune"), dataset, settings.engine)
    program, states, batches = engine.program, [], []
    groups = (program.network.trainable_variables, program.network.non_trainable_variables, program.optimizer.variables)
    for seed in range(runs):
        engine._start(Run("task", "tune", 1.0, 0.001, RATE, seed))
        states.append([tensors(group) for group in groups])
        batches.append(batch_indices(seed, engine.examples, BATCH, STEPS * BATCH // engine.examples))
    data = (program.inputs["train"], program.labels["train"], program.beta.value)
    stacked = jax.tree.map(lambda *leaves: jax.numpy.stack(leaves), *states)
    every = jax.numpy.stack(batches, axis=1)
    together_step = jax.jit(jax.vmap(program._step, in_axes=(0, None, 0)))

    def alone():
        finals = []
        for state, own in zip(states, batches):
            finals.append(program._loop(state, data, own)[0])
        return [np.asarray(leaf) for leaf in jax.block_until_ready(finals)[0]]

    def together():
        state = stacked
        for indices in every:
            state = together_step(state, data, indices)
        return [np.asarray(leaf[0]) for leaf in jax.block_until_ready(state)[0]]

    return alone, together


def compare(network: str, runs: int, repeats: int) -> None:
    """Time both in turn and print a row."""
    alone, together = programs(network, runs)
    same = all(np.array_equal(a, b) for a, b in zip(alone(), together()))
    seconds = {train: [] for train in (alone, together)}
    for _ in range(repeats):
        for train, values in seconds.items():
            started = time.perf_counter()
            train()
            values.append((time.perf_counter() - started) / STEPS / runs)
    one, many = (1e3 * statistics.median(values) for values in seconds.values())
    bits = "same" if same else "differ"
    print(f"| {network} | {runs} | {one:.2f} | {many:.2f} | {repeats} | {one / many:.2f} | {bits} |", flush=True)


def main() -> None:
    """Parse, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--runs", type=int, nargs="+", default=[4, 16])
    parser.add_argument("--networks", nargs="+", choices=NETWORKS, default=list(NETWORKS))
    arguments = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    print("| network | runs | alone (ms) | together (ms) | n | ratio | bits |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for network in arguments.networks:
        for runs in arguments.runs:
            compare(network, runs, arguments.repeats)


if __name__ == "__main__":
    main()
