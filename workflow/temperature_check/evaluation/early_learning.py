"""Tables of the experiments on early learning: curves, events and largest stable rates."""

from __future__ import annotations

import numpy as np
import pandas as pd

from temperature_check.adaptive.bisection import stable
from temperature_check.base.errors import UserError
from temperature_check.base.record import HISTORY, Record
from temperature_check.evaluation.levels import FEWEST_STEPS, LEVEL
from temperature_check.runs.columns import RUN, START
from temperature_check.runs.store import Store
from temperature_check.theory.events import departure, distance, first_time

TWINS = {"curves_exact": "curves_linearized", "departure": "departure_linearized"}
"""By phase, the phase of the linearized networks that its runs are compared with."""

RUN_TYPES = dict.fromkeys(RUN, float) | {"task": object, "phase": object, "seed": int}
ABOUT_TYPES = RUN_TYPES | {"status": object, "examples": int, "effective_learning_rate": float}
CURVE_TYPES = ABOUT_TYPES | dict.fromkeys((*HISTORY, "moved", "kernel_change", "departure"), float)
EVENTS = ("learning", "kernel", "departure")
EVENT_NUMBERS = ("z0_measured", *(f"{event}_time" for event in EVENTS), "last_step", "first_loss", "last_loss")
FEW_STEPS = tuple(f"{event}_few_steps" for event in EVENTS)
EVENT_TYPES = ABOUT_TYPES | dict.fromkeys(EVENT_NUMBERS, float) | dict.fromkeys(FEW_STEPS, bool)
BRACKET = ("largest_stable", "smallest_unstable", "steps", "examples")
BRACKET_TYPES = {name: RUN_TYPES[name] for name in START} | dict.fromkeys(BRACKET, float)


