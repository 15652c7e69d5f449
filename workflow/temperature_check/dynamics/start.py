"""Time scales at the start of the runs of a task, and how far single precision can be trusted there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING

import keras
import numpy as np
import pandas as pd
from keras import ops

from temperature_check.autodiff import double_precision
from temperature_check.dynamics.time_scales import norm, time_scales

if TYPE_CHECKING:
    from temperature_check.runs import Run
    from temperature_check.training.early_learning import Engine


def starting_scales(engine: Engine, runs: Iterable[Run]) -> pd.DataFrame:
    """A row for each start (β, ‖Z0‖, seed) of `runs` that can be had, and for each (β, seed) with independent copies.

    Columns are those of `TimeScales`, and `noise`, the norm per example of what float32 rounds away of Z0. z0 is NaN
    for independent copies, c = 0, at which alone equation (10) gives the τ_nl of runs.
    """
    starts = sorted({(run.task, run.beta, run.z0, run.seed) for run in runs})
    cells = [(*start, engine.start_weights(*start[1:])) for start in starts]
    pairs = sorted({(task, beta, seed) for task, beta, _, seed in starts})
    independent = [(task, beta, np.nan, seed, engine.independent_weights(seed)) for task, beta, seed in pairs]
    exact = DoublePrecision(engine)
    return pd.DataFrame(
        [
            {"task": task, "z0": z0, "seed": seed} | _scales(engine, exact, weights, beta)
            for task, beta, z0, seed, weights in (*cells, *independent)
            if weights is not None
        ]
    )


def _scales(engine: Engine, exact: DoublePrecision, weights: list[np.ndarray], beta: float) -> dict:
    noise = norm(beta * (engine.kernel.logits(weights) - exact.logits(weights)))
    return asdict(time_scales(engine.kernel, weights, engine.labels, beta)) | {"noise": noise}


class DoublePrecision:
    """An engine's network in float64, to see what float32 rounds away."""

    def __init__(self, engine: Engine):
        self.inputs = np.asarray(engine.inputs)
        with double_precision():
            single = keras.config.dtype_policy()
            keras.config.set_dtype_policy("float64")
            self.network = engine.new_network()
            keras.config.set_dtype_policy(single)

    def logits(self, weights: list[np.ndarray]) -> np.ndarray:
        """Logits z at float32 `weights`, batch norm in training mode; shape [n, K]."""
        with double_precision():
            self.network.set_weights([array.astype(np.float64) for array in weights])
            return ops.convert_to_numpy(self.network(self.inputs, training=True))
