"""The table of rungs, by searches whose records are made up, and by the real workflow."""

from __future__ import annotations

import random
from dataclasses import asdict

import numpy as np
import pandas as pd
import pytest

from temperature_check.adaptive.rates import searches
from temperature_check.base.record import Record
from temperature_check.evaluation.rungs import table_of_rungs
from temperature_check.runs.store import Store
from tests.adaptive.test_rates import HALVING, RATES, SEEDS, World, peaked, tuning


def table_after(phase, record, folder, order=lambda runs: runs) -> pd.DataFrame:
    """The table of a phase whose searches are finished, from a store and from its runs in some order."""
    store, keys = Store(folder), {}
    (search,) = searches(phase)
    for number, run in enumerate(search.runs(record)):
        keys[run] = f"{number:012x}"
        store.write(keys[run], record(run))
    rows = [asdict(run) | {"key": key} for run, key in keys.items()]
    return table_of_rungs(phase, pd.DataFrame(order(rows)), store)


def test_an_eliminated_rate_is_said_to_be(tmp_path):
    table = table_after(tuning(HALVING), World(peaked(0.1)).record, tmp_path)
    verdicts = {name: dict(zip(own["scaled_learning_rate"], own["verdict"])) for name, own in table.groupby("rung")}
    kept = {rate for rate, verdict in verdicts["1"].items() if verdict == "kept"}
    assert set(verdicts["1"]) == set(RATES)
    assert {verdict for rate, verdict in verdicts["1"].items() if rate not in kept} == {"eliminated"}
    assert set(verdicts["2"]) == kept < set(RATES)
    assert [rate for rate, verdict in verdicts["final"].items() if verdict == "best"] == [0.1]
    assert set(verdicts["final"].values()) == {"best", "not best"}
    assert table.groupby("rung")[["run_length", "seeds"]].first().T.to_dict("list") == {
        "1": [0.25, 1],
        "2": [0.5, 2],
        "final": [1.0, 4],
    }


def test_scores_and_counts_are_those_of_the_seeds(tmp_path):
    def accuracy(run):
        return {0: 0.15, 1: 0.5, 2: 0.9, 3: 0.9}[run.seed]

    world = World(accuracy, lambda run: {0: 0.1, 1: 0.995, 2: 0.9, 3: 1.0}[run.seed])
    row = table_after(tuning(), world.record, tmp_path).iloc[0]
    assert (row["rung"], row["seeds"], row["begun"], row["fitted"]) == ("final", len(SEEDS), 3, 2)
    assert row["validation_accuracy"] == pytest.approx((0.1 + 0.5 + 0.9 + 0.9) / 4)  # the first one failed


def test_lengths_that_one_seed_gives_up_are_eliminated(tmp_path):
    table = table_after(tuning(lengths=(1, 2, 4)), World(peaked(0.1), lambda run: 0.5).record, tmp_path)
    assert table.groupby("length")["rung"].unique().map(list).to_dict() == {
        1.0: ["final"],
        2.0: ["first seed"],
        4.0: ["final"],
    }
    assert set(table.loc[table["length"] == 2, "verdict"]) == {"eliminated"}


def test_a_length_that_one_seed_fits_is_kept(tmp_path):
    world = World(peaked(0.1), lambda run: 1.0 if run.length >= 2 else 0.5)
    table = table_after(tuning(lengths=(1, 2, 4)), world.record, tmp_path)
    assert set(table.loc[table["rung"] == "first seed", "verdict"]) == {"kept"}
    assert table["length"].max() == 2


def test_the_order_of_runs_does_not_matter(tmp_path):
    phase, world = tuning(HALVING, (1, 2)), World(peaked(0.03), lambda run: 0.5)
    table = table_after(phase, world.record, tmp_path / "one")
    shuffled = table_after(phase, world.record, tmp_path / "two", lambda rows: random.Random(0).sample(rows, len(rows)))
    pd.testing.assert_frame_equal(table, shuffled)


def test_a_norm_that_is_not_reached_has_no_rows_but_the_table_its_columns(tmp_path):
    table = table_after(tuning(HALVING), lambda run: Record({}, {"status": "unreachable"}), tmp_path)
    assert len(table) == 0
    assert {"rung", "verdict"} <= set(table)


@pytest.mark.parametrize("initialization", ["correlated", pytest.param("plain", marks=pytest.mark.long)])
def test_the_workflow_writes_the_same_table_whatever_the_jobs(project, initialization):
    study = project.study()
    task = study["tasks"]["mlp"]
    task["search"] = {"method": "halving", "rungs": [{"length": 0.5, "seeds": 1}], "keep": 0.4}
    task["grid"] |= {"scaled_learning_rate": [0.01, 0.1, 1.0], "tuning_seeds": [0, 1]}
    if initialization == "plain":
        task["initialization"] = "plain"
        del task["grid"]["z0"]
    file, tables = project.root / "results/small/rungs/mlp.csv", []
    for keys in ([], ["beta"]):
        task["shard_by"] = keys
        project.write_study(study)
        made = project.made("results/small/rungs/mlp.csv")
        assert made.jobs["train"] == len(keys) + 1
        tables.append(file.read_bytes())
    assert tables[0] == tables[1]
    table = pd.read_csv(file, dtype={"rung": str})
    assert set(table["beta"]) == {0.1, 1.0}
    assert np.isfinite(table["z0"]).all() == (initialization == "correlated")


def test_only_tasks_with_a_search_have_a_table(project):
    assert "rungs" not in project.planned()
    refused = project.snakemake("-n", "results/small/rungs/mlp.csv")
    assert "'mlp' is no task with a search" in refused.stderr
    study = project.study()
    study["tasks"]["mlp"]["lengths"] = [1, 2]
    project.write_study(study)
    assert project.planned()["rungs"] == 1
