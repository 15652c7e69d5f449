"""Time scales at the starts of the runs of a task, and the error of single precision there."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING

import keras
import numpy as np
import pandas as pd
from keras import ops

from temperature_check.theory.autodiff import double_precision
from temperature_check.theory.rounding import smallest_rate
from temperature_check.theory.time_scales import norm, probabilities, residual, time_scales

if TYPE_CHECKING:
    from temperature_check.data.dataset import Dataset
    from temperature_check.runs.run import Run
    from temperature_check.training.engine import Engine
    from temperature_check.training.kernel_recorder import Recorder


def time_scales_at_starts(engine: Engine, runs: Iterable[Run], load: Callable[[int], Dataset]) -> pd.DataFrame:
    """One row per reachable starting point (β, ‖Z0‖, seed), plus one per (β, seed) whose two copies are independent.

    engine: the engine of an experiment, whose recorder has the kernel. load: returns the data of a seed.

    Columns are those of `TimeScales`, `noise`, the norm per example of the error of Z0 in float32, and `smallest_rate`,
    the ηβ below which float32 loses too much of the first update, equation (20). z0 is NaN for independent copies,
    c = 0. Only for them does equation (10) give the τ_nl of runs.
    """
    starts = {(run.task, run.beta, run.z0, run.seed) for run in runs}
    independent = {(task, beta, np.nan, seed) for task, beta, _, seed in starts}
    exact, rows = DoublePrecision(engine), []
    for task, beta, z0, seed in sorted(starts | independent, key=_order):
        engine.use(load(seed))
        weights = engine.independent_weights(seed) if np.isnan(z0) else engine.start_weights(beta, z0, seed)
        if weights is not None:
            rows.append({"task": task, "z0": z0, "seed": seed} | _scales(engine, exact, weights, beta))
    return pd.DataFrame(rows)


def _order(start: tuple) -> tuple:
    """By seed, because each may have other data; independent copies come last at each β."""
    _, beta, z0, seed = start
    return seed, beta, np.isnan(z0), z0


def _scales(engine: Engine, exact: DoublePrecision, weights: list[np.ndarray], beta: float) -> dict:
    recorder = engine.recorder
    logits = recorder.kernel.logits(weights)
    errors = {
        "noise": norm(beta * (logits - exact.logits(weights, recorder.inputs))),
        "smallest_rate": _smallest_rate(recorder, weights, residual(probabilities(beta * logits), recorder.labels)),
    }
    return asdict(time_scales(recorder.kernel, weights, recorder.labels, beta)) | errors


def _smallest_rate(recorder: Recorder, weights: list[np.ndarray], r: np.ndarray) -> float:
    """`rounding.smallest_rate` of the weights that are trained, for the residual r."""
    network, kernel = recorder.network, recorder.kernel
    values = {id(variable): value for variable, value in zip(network.weights, weights, strict=True)}
    trained = [values[id(variable)] for variable in network.trainable_variables]
    return smallest_rate(_joined(trained), _joined(kernel.vjp(weights, r / len(r))))


def _joined(arrays: Iterable) -> np.ndarray:
    return np.concatenate([ops.convert_to_numpy(array).ravel() for array in arrays])


class DoublePrecision:
    """An engine's network in float64, which shows the rounding errors of float32."""

    def __init__(self, engine: Engine):
        with double_precision():
            single = keras.config.dtype_policy()
            keras.config.set_dtype_policy("float64")
            self.network = engine.new_network()
            keras.config.set_dtype_policy(single)

    def logits(self, weights: list[np.ndarray], inputs) -> np.ndarray:
        """Logits z at float32 `weights`, batch norm in training mode; shape [n, K]."""
        with double_precision():
            self.network.set_weights([array.astype(np.float64) for array in weights])
            return ops.convert_to_numpy(self.network(np.asarray(inputs), training=True))
