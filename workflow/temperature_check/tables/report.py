"""A report on a finished study in plain sentences: what was run, found, and not decided."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from temperature_check.base.files import write_text
from temperature_check.claims.effect import CONFIDENCE
from temperature_check.claims.seeds import POWER, seeds_to_decide, undecided
from temperature_check.claims.verdict import INCONCLUSIVE, NOT_ASSESSABLE, NOT_REPRODUCED, OVERALL, REPRODUCED
from temperature_check.claims.words import count_text, estimate_text, p_text, predicted_text
from temperature_check.evaluation.cells import report_runs
from temperature_check.evaluation.power import MOST
from temperature_check.tables.markup import markdown

EXPERIMENT = ["task", "phase", "beta", "z0", "scaled_learning_rate", "seed"]
"""What a run of the experiments differs in from all others."""


class Tables(NamedTuple):
    """What the report is made from: tables of claims, of runs, and of experiments, which may be None."""

    claims: pd.DataFrame
    runs: pd.DataFrame
    events: pd.DataFrame | None = None
    rates: pd.DataFrame | None = None


def write_report(study: str, titles: Mapping[str, str], tables: Tables, path: Path) -> None:
    """Write the report as Markdown. study: its name. titles: of its tasks, in their order."""
    sections = {
        "What was run": [*_tasks(tables, titles), "", *_totals(tables)],
        "What was found": [*_found(tables.claims, titles)],
        "What was not decided": [*_undecided(tables.claims, titles)],
        "Not assessable": [*_lacking(tables.claims, titles)],
    }
    parts = [f"## {heading}\n\n" + "\n".join(lines or ["Nothing."]) for heading, lines in sections.items()]
    write_text(path, "\n\n".join([f"# Report on the study {markdown(study)}", _introduction(), *parts]) + "\n")


def _introduction() -> str:
    return (
        "Networks were trained with the loss CE(softmax(βz)). Verdicts follow the rules of docs/claims.md, which has"
        f" their dates. Numbers are estimates with {CONFIDENCE:.0%} intervals over seeds, accuracies in"
        " points. claims.md has all effects, and fig\\_claims shows them."
    )


def _tasks(tables: Tables, titles: Mapping[str, str]) -> Iterator[str]:
    for task, title in titles.items():
        own = tables.runs[tables.runs["task"] == task]
        if len(own):
            facts = [_data(own), f"β {_values(own['beta'])}", _norms(own), *_phases(own), *_experiments(tables, task)]
            yield f"- {markdown(title)}: {'; '.join(facts)}."


def _data(own: pd.DataFrame) -> str:
    anew = ", drawn anew for each seed" if own["data"].nunique() > 1 else ""
    return f"{markdown(own['dataset'].iloc[0])}, {own['train_examples'].iloc[0]:,} training examples{anew}"


def _values(column: pd.Series) -> str:
    """The values of a grid in few words.

    >>> _values(pd.Series([1.0, 0.1, 1.0])), _values(pd.Series([0.1]))
    ('0.1, 1', '0.1')
    """
    values = [f"{value:g}" for value in sorted(column.dropna().unique())]
    return ", ".join(values) if len(values) <= 3 else f"from {values[0]} to {values[-1]} ({len(values)} values)"


def _norms(own: pd.DataFrame) -> str:
    return f"‖Z0‖ {_values(own['z0'])}" if own["z0"].notna().any() else "plain initialization"


def _phases(own: pd.DataFrame) -> Iterator[str]:
    for phase, name in {"tune": "tuning", "report": "report"}.items():
        runs = own[own["phase"] == phase]
        if len(runs):
            yield f"{len(runs):,} {name} runs of {_count(runs['seed'].nunique(), 'seed')}"


def _count(number: int, unit: str) -> str:
    return f"{number:,} {unit}{'' if number == 1 else 's'}"


def _experiments(tables: Tables, task: str) -> Iterator[str]:
    names = {"events": "runs of experiments on early learning", "rates": "searches for the largest stable rate"}
    for table, name in names.items():
        found = getattr(tables, table)
        own = None if found is None else found[found["task"] == task]
        if own is not None and len(own):
            yield f"{len(own):,} {name}, {_count(own['seed'].nunique(), 'seed')}"


def _totals(tables: Tables) -> Iterator[str]:
    """How many runs there were, what became of them, and what they took."""
    runs = tables.runs
    trained = runs[runs["status"] != "unreachable"].drop_duplicates("key")
    yield (
        f"The sweeps have {len(trained):,} different runs, which took {trained['seconds'].sum() / 60:.0f} minutes one"
        f" after another on {_unique(runs, 'hardware')}, {_unique(runs, 'device')}, with {_unique(runs, 'backend')}"
        f" ({_unique(runs, 'versions')})."
    )
    if lost := int((runs["status"] == "unreachable").sum()):
        yield f"Another {lost:,} were not trained, because no network has their ‖Z0‖."
    for phase, name in {"tune": "tuning", "report": "report"}.items():
        yield _failures(runs[(runs["phase"] == phase) & (runs["status"] != "unreachable")], name)
    yield _cells(report_runs(runs))


def _unique(runs: pd.DataFrame, column: str) -> str:
    return markdown(", ".join(sorted(runs[column].dropna().astype(str).unique())))


def _failures(runs: pd.DataFrame, phase: str) -> str:
    failed = runs.loc[runs["status"] == "failed", "failure"].value_counts()
    if failed.empty:
        return f"None of the {len(runs):,} {phase} runs failed."
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in failed.items())
    return f"Of the {len(runs):,} {phase} runs {failed.sum():,} failed, which count as they are: {kinds}."


def _cells(report: pd.DataFrame) -> str:
    cells = report.groupby(["task", "beta", "z0"], dropna=False)
    unfit, edges = (~cells["fitted"].all()).sum(), (cells["rate_edge"].first() != "").sum()
    return (
        f"Of {_count(cells.ngroups, 'cell')} of report runs, {unfit:,} with a seed that did not fit the training data"
        f" and {edges:,} with a learning rate at an edge of those tried."
    )


def _found(judged: pd.DataFrame, titles: Mapping[str, str]) -> Iterator[str]:
    for _, own in judged.groupby("claim", sort=False):
        decided = own[own["verdict"].isin([REPRODUCED, NOT_REPRODUCED])]
        if len(decided):
            yield _heading(own.iloc[0])
            for task, rows in decided.groupby("task", sort=False):
                yield f"  - {_where(task, titles)}: **{rows.iloc[0]['verdict']}**, {_reason(rows)}."


def _heading(claim: pd.Series) -> str:
    made = claim["source"] or "ours"
    return f"- {claim['claim']} ({made}), *{markdown(claim['statement'])}*"


def _where(task: str, titles: Mapping[str, str]) -> str:
    return markdown("; ".join(titles.get(name, name) for name in task.split(", ")))


def _reason(rows: pd.DataFrame) -> str:
    """The effect that decides a verdict: the least clear one if all have to be inside, else the clearest."""
    first = rows.iloc[0]
    if not isinstance(first["name"], str):
        return p_text(first)
    decides = rows["inside"].idxmax() if first["verdict"] == REPRODUCED else rows["outside"].idxmin()
    more = f", as one of {len(rows)} effects" if len(rows) > 1 else ""
    return f"{_effect(rows.loc[decides].to_dict())}{more}"


def _effect(row: dict) -> str:
    return f"{markdown(row['name'])}: {estimate_text(row)}, predicted {predicted_text(row)}, n = {count_text(row)}"


def _undecided(judged: pd.DataFrame, titles: Mapping[str, str]) -> Iterator[str]:
    open_ones = judged[judged["verdict"] == INCONCLUSIVE]
    if len(open_ones):
        yield (
            f"Seeds are those with which the sign test decides an effect with a probability of {POWER:.0%}, if it and"
            " its spread are as estimated."
        )
        yield ""
    for (claim, task), rows in open_ones.groupby(["claim", "task"], sort=False):
        if task == OVERALL:
            yield f"- {claim}, {task}: {p_text(rows.iloc[0])}."
            continue
        reasons = [reason for row in rows.to_dict("records") if (reason := _why(row, len(rows)))]
        yield f"- {claim}, {_where(task, titles)}: {'; '.join(reasons) or 'its effects together decide nothing'}."


def _why(row: dict, effects: int) -> str:
    if row["doubt"]:
        return f"{_effect(row)} (decides nothing: {markdown(row['doubt'])})"
    return f"{_effect(row)} ({_seeds(seeds_to_decide(row, effects))})" if undecided(row, effects) else ""


def _seeds(needed: float) -> str:
    if np.isnan(needed):
        return "how many seeds would decide it is not known"
    return f"more than {MOST:,} seeds would be needed" if np.isinf(needed) else f"{needed:.0f} seeds would decide it"


def _lacking(judged: pd.DataFrame, titles: Mapping[str, str]) -> Iterator[str]:
    """For each claim, what the study lacks and in how many tasks; claims that compare tasks have no such number."""
    for claim, own in judged[judged["verdict"] == NOT_ASSESSABLE].groupby("claim", sort=False):
        tasks = own[own["task"].isin(titles)].groupby("lacks", sort=False)["task"].nunique()
        wants = [f"{lacks} ({_count(count, 'task')})" for lacks, count in tasks.items()] or own["lacks"]
        yield f"- {claim}, for want of {markdown('; '.join(wants))}."
