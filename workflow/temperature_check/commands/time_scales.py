"""The time scales of any Keras model, with a range of learning rates to search in, as a table, JSON or a figure."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from temperature_check.base.errors import UserError
from temperature_check.base.terminal import with_progress
from temperature_check.commands.user_data import Examples, load_examples
from temperature_check.commands.user_model import (
    BATCH_SIZE,
    kept_settings,
    load_model,
    new_kernel,
    one_line_faults,
    within_memory,
)
from temperature_check.commands.user_reference import find
from temperature_check.commands.users_code import users_code
from temperature_check.theory.gate.faults import MODES, is_out_of_memory, reason

TIMES = {"learning": "τ_z", "nonlinear": "τ_nl", "linear": "τ_lin"}
RATES = {"largest_stable_rate": "η stable", "largest_linear_rate": "η linear"}
HEADINGS = {
    "beta": "β",
    "logit_norm": "‖Z0‖",
    **TIMES,
    "curvature": "λmax",
    **RATES,
    "learning_rate": "η",
    **{f"{name}_steps": f"{symbol} in steps" for name, symbol in TIMES.items()},
}
EXPLANATION = """\
τ: times at the start, in units of 1/(ηβ²), for logits to double (τ_z), kernel (τ_nl) and residual (τ_lin) to change
η stable: limit of linear stability; η linear: a step takes τ_nl. docs/theory.md, equations (9) to (13)"""
MOMENTUM = """\
momentum {0:g}: velocity builds up over about {2:.3g} steps, so times in steps are 1-μ = {1:.3g} of those without it.
η stable includes momentum. η linear is of one step without it: at η linear, τ_nl is {1:.3g} steps, not 1."""
RANGES = "Learning rates to start a search from, not tuned rates:"
NEXT = """\
Next, search η over this range at each β, on validation data, by a grid of equal ηβ for all β.
Then compare the best test accuracy at each β with that of β = 1."""


@dataclass(frozen=True)
class Options:
    """What is asked. Raises UserError for a bad value."""

    betas: Sequence[float]
    rates: Sequence[float] = ()
    momentum: float = 0.0
    examples: int = 256
    batch_norm: str = "training"
    seed: int = 0
    check_steps: int = 50
    batch_size: int = 32

    def __post_init__(self):
        for option, values in (("--beta", self.betas), ("--learning-rate", self.rates)):
            for value in values:
                if not (math.isfinite(value) and value > 0):
                    raise UserError(f"{option} {value}: should be a finite number above 0")
        if not 0 <= self.momentum < 1:
            raise UserError(f"--momentum {self.momentum}: should be at least 0 and below 1")
        if self.batch_norm not in MODES:
            raise UserError(f"--batch-norm {self.batch_norm}: should be {' or '.join(MODES)}")


@dataclass(frozen=True)
class Report:
    """One row per β and, if rates are given, per learning rate. Columns are the keys of HEADINGS."""

    rows: pd.DataFrame
    batch_norm: str
    """The modes of batch norm, in words."""
    examples: int
    options: Options
    notes: list[str]
    """What was left out, and what is odd about the examples."""
    ranges: list = field(default_factory=list)
    """By β, a RateRange."""
    batch_size: int = 0
    """Of the steps that were checked."""

    def text(self) -> str:
        """The table for reading, with an explanation of its columns."""
        table = self.rows.rename(columns=HEADINGS).to_string(index=False, float_format=lambda value: f"{value:.4g}")
        momentum = self.options.momentum
        lines = [
            table,
            EXPLANATION,
            *([MOMENTUM.format(momentum, 1 - momentum, 1 / (1 - momentum))] if momentum else []),
        ]
        lines += [f"{self.examples} examples; {self.batch_norm}", *self.notes]
        if self.ranges:
            found = [one.text(self.options.check_steps, self.batch_size) for one in self.ranges]
            lines += [RANGES, *found, *([NEXT] if any(one.highest for one in self.ranges) else [])]
        return "\n".join(lines)

    def json(self) -> str:
        """The report as JSON, in which infinite values and those that were left out are null."""
        rows = [_finite(row) for row in self.rows.to_dict("records")]
        facts = {"examples": self.examples, "batch_norm": self.batch_norm, "notes": self.notes, "rows": rows}
        steps = {"check_steps": self.options.check_steps, "batch_size": self.batch_size, "seed": self.options.seed}
        return json.dumps(facts | steps | {"ranges": [_finite(one.row()) for one in self.ranges]}, indent=2)

    def plot(self, path: Path) -> None:
        """Draw times and rates against β, in the format of the file's name. Raises UserError for an unknown one."""
        from temperature_check.figures.style import PANEL_INCHES, Figure, paper_style

        with paper_style():
            figure = Figure(figsize=(2 * PANEL_INCHES[0], PANEL_INCHES[1]), layout="tight")
            axes = figure.subplots(1, 2)
            rows = self.rows.drop_duplicates("beta").sort_values("beta")
            for axis, columns, label in zip(axes, (TIMES, RATES), ("time × ηβ²", "learning rate η")):
                for name, heading in columns.items():
                    axis.plot(rows["beta"], rows[name], marker="o", label=heading)
                axis.set(xscale="log", yscale="log", xlabel="inverse temperature β", ylabel=label)
            if checked := [one for one in self.ranges if one.highest]:
                label = f"{self.options.check_steps} steps lower the loss"
                axes[1].plot([o.beta for o in checked], [o.highest for o in checked], "k:", marker="s", label=label)
            for axis in axes:
                axis.legend()
            try:
                dates = {"CreationDate": None} if path.suffix == ".pdf" else None
                figure.savefig(path, metadata=dates)
            except ValueError as error:
                raise UserError(f"--plot {path}: {error}") from error


