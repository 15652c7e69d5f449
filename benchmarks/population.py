"""Whether training several runs in one program pays: `jax.vmap` over runs beside the same runs one after another.

    python benchmarks/population.py [--repeats N] [--runs N ...] [--networks mlp gru wrn wrn_bn]

Both train by the step of our JAX engine on one core, in a loop that is compiled where the engine's is, interleaved;
compilation is not timed. Prints the median
milliseconds a step of a run takes, n, the ratio, and whether the weights of a run are the same to the last bit.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time

os.environ["KERAS_BACKEND"] = "jax"

import numpy as np
from engine import NETWORKS, RATE, study

from temperature_check.training.program import STEPS_OF_A_CALL


def programs(network: str, runs: int):
    """Functions that train `runs` runs for a call's steps, alone and together; both return their final weights."""
    import jax

    from temperature_check.data.prepare import prepare_dataset
    from temperature_check.runs.run import Run
    from temperature_check.training.plan import Plan, new_plan
    from temperature_check.training.trainer import new_engine

    settings = study(network, threads=1, backend="jax")
    dataset = prepare_dataset(settings.data["digits"])
    engine = new_engine(settings.phase("task", "tune").training, dataset, settings.engine)
    program, states, plans = engine.program, [], []
    for seed in range(runs):
        engine._start(Run("task", "tune", 1.0, 0.001, RATE, seed))
        states.append(program._state())
        plans.append(new_plan(engine.training, dataset.train_examples, seed).part(0, STEPS_OF_A_CALL))
    data, scales = (program.inputs["train"], program.labels["train"]), program._scales()
    stacked = jax.tree.map(lambda *leaves: jax.numpy.stack(leaves), *states)
    every = Plan(*(np.stack(arrays, axis=1) for arrays in zip(*plans)))
    step = program._step_of_plan
    on_host = program._loop == program._loop_on_host
    one_run, all_runs = (_loop(each, on_host) for each in (step, jax.vmap(step, in_axes=(0, None, None, 0))))

    def alone():
        finals = [one_run(state, data, scales, plan)[0] for state, plan in zip(states, plans)]
        return [np.asarray(leaf) for leaf in jax.block_until_ready(finals)[0]]

    def together():
        return [np.asarray(leaf[0]) for leaf in jax.block_until_ready(all_runs(stacked, data, scales, every))[0]]

    return alone, together


def _loop(step, on_host: bool):
    """A function that trains all steps of a plan without probes, which `vmap` would make after every step."""
    import jax

    one_step = jax.jit(step) if on_host else step

    def steps(state, data, scales, plan):
        def one(index, state):
            return one_step(state, data, scales, type(plan)(*(array[index] for array in plan)))[0]

        if not on_host:
            return jax.lax.fori_loop(0, STEPS_OF_A_CALL, one, state)
        for index in range(STEPS_OF_A_CALL):
            state = one(index, state)
        return state

    return steps if on_host else jax.jit(steps)


def compare(network: str, runs: int, repeats: int) -> None:
    """Time both in turn and print a row."""
    alone, together = programs(network, runs)
    same = all(np.array_equal(a, b) for a, b in zip(alone(), together()))
    seconds = {train: [] for train in (alone, together)}
    for _ in range(repeats):
        for train, values in seconds.items():
            started = time.perf_counter()
            train()
            values.append((time.perf_counter() - started) / STEPS_OF_A_CALL / runs)
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
