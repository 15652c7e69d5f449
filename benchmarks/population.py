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
    on_host = program._loop == program._loop_on_host
    every = Plan(*(np.stack(arrays, axis=int(on_host)) for arrays in zip(*plans)))
    step = jax.jit(jax.vmap(program._step_of_plan, in_axes=(0, None, None, 0)))
    # Runs are not probed, because `vmap` would probe them after every step.
    one_by_one, many_steps = jax.jit(_steps(program)), jax.jit(jax.vmap(_steps(program), in_axes=(0, None, None, 0)))

    def alone():
        finals = []
        for state, plan in zip(states, plans):
            if on_host:
                for row in zip(*plan):
                    state, _ = program._one_step(state, data, scales, Plan(*row))
            else:
                state = one_by_one(state, data, scales, plan)
            finals.append(state[0])
        return [np.asarray(leaf) for leaf in jax.block_until_ready(finals)[0]]

    def together():
        state = stacked
        if on_host:
            for row in zip(*every):
                state, _ = step(state, data, scales, Plan(*row))
        else:
            state = many_steps(state, data, scales, every)
        return [np.asarray(leaf[0]) for leaf in jax.block_until_ready(state)[0]]

    return alone, together


def _steps(program):
    """A function that trains all steps of a plan in a compiled loop."""
    import jax

    def steps(state, data, scales, plan):
        def one(index, state):
            return program._step_of_plan(state, data, scales, type(plan)(*(array[index] for array in plan)))[0]

        return jax.lax.fori_loop(0, STEPS_OF_A_CALL, one, state)

    return steps


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