def report(model: str, data: Path, options: Options) -> Report:
    """The time scales of the model that `--model` names, on examples of a file that are drawn by a seed.

    Raises UserError for errors that a user can fix.
    """
    examples, reference = load_examples(data, options.examples, options.seed), find(model)
    with kept_settings(), users_code(reference.program):
        network = load_model(reference, options.seed)
        mode, count = options.batch_norm, len(examples.labels)
        at_once = count if mode == "training" else min(count, BATCH_SIZE)
        return within_memory(lambda: _report(network, examples, options, data), at_once)


def _report(network, examples: Examples, options: Options, data: Path) -> Report:
    kernel = new_kernel(network, examples, options.batch_norm, data)
    with one_line_faults(f"--data {data}"):
        rows = pd.DataFrame(_rows(kernel, examples.labels, options))
    notes = [f"τ_nl is left out: {kernel.left_out}"] * bool(kernel.left_out) + _notes(kernel, examples)
    facts = {"batch_norm": kernel.batch_norm, "examples": len(examples.labels), "options": options}
    if not options.check_steps:
        return Report(rows, notes=notes, **facts)
    ranges, size, failures = _ranges(kernel, examples, options, rows)
    return Report(rows, notes=notes + failures, ranges=ranges, batch_size=size, **facts)


def _rows(kernel, labels, options: Options) -> Iterator[dict]:
    from temperature_check.theory.time_scales import time_scales

    weights = kernel.network.get_weights()
    for beta in options.betas:
        scales = time_scales(kernel, weights, labels, beta)
        row = {name: getattr(scales, name) for name in ("beta", "logit_norm", *TIMES, "curvature")}
        row["largest_stable_rate"] = scales.largest_stable_rate(options.momentum)
        row["largest_linear_rate"] = scales.largest_linear_rate()
        for rate in options.rates:
            steps = {f"{name}_steps": scales.steps(row[name], rate, options.momentum) for name in TIMES}
            yield row | {"learning_rate": rate} | steps
        if not options.rates:
            yield row


def _notes(kernel, examples: Examples) -> list[str]:
    kind = str(kernel.dtype)
    half = [f"computed in {kind}, so numbers are rough"] if kind in ("float16", "bfloat16") else []
    return [line for line in (examples.one_class(), *half) if line]


def _ranges(kernel, examples: Examples, options: Options, rows: pd.DataFrame) -> tuple[list, int, list[str]]:
    """By β, the range of rates; the size of batches; and why ranges are left out."""
    from temperature_check.commands.rate_search import RateSearch

    ranges, size = [], min(options.batch_size, len(examples.labels))
    try:
        search = RateSearch(kernel, examples, options.momentum, options.check_steps, options.batch_size, options.seed)
        for row in with_progress(rows.drop_duplicates("beta").to_dict("records"), "real steps at each β"):
            predicted = [row[name] for name in RATES if math.isfinite(row[name]) and row[name] > 0]
            if predicted:
                ranges.append(search.find(float(row["beta"]), float(min(predicted))))
    except Exception as error:
        if is_out_of_memory(error):
            raise
        return ranges, size, [f"rates are not checked by steps, which fail ({reason(error)})"]
    return ranges, size, []


def _finite(row: dict) -> dict:
    """The row with None for numbers that are not finite."""
    return {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in row.items()}
