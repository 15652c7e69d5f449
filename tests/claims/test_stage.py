"""The stage that judges: from tables on disk to files for reading."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from temperature_check.base.errors import UserError
from temperature_check.base.tables import read_table, write_table
from temperature_check.claims.judge import OVERALL, judge
from temperature_check.claims.measures import tasks_of
from temperature_check.claims.verdict import VERDICTS
from temperature_check.commands.stages import claims
from temperature_check.study.file import check_study, write_study
from temperature_check.tables.claims import VERSION, nested, write_claims
from tests.claims.test_measures import peaked, sweep

FACTS = {"mlp": (0.5, 3, False)}


@pytest.fixture
def judged() -> pd.DataFrame:
    return judge(tasks_of(FACTS, sweep(peaked(1.0))), {})


def test_every_claim_has_a_verdict_in_every_task_or_over_tasks(judged):
    assert set(judged["verdict"]) <= set(VERDICTS)
    tasks = judged.groupby("claim")["task"].unique().map(set)
    assert tasks["C8"] == {"mlp"}
    assert tasks["C10a"] == {"mlp", OVERALL}
    assert tasks["N1a"] == {OVERALL}
    lacking = judged[judged["verdict"] == "not assessable"]
    assert (lacking["lacks"] != "").all()


def test_json_has_the_verdicts_and_their_effects(judged):
    found = {claim["claim"]: claim for claim in json.loads(json.dumps(nested(judged)))}
    of_mlp, overall = found["C10a"]["verdicts"]
    assert (of_mlp["task"], of_mlp["verdict"], overall["task"]) == ("mlp", "reproduced", OVERALL)
    assert [effect["n"] for effect in of_mlp["effects"]] == [30, 30]
    assert {effect["predicts_outside"] for effect in of_mlp["effects"]} == {False}
    assert {effect["predicts_outside"] for effect in found["C9"]["verdicts"][0]["effects"]} == {True}
    assert overall["effects"] == []


def test_markdown_names_tasks_by_their_titles(judged, tmp_path):
    write_claims(judged, {"mlp": "An MLP | deep"}, tmp_path / "claims")
    text = (tmp_path / "claims.md").read_text()
    assert r"An MLP \| deep" in text
    assert "not assessable" not in text.splitlines()[2]
    assert len(pd.read_csv(tmp_path / "claims.csv")) == len(judged)
    table = read_table(tmp_path / "claims.parquet")
    pd.testing.assert_frame_equal(table.where(table.notna(), np.nan), judged, check_dtype=False)


def test_stage_reads_a_study_and_its_table_of_runs(small_study, tmp_path):
    write_study(check_study(small_study, "study"), tmp_path / "study.yaml")
    write_table(tmp_path / "runs.parquet", sweep(peaked(0.01)))
    claims(tmp_path / "study.yaml", tmp_path / "runs.parquet", tmp_path / "claims")
    written = json.loads((tmp_path / "claims.json").read_text())
    verdicts = {claim["claim"]: claim["verdicts"][0]["verdict"] for claim in written["claims"]}
    assert written["version"] == VERSION
    assert (verdicts["C9b"], verdicts["C1"]) == ("reproduced", "not assessable")


@pytest.mark.parametrize("key", ["depths", "steps"])
def test_a_task_that_is_named_must_exist(small_study, key):
    with pytest.raises(UserError, match=rf"claims.{key} = 'deep': should be one of mlp"):
        check_study(small_study | {"claims": {key: ["deep"]}}, "study")


@pytest.mark.long
def test_claims_are_a_target_of_the_workflow(finished_project):
    made = finished_project.snakemake("results/small/claims.md")
    assert made.returncode == 0, made.stderr
    assert "runs to train" not in made.stderr
    assert "## C1: " in (finished_project.root / "results/small/claims.md").read_text()
