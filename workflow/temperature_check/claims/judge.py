"""The verdicts on all claims of a finished study, as one table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import pandas as pd

from temperature_check.claims.catalogue import CLAIMS, Claim
from temperature_check.claims.effect import Effect
from temperature_check.claims.measures import TaskData
from temperature_check.claims.verdict import OVERALL, Verdict, over_tasks

OF_CLAIM = ("claim", "statement", "source", "fails", "figure")
OF_VERDICT = ("task", "verdict", "supported", "contradicted", "lacks")
COLUMNS = (*OF_CLAIM, *OF_VERDICT, *(name for name in Effect._fields if name != "region"), "region_low", "region_high")


def judge(tasks: Mapping[str, TaskData], named: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """One row per claim, task and effect, and one per verdict without effects.

    tasks: by name, in the order of the rows. named: by claim, the tasks that the study compares for it.
    Columns: COLUMNS. Of claims that speak of several tasks there is one more row, of OVERALL.
    """
    rows = [row for claim in CLAIMS for row in _rows(claim, tasks, named.get(claim.identifier, ()))]
    return pd.DataFrame(rows, columns=[*COLUMNS])


def _rows(claim: Claim, tasks: Mapping[str, TaskData], named: Sequence[str]) -> Iterator[dict]:
    about = dict(zip(OF_CLAIM, (claim.identifier, claim.statement, claim.source, claim.fails, claim.figure)))
    for task, verdict in _verdicts(claim, tasks, named):
        facts = (task, verdict.verdict, verdict.supported, verdict.contradicted, verdict.lacks)
        for effect in verdict.effects or ({},):
            yield about | dict(zip(OF_VERDICT, facts)) | _of_effect(effect)


def _verdicts(claim: Claim, tasks: Mapping[str, TaskData], named: Sequence[str]) -> Iterator[tuple[str, Verdict]]:
    if claim.named:
        yield ", ".join(named) or OVERALL, claim.judge({name: tasks[name] for name in named})
        return
    verdicts = {name: claim.judge(task) for name, task in tasks.items()}
    yield from verdicts.items()
    if claim.scope != "each":
        yield OVERALL, over_tasks(list(verdicts.values()), claim.scope)


def _of_effect(effect: Effect | dict) -> dict:
    if not effect:
        return {}
    low, high = effect.region
    return {"region_low": low, "region_high": high} | {k: v for k, v in effect._asdict().items() if k != "region"}
