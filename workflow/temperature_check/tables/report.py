"""A report on a finished study in plain sentences, on one page: what was run, found, and not decided."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from temperature_check.base.files import write_text
from temperature_check.claims.effect import CONFIDENCE
from temperature_check.claims.seeds import POWER
from temperature_check.claims.summary import DECIDED, by_task, decisive, is_open, main_verdict, nearest, over_all
from temperature_check.claims.verdict import INCONCLUSIVE, OVERALL
from temperature_check.claims.words import count_text, estimate_text, predicted_text
from temperature_check.evaluation.cells import report_runs
from temperature_check.evaluation.power import MOST
from temperature_check.tables.markup import markdown


class Tables(NamedTuple):
    """What the report is made from: tables of claims, of runs, and of experiments, which may be None."""

    claims: pd.DataFrame
    runs: pd.DataFrame
    events: pd.DataFrame | None = None
    rates: pd.DataFrame | None = None
    mechanism: pd.DataFrame | None = None


def write_report(study: str, titles: Mapping[str, str], tables: Tables, path: Path) -> None:
    """Write the report as Markdown. study: its name. titles: of its tasks, in their order."""
    sections = {
        "What was run": [*_data_sets(tables.runs, titles), "", *_totals(tables)],
        "What was found": [*_found(tables.claims)],
        "What was not decided": [*_undecided(tables.claims)],
        "Not assessable": [*_lacking(tables.claims)],
    }
    parts = [f"## {heading}\n\n" + "\n".join(lines or ["Nothing."]) for heading, lines in sections.items()]
    write_text(path, "\n\n".join([f"# Report on the study {markdown(study)}", _introduction(), *parts]) + "\n")


def _introduction() -> str:
    return (
        f"Networks were trained with CE(softmax(βz)). Intervals are {CONFIDENCE:.0%} over seeds, accuracies in points."
        " docs/claims.md has the claims (C of the paper, N ours) and their rules, claims.md all effects."
    )


def _data_sets(runs: pd.DataFrame, titles: Mapping[str, str]) -> Iterator[str]:
    anew = runs.groupby("task")["data"].transform("nunique") > 1
    for (name, examples, each), own in runs.assign(anew=anew).groupby(["dataset", "train_examples", "anew"]):
        drawn = " drawn by seed" if each else ""
        present = set(own["task"])
        tasks = "; ".join(f"{task} ({_title(task, titles)})" for task in titles if task in present)
        yield (
            f"- {markdown(name)}, {examples:,} training examples{drawn}, β {_span(own['beta'])}, {_norms(own)},"
            f" {_seeds_of(own, 'tune')} tuning and {_seeds_of(own, 'report')} report seeds: {markdown(tasks)}."
        )


def _title(task: str, titles: Mapping[str, str]) -> str:
    """The title of a task, by reference to the longest one that it continues.

    >>> _title("tanh", {"mlp": "MLP, 2 × 100 units", "tanh": "MLP, 2 × 100 units, tanh"})
    'as mlp, tanh'
    """
    begun = [other for other, title in titles.items() if titles[task].startswith(f"{title}, ")]
    known = max(begun, key=lambda other: len(titles[other]), default="")
    return f"as {known}{titles[task].removeprefix(titles[known])}" if known else titles[task]


def _span(values: Iterable[float]) -> str:
    """The least and the largest of some numbers.

    >>> _span([1.0, 0.1, 10.0]), _span([0.1]), _span([])
    ('0.1 to 10', '0.1', 'no')
    """
    ends = [f"{value:g}" for value in sorted(set(values))]
    return " to ".join(dict.fromkeys((ends[0], ends[-1]))) if ends else "no"


def _norms(runs: pd.DataFrame) -> str:
    norms, plain = runs["z0"].dropna(), runs["z0"].isna().any()
    return " or ".join([f"‖Z0‖ {_span(norms)}"] * (len(norms) > 0) + ["plain initialization"] * bool(plain))


def _seeds_of(runs: pd.DataFrame, phase: str) -> str:
    return _span(runs[runs["phase"] == phase].groupby("task")["seed"].nunique())


def _totals(tables: Tables) -> Iterator[str]:
    """How many runs there were, what they took, and what became of them."""
    runs = tables.runs[tables.runs["status"] != "unreachable"]
    trained = runs.drop_duplicates("key")
    yield (
        f"{len(trained):,} different runs of sweeps took {trained['seconds'].sum() / 60:.0f} minutes on"
        f" {_unique(runs, 'hardware')} ({_unique(runs, 'device')}) with {_unique(runs, 'versions')}."
    )
    yield from _experiments(tables)
    yield _failures(trained)
    yield _cells(report_runs(runs), len(tables.runs) - len(runs))


def _unique(runs: pd.DataFrame, column: str) -> str:
    return markdown(", ".join(sorted(runs[column].dropna().astype(str).unique())))


def _experiments(tables: Tables) -> Iterator[str]:
    named = {"runs on early learning": tables.events, "searches for the largest stable rate": tables.rates}
    found = {name: table for name, table in named.items() if table is not None} | _of_mechanism(tables.mechanism)
    found = {name: table for name, table in found.items() if len(table)}
    if found:
        counts = ", ".join(f"{len(table):,} {name}" for name, table in found.items())
        seeds = pd.concat([table.groupby("task")["seed"].nunique() for table in found.values()])
        yield f"Beside them: {counts}, {_span(seeds)} seeds each."


def _of_mechanism(table: pd.DataFrame | None) -> dict[str, pd.DataFrame]:
    """The runs that are not of the sweep, which has those without smoothing."""
    if table is None:
        return {}
    own = table.drop_duplicates("key")
    switched, smoothed = own[own["phase"] == "switch"], own[own["label_smoothing"] > 0]
    return {"runs that switch β, with controls": switched, "runs with smoothed labels": smoothed}


def _failures(trained: pd.DataFrame) -> str:
    phases, failed = trained["phase"], trained["status"] == "failed"
    counts = [f"{(failed & (phases == one)).sum():,} of {(phases == one).sum():,}" for one in ("tune", "report")]
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in trained.loc[failed, "failure"].value_counts().items())
    return f"{counts[0]} tuning and {counts[1]} report runs failed{': ' * bool(kinds)}{kinds}."


def _cells(report: pd.DataFrame, unreachable: int) -> str:
    cells = report.groupby(["task", "beta", "z0"], dropna=False)
    unfit, edges = (~cells["fitted"].all()).sum(), (cells["rate_edge"].first() != "").sum()
    lost = f" No network has the ‖Z0‖ of {unreachable:,} more runs." if unreachable else ""
    return f"{unfit:,} of {cells.ngroups:,} cells have seeds that did not fit, {edges:,} a rate at an edge.{lost}"


def _found(judged: pd.DataFrame) -> Iterator[str]:
    for name, claim in judged.groupby("claim", sort=False):
        if main_verdict(claim):
            yield f"- {name}, *{markdown(claim['statement'].iloc[0])}*: {_verdict(claim)}; {_effect(decisive(claim))}."


def _verdict(claim: pd.DataFrame) -> str:
    """The `main_verdict`, and in how many tasks it is so, unless there is only one."""
    verdict, counts, overall = main_verdict(claim), by_task(claim).value_counts(), over_all(claim)
    if counts.sum() == 1:
        return f"**{verdict}**"
    if overall == verdict:
        return f"**{verdict}** ({_tasks(verdict, counts)})"
    return f"**{verdict} in {_tasks(verdict, counts)}**{f', {overall} over all' * bool(overall)}"


def _tasks(verdict: str, counts: pd.Series) -> str:
    other = next(one for one in DECIDED if one != verdict)
    more = f", {other} in {counts[other]}" if other in counts else ""
    return f"{counts[verdict]} of {counts.sum()} tasks{more}"


def _effect(row: dict) -> str:
    return f"{_named(row)} {estimate_text(row)}, predicted {predicted_text(row)}, {count_text(row)}"


def _named(row: dict) -> str:
    return markdown(f"{row['name']} ({row['task']})")


def _undecided(judged: pd.DataFrame) -> Iterator[str]:
    lines = [f"- {_open(name, claim)}." for name, claim in judged.groupby("claim", sort=False) if is_open(claim)]
    if lines:
        yield f"Seeds are for the sign test at a power of {POWER:.0%}, if an effect is as estimated."
        yield ""
    yield from lines


def _open(name: str, claim: pd.DataFrame) -> str:
    """The effect that comes nearest to being decided, or why none can be."""
    row, needed = nearest(claim) or ({}, np.nan)
    if not np.isnan(needed):
        return f"{name}: {_named(row)} {_seeds(row, needed)}"
    if doubts := {*claim.loc[claim["verdict"] == INCONCLUSIVE, "doubt"].dropna()} - {""}:
        return f"{name}: {markdown('; '.join(sorted(doubts)))}"
    return f"{name}: {f'{_named(row)} needs an unknown number of seeds' if row else 'its effects decide nothing'}"


def _seeds(row: dict, needed: float) -> str:
    wanted = f"more than {MOST:,}" if np.isinf(needed) else f"{needed:.0f}"
    return f"needs {wanted} seeds, has {row['n']:.0f}"


def _lacking(judged: pd.DataFrame) -> Iterator[str]:
    """The claims that no task can assess, each with what it wants."""
    wants = [f"{name} ({_wants(claim)})" for name, claim in judged.groupby("claim", sort=False) if by_task(claim).empty]
    if wants:
        yield f"No task can assess {', '.join(wants)}."


def _wants(claim: pd.DataFrame) -> str:
    """What tasks lack, each once: the verdict over tasks repeats it, unless it is the only one."""
    own = claim[claim["task"] != OVERALL]
    return markdown("; or ".join((own if len(own) else claim)["lacks"].unique()))