def early_tables(
    runs: pd.DataFrame, scales: list[pd.DataFrame], store: Store
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """The tables of curves, events and largest stable rates, with what the start of the runs predicts of them.

    runs: with their keys. scales: time scales at the starts, by `training.starts`. Raises UserError if no run of an
    experiment reached its ‖Z0‖.
    """
    records = {key: store.read(key) for key in runs["key"]}
    _refuse_unreached(runs, records)
    start, searched = pd.concat(scales, ignore_index=True), runs["phase"] == "largest_rate"
    curves = curves_of(runs[~searched], records).merge(start[[*START, "noise"]], how="left", on=[*START])
    events = _with_predictions(_with_rounding(events_of(curves), start), start)
    curves = _with_rounding(curves, start)
    rates = _with_limits(brackets_of(runs[searched], records), start, events)
    # A shifted network may have a ‖Z0‖ that correlated copies do not reach, so that it has no row in `start`.
    names = start.groupby("task")["dataset"].first()
    return tuple(table.assign(dataset=table["task"].map(names).astype(object)) for table in (curves, events, rates))


def curves_of(runs: pd.DataFrame, records: dict[str, Record]) -> pd.DataFrame:
    """One row per recorded step of each run that has a network. runs: with their keys. records: by key.

    moved: ‖Z - Z0‖ per example, Z = βz. departure: from the run's linearized twin, NaN if it has none.
    kernel_change: relative, NaN if it was not measured. effective_learning_rate: η̃ = ηβ².
    """
    found = {tuple(row[name] for name in RUN): records[row["key"]] for row in runs.to_dict("records")}
    curves = [_curve(run, record, found.get(_twin(run))) for run, record in found.items() if record.arrays]
    return _typed(pd.concat(curves, ignore_index=True) if curves else pd.DataFrame(), CURVE_TYPES)


def events_of(curves: pd.DataFrame) -> pd.DataFrame:
    """One row per run. Times are in steps, infinite if never reached (censored), NaN if not measured.

    learning_time: τ_z, the first time with ‖Z - Z0‖ ≥ ‖Z0‖. kernel_time and departure_time: τ_nl, the first time with a
    relative change of the kernel, or departure from the linearized twin, of 10%. learning_few_steps, kernel_few_steps
    and departure_few_steps: whether the event came in fewer than FEWEST_STEPS. last_step: of the record.
    """
    return _typed(pd.DataFrame([_events(curve) for _, curve in curves.groupby([*RUN], sort=False)]), EVENT_TYPES)


def brackets_of(runs: pd.DataFrame, records: dict[str, Record]) -> pd.DataFrame:
    """The largest stable and the smallest unstable ηβ, NaN if there was none, with one row per search (β, seed)."""
    measures = {"stable": stable, "steps": _steps, "examples": _examples}
    found = {name: [measure(records[key]) for key in runs["key"]] for name, measure in measures.items()}
    cells = runs.assign(**found).groupby([*START])
    return _typed(pd.DataFrame([dict(zip(START, cell)) | _bracket(group) for cell, group in cells]), BRACKET_TYPES)


def _typed(table: pd.DataFrame, types: dict[str, type]) -> pd.DataFrame:
    """The table with the columns of `types`, which have the same types if there are no rows."""
    return table.reindex(columns=[*types]).astype(types)


def _refuse_unreached(runs: pd.DataFrame, records: dict[str, Record]) -> None:
    for (task, phase), group in runs.groupby(["task", "phase"]):
        if not any(records[key].arrays for key in group["key"]):
            norms = ", ".join(f"{z0:g}" for z0 in sorted(group["z0"].unique()))
            raise UserError(
                f"tasks.{task}.early_learning: no network of {phase} has ‖Z0‖ = {norms} at any β, within 1% in single"
                " precision; take a larger one if it is tiny, a smaller one if it is above β"
            )


def _with_rounding(runs: pd.DataFrame, start: pd.DataFrame) -> pd.DataFrame:
    """Add `updates_rounded`: whether ηβ is so small that float32 loses too much of the first update, equation (20).

    It is false if correlated copies do not reach the ‖Z0‖ of the run, because the smallest ηβ is not known there.
    """
    joined = runs.merge(start[[*START, "smallest_rate"]], how="left", on=[*START])
    return joined.assign(updates_rounded=joined["scaled_learning_rate"] < joined.pop("smallest_rate"))


def _with_predictions(events: pd.DataFrame, start: pd.DataFrame) -> pd.DataFrame:
    """Add the times that the start predicts: τ_z, equation (9), and τ_nl, equation (10), of independent copies."""
    pair = ["task", "beta", "seed"]
    independent = start.loc[start["z0"].isna(), [*pair, "nonlinear"]]
    joined = events.merge(start[[*START, "learning"]], how="left", on=[*START]).merge(independent, how="left", on=pair)
    learning, nonlinear = (joined.pop(name) / joined["effective_learning_rate"] for name in ("learning", "nonlinear"))
    return joined.assign(predicted_learning_time=learning, predicted_nonlinear_time=nonlinear)


def _with_limits(brackets: pd.DataFrame, start: pd.DataFrame, events: pd.DataFrame) -> pd.DataFrame:
    """Add `linear_limit`, ηβ at the limit of linear stability, equation (12), and `nonlinear_limit`, ηβ = c, (13)."""
    joined = brackets.merge(start[[*START, "curvature"]], how="left", on=[*START])
    constants = {task: _nonlinear_constant(own) for task, own in events.groupby("task")}
    linear = 2 / (joined["beta"] * joined.pop("curvature"))
    return joined.assign(linear_limit=linear, nonlinear_limit=joined["task"].map(constants).astype(float))


def _nonlinear_constant(events: pd.DataFrame) -> float:
    """c = η̃τ_nl/β, the median over runs at the smallest ηβ of ηβ times the steps until the kernel changed by 10%."""
    measured = events[events["kernel_time"].notna()]
    slowest = measured[measured["scaled_learning_rate"] == measured["scaled_learning_rate"].min()]
    return (slowest["scaled_learning_rate"] * slowest["kernel_time"]).median()


def _twin(run: tuple) -> tuple:
    return (run[0], TWINS.get(run[1]), *run[2:])


def _curve(run: tuple, record: Record, twin: Record | None) -> pd.DataFrame:
    arrays, beta = record.arrays, run[RUN.index("beta")]
    table = pd.DataFrame({name: arrays[f"history_{name}"] for name in HISTORY})
    scaled = beta * arrays["history_logits"].astype(np.float64)
    measured = {
        "moved": distance(scaled, scaled[0]),
        "kernel_change": arrays.get("history_kernel_change", ()),
        "departure": _departure(scaled, beta, twin) if twin else (),
    }
    columns = {name: pd.Series(values, dtype=float) for name, values in measured.items()}
    values = dict(zip(RUN, run)) | {"effective_learning_rate": beta * run[RUN.index("scaled_learning_rate")]}
    return table.assign(**columns, **values, examples=scaled.shape[1], status=record.facts["status"])


def _departure(scaled: np.ndarray, beta: float, twin: Record) -> np.ndarray:
    linearized = beta * twin.arrays["history_logits"].astype(np.float64)
    points = min(len(scaled), len(linearized))
    return departure(scaled[:points], linearized[:points])


def _events(curve: pd.DataFrame) -> dict:
    first, steps = curve.iloc[0], curve["step"]
    times = {
        "learning": first_time(steps, curve["moved"], first["logit_norm"]),
        "kernel": _time_if_measured(steps, curve["kernel_change"]),
        "departure": _time_if_measured(steps, curve["departure"]),
    }
    return {
        **first[[*RUN, "effective_learning_rate", "examples", "status"]].to_dict(),
        "z0_measured": first["logit_norm"],
        **{f"{event}_time": time for event, time in times.items()},
        **{f"{event}_few_steps": time < FEWEST_STEPS for event, time in times.items()},
        "last_step": steps.iloc[-1],
        "first_loss": first["loss"],
        "last_loss": curve["loss"].iloc[-1],
    }


def _time_if_measured(steps: pd.Series, values: pd.Series) -> float:
    return first_time(steps, values, LEVEL) if values.notna().any() else np.nan


def _steps(record: Record) -> float:
    return record.arrays["history_step"][-1] if record.arrays else np.nan


def _examples(record: Record) -> float:
    return record.arrays["history_logits"].shape[1] if record.arrays else np.nan


def _bracket(group: pd.DataFrame) -> dict:
    """The bounds, NaN if no run was stable or unstable. steps, examples: of the runs."""
    rates, stable = group["scaled_learning_rate"], group["stable"]
    bounds = {"largest_stable": rates[stable].max(), "smallest_unstable": rates[~stable].min()}
    return bounds | {"steps": group["steps"].max(), "examples": group["examples"].max()}
