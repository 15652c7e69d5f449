"""The time scales of any Keras model, as a table, as JSON or as a figure."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from temperature_check.base.errors import UserError
from temperature_check.commands.user_model import BATCH_SIZE, load_examples, load_model, new_kernel, within_memory

MODES = ("training", "inference")
TIMES = {"learning": "τ_z", "nonlinear": "τ_nl", "linear": "τ_lin"}
HEADINGS = {
    "beta": "β",
    "logit_norm": "‖Z0‖",
    **TIMES,
    "curvature": "λmax",
    "largest_stable_rate": "η stable",
    "largest_linear_rate": "η linear",
    "learning_rate": "η",
    **{f"{name}_steps": f"{symbol} in steps" for name, symbol in TIMES.items()},
}
EXPLANATION = """\
τ: times at the start, in units of 1/(ηβ²), for logits to double (τ_z), kernel (τ_nl) and residual (τ_lin) to change
η stable: limit of linear stability; η linear: a step takes τ_nl. docs/theory.md, equations (9) to (13)"""


@dataclass(frozen=True)
class Report:
    """One row per β and, if rates are given, per learning rate. Columns are the keys of HEADINGS."""

    rows: pd.DataFrame
    batch_norm: str
    """The mode of batch norm, in words."""
    examples: int

    def text(self) -> str:
        """The table for reading, with an explanation of its columns."""
        table = self.rows.rename(columns=HEADINGS).to_string(index=False, float_format=lambda value: f"{value:.4g}")
        return f"{table}\n{EXPLANATION}\n{self.examples} examples; {self.batch_norm}"

    def json(self) -> str:
        """The report as JSON, in which infinite values are null."""
        rows = [{name: _finite_or_none(value) for name, value in row.items()} for row in self.rows.to_dict("records")]
        return json.dumps({"examples": self.examples, "batch_norm": self.batch_norm, "rows": rows}, indent=2)

    def plot(self, path: Path) -> None:
        """Draw the time scales against β, in the format of the file's name. Raises UserError for an unknown one."""
        from matplotlib.figure import Figure

        from temperature_check.figures.style import PANEL_INCHES, paper_style

        with paper_style():
            figure = Figure(figsize=PANEL_INCHES)
            axis = figure.subplots()
            rows = self.rows.drop_duplicates("beta").sort_values("beta")
            for name, symbol in TIMES.items():
                axis.plot(rows["beta"], rows[name], marker="o", label=f"$τ_{{{symbol[2:]}}}$")
            axis.set(xscale="log", yscale="log", xlabel="inverse temperature β", ylabel="time × ηβ²")
            axis.legend()
            try:
                figure.savefig(path)
            except ValueError as error:
                raise UserError(f"--plot {path}: {error}") from error


def report(
    model: str,
    data: Path,
    betas: Sequence[float],
    rates: Sequence[float] = (),
    momentum: float = 0.0,
    examples: int = 256,
    batch_norm: str = "training",
) -> Report:
    """The time scales of the model that function `model` returns, on the first examples of a file.

    batch_norm: its mode, `training` or `inference`. Raises UserError for errors that a user can fix.
    """
    _refuse_bad_values(betas, rates, momentum, batch_norm)
    network, chosen = load_model(model), load_examples(data, examples)
    training, count = batch_norm == "training", len(chosen.labels)

    def rows() -> list[dict]:
        kernel = new_kernel(network, chosen, training)
        return list(_rows(kernel, network.get_weights(), chosen.labels, betas, rates, momentum))

    found = within_memory(rows, count if training else min(count, BATCH_SIZE))
    return Report(pd.DataFrame(found), _mode_of_batch_norm(network, batch_norm), count)


def _rows(kernel, weights, labels, betas: Sequence[float], rates: Sequence[float], momentum: float) -> Iterator[dict]:
    from temperature_check.theory.time_scales import time_scales

    for beta in betas:
        scales = time_scales(kernel, weights, labels, beta)
        row = {name: getattr(scales, name) for name in ("beta", "logit_norm", *TIMES, "curvature")}
        row["largest_stable_rate"] = scales.largest_stable_rate(momentum)
        row["largest_linear_rate"] = scales.largest_linear_rate()
        for rate in rates:
            steps = {f"{name}_steps": scales.steps(row[name], rate, momentum) for name in TIMES}
            yield row | {"learning_rate": rate} | steps
        if not rates:
            yield row


def _mode_of_batch_norm(network, mode: str) -> str:
    from keras.layers import BatchNormalization

    from temperature_check.networks.build import layers_of

    if not any(isinstance(layer, BatchNormalization) for layer in layers_of(network)):
        return f"the model has no batch norm ({mode} mode)"
    statistics = {"training": "the statistics of these examples", "inference": "moving averages"}
    return f"batch norm in {mode} mode, with {statistics[mode]}"


def _refuse_bad_values(betas: Sequence[float], rates: Sequence[float], momentum: float, batch_norm: str) -> None:
    for option, values in (("--beta", betas), ("--learning-rate", rates)):
        for value in values:
            if not (math.isfinite(value) and value > 0):
                raise UserError(f"{option} {value}: should be a finite number above 0")
    if not 0 <= momentum < 1:
        raise UserError(f"--momentum {momentum}: should be at least 0 and below 1")
    if batch_norm not in MODES:
        raise UserError(f"--batch-norm {batch_norm}: should be {' or '.join(MODES)}")


def _finite_or_none(value: float) -> float | None:
    return value if math.isfinite(value) else None
