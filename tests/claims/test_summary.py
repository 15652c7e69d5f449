"""What is told of a claim in several tasks."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from temperature_check.claims.effect import around, of_seeds
from temperature_check.claims.judge import COLUMNS
from temperature_check.claims.summary import by_task, decisive, is_open, main_verdict, nearest
from temperature_check.claims.verdict import INCONCLUSIVE, NOT_ASSESSABLE, NOT_REPRODUCED, OVERALL, REPRODUCED

ABOVE = (0, math.inf)


def claim(*rows: tuple) -> pd.DataFrame:
    """Rows of a claim: task, verdict, and an effect or none."""
    found = []
    for task, verdict, effect in rows:
        row = {"task": task, "verdict": verdict}
        if effect:
            low, high = effect.region
            row |= effect._asdict() | {"region_low": low, "region_high": high}
        found.append(row)
    return pd.DataFrame(found, columns=[*COLUMNS])


def effect(name: str, value: float, seeds: int = 20, doubt: str = "", region=ABOVE, beyond: bool = False):
    values = [value + (-1) ** seed * 0.01 * seed for seed in range(seeds)]
    return of_seeds(name, values, region, doubt)._replace(predicts_outside=beyond)


@pytest.mark.parametrize(
    ("verdicts", "told"),
    [
        ((REPRODUCED, REPRODUCED, NOT_REPRODUCED), REPRODUCED),
        ((REPRODUCED, NOT_REPRODUCED, NOT_ASSESSABLE), NOT_REPRODUCED),
        ((INCONCLUSIVE, REPRODUCED), REPRODUCED),
        ((INCONCLUSIVE, NOT_ASSESSABLE), ""),
    ],
)
def test_most_tasks_tell_a_claim_without_a_verdict_over_tasks(verdicts, told):
    assert main_verdict(claim(*((f"{n}", one, None) for n, one in enumerate(verdicts)))) == told


def test_the_verdict_over_tasks_comes_first():
    rows = [("a", REPRODUCED, None), ("b", REPRODUCED, None), ("c", NOT_REPRODUCED, None)]
    assert main_verdict(claim(*rows, (OVERALL, NOT_REPRODUCED, None))) == NOT_REPRODUCED
    assert len(by_task(claim(*rows, (OVERALL, NOT_REPRODUCED, None)))) == 3


def test_a_decided_verdict_over_tasks_closes_a_claim():
    rows = [("a", INCONCLUSIVE, None), ("b", NOT_REPRODUCED, None)]
    assert is_open(claim(*rows))
    assert is_open(claim(*rows, (OVERALL, INCONCLUSIVE, None)))
    assert not is_open(claim(*rows, (OVERALL, NOT_REPRODUCED, None)))


def test_the_least_clear_effect_tells_what_is_reproduced():
    clear, less = effect("clear", 1.0), effect("less", 0.12)
    assert decisive(claim(("a", REPRODUCED, clear), ("b", REPRODUCED, less)))["name"] == "less"


def test_the_clearest_effect_without_a_doubt_tells_what_is_not():
    doubtful, clear, less = effect("doubtful", -3, doubt="unfit"), effect("clear", -1), effect("less", -0.08)
    rows = [("a", NOT_REPRODUCED, one) for one in (doubtful, less, clear)]
    assert decisive(claim(*rows))["name"] == "clear"


def test_what_should_be_outside_tells_by_being_outside():
    small = effect("small", 0.0, region=around(0, 1), beyond=True)
    large = effect("large", 3.0, region=around(0, 1), beyond=True)
    assert decisive(claim(("a", REPRODUCED, small), ("a", REPRODUCED, large)))["name"] == "large"
    assert decisive(claim(("a", NOT_REPRODUCED, large), ("a", NOT_REPRODUCED, small)))["name"] == "small"


def test_the_effect_that_fewest_seeds_would_decide_is_nearest():
    near, far = effect("near", 0.04, seeds=12), effect("far", 0.005, seeds=12)
    decided, doubtful = effect("decided", 1.0), effect("doubtful", 0.04, seeds=12, doubt="unfit")
    rows = [("a", INCONCLUSIVE, one) for one in (decided, doubtful, far)]
    row, seeds = nearest(claim(*rows, ("b", INCONCLUSIVE, near)))
    assert row["name"] == "near"
    assert seeds > 12
    assert nearest(claim(("a", INCONCLUSIVE, doubtful))) is None
