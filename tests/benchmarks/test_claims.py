"""The simulation of studies of known truth: docs/claims.md has its table, from many more of them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from benchmarks import claims
from benchmarks.claims import SIMULATIONS, judged, shares, simulate
from temperature_check.claims.catalogue import CLAIMS
from temperature_check.claims.verdict import NOT_REPRODUCED, REPRODUCED, Verdict

MOST_WRONG = 6
"""Percent, at the margin."""


def found(claim: str, world: str, studies: int) -> list[str]:
    return [judged(claim, world, "decide", number).verdict for number in range(studies)]


def test_every_claim_is_simulated():
    assert {claim.identifier for claim in CLAIMS} == {name.split(",")[0] for name in SIMULATIONS}


@pytest.mark.parametrize("claim", [claim.identifier for claim in CLAIMS])
def test_claimed_effects_are_reproduced_and_opposite_ones_are_not(claim):
    claimed, opposite = (found(claim, world, 5) for world in ("claimed", "opposite"))
    assert REPRODUCED in claimed
    assert NOT_REPRODUCED in opposite
    assert NOT_REPRODUCED not in claimed
    assert REPRODUCED not in opposite


@pytest.mark.parametrize("claim", SIMULATIONS)
def test_all_worlds_are_judged(claim):
    for world, seeds in claims.plan(claim, 1, 1):
        judged(claim, world, seeds, 0)


@pytest.mark.parametrize(
    ("claim", "world", "effect", "end"),
    [
        ("C2", "margin", 0, 1.25),
        ("C5", "margin", 0, -5 / 6),
        ("C7", "margin", 0, -2),
        ("C13", "margin", 1, 0),
        ("N1b", "margin 2", 1, -0.75),
        ("N2", "margin", 0, 0),
    ],
)
def test_effects_at_the_margin_are_at_the_end_of_a_region(claim, world, effect, end):
    values = [judged(claim, world, "decide", number).effects[effect].value for number in range(30)]
    assert abs(np.mean(values) - end) < 4 * np.std(values) / np.sqrt(30)


def careless(judge):
    """A rule that asks on which side an estimate is, and not how sure that is."""

    def verdict(task) -> Verdict:
        effects = judge(task).effects
        inside = all(one.region[0] < one.value < one.region[1] for one in effects)
        return Verdict(0.0 if inside else 1.0, 1.0, effects)

    return verdict


def test_a_rule_that_is_wrong_too_often_would_be_seen(monkeypatch, tmp_path):
    monkeypatch.setattr(claims, "_no_interval", lambda values, confidence: (np.median(values), np.nan, np.nan))
    wrong = shares(simulate("C5", "margin", "decide", 100, tmp_path / "ours"))[REPRODUCED]
    rule = claims.JUDGES["C5"]
    monkeypatch.setitem(claims.JUDGES, "C5", rule._replace(judge=careless(rule.judge)))
    assert wrong <= MOST_WRONG < shares(simulate("C5", "margin", "decide", 100, tmp_path / "careless"))[REPRODUCED]


def test_a_simulation_is_gone_on_with(tmp_path):
    simulate("C5", "margin", "decide", 2, tmp_path / "resumed")
    resumed, whole = (simulate("C5", "margin", "decide", 4, tmp_path / name) for name in ("resumed", "whole"))
    pd.testing.assert_frame_equal(resumed, whole)
    assert [*whole["supported"]] == [judged("C5", "margin", "decide", number).supported for number in range(4)]
