"""The search of learning rates and lengths, on made-up worlds in which every run's outcome is known."""

from __future__ import annotations

import copy
import itertools
from collections import Counter

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from temperature_check.adaptive.rates import Judge, Outcome, beyond, next_beyond, searches, survivors
from temperature_check.adaptive.search import NotTrained, known_runs
from temperature_check.base.errors import UserError
from temperature_check.base.record import Record
from temperature_check.commands.planned import stored_part
from temperature_check.evaluation.rates import choose_rates
from temperature_check.runs.run import Run
from temperature_check.runs.store import Store
from temperature_check.study.file import check_study
from tests.builders import new_trainer
from tests.conftest import SMALL_STUDY

RATES = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0]
SEEDS = [0, 1, 2, 3]
HALVING = {"method": "halving", "rungs": [{"length": 0.25, "seeds": 1}, {"length": 0.5, "seeds": 2}]}


def tuning(search=None, lengths=(1,), rates=RATES):
    """The tuning phase of a task with one cell."""
    study = copy.deepcopy(SMALL_STUDY)
    grid = {"beta": [1.0], "scaled_learning_rate": rates, "tuning_seeds": SEEDS}
    study["tasks"]["mlp"]["grid"] |= grid
    study["tasks"]["mlp"] |= {"lengths": list(lengths)} | ({"search": search} if search else {})
    return check_study(study, "study").phase("mlp", "tune")


class World:
    """Records of runs that are never trained. accuracy, train_accuracy: functions of a run."""

    def __init__(self, accuracy, train_accuracy=lambda run: 1.0):
        self.accuracy, self.train_accuracy, self.trained = accuracy, train_accuracy, []

    def record(self, run: Run) -> Record:
        """The record of a run."""
        self.trained.append(run)
        fitted = np.array([self.train_accuracy(run)])
        arrays = {"history_accuracy": np.array([0.1]), "epoch_accuracy": fitted}
        return Record(arrays, {"status": "finished", "validation_accuracy": self.accuracy(run)})


def peaked(best: float):
    """Accuracy with its maximum at one rate, the same at every length and seed."""
    return lambda run: 0.95 - 0.1 * abs(np.log10(run.scaled_learning_rate / best))


def runs_in(phase, world: World) -> list[Run]:
    (search,) = searches(phase)
    runs = list(search.runs(world.record))
    assert len(set(runs)) == len(runs) <= len(search.most)
    assert not Counter(run.length for run in runs) - Counter(search.most)
    return runs


def chosen_by(phase, world: World, runs: list[Run]):
    """What `select` chooses from the table of these runs."""
    rows = [
        {"task": run.task, "beta": run.beta, "z0": run.z0, "scaled_learning_rate": run.scaled_learning_rate}
        | {"seed": run.seed, "length": run.length, "status": "ok", "classes": 10}
        | {"validation_accuracy": world.accuracy(run), "fitted": world.train_accuracy(run) >= 0.99}
        for run in runs
    ]
    return choose_rates(pd.DataFrame(rows), len(SEEDS), phase.task.lengths)


@given(best=st.sampled_from(RATES))
def test_halving_finds_the_best_rate_with_fewer_epochs(best):
    phase, world = tuning(HALVING), World(peaked(best))
    runs = runs_in(phase, world)
    assert chosen_by(phase, world, runs)[-1].scaled_learning_rate == best
    assert sum(run.length for run in runs) < 0.75 * len(RATES) * len(SEEDS)


def test_a_rung_keeps_the_best_and_their_lower_neighbours():
    found = {rate: [Outcome(score, True, False)] for rate, score in zip(RATES, (0, 0, 0, 0.5, 0.9, 0.8, 0.4, 0.1))}
    assert survivors(found, 0.25) == [0.03, 0.1, 0.3]
    assert survivors(found, 0.01) == [0.03, 0.1]


def test_no_rate_is_eliminated_before_a_run_has_left_the_plateau():
    found = {rate: [Outcome(0.1 + rate / 100, False, False)] for rate in RATES}
    assert survivors(found, 0.25) == RATES


def test_ties_in_a_rung_go_to_smaller_rates():
    assert survivors({rate: [Outcome(0.5, True, False)] for rate in RATES}, 0.25) == RATES[:2]


def test_a_lower_rate_is_tried_in_full_if_the_lowest_final_one_is_best():
    """In short runs larger rates look better than they are."""
    world = World(lambda run: peaked(0.003 if run.length == 1 else 0.3)(run))
    phase = tuning(HALVING)
    assert chosen_by(phase, world, runs_in(phase, world))[-1].scaled_learning_rate == 0.003


def test_the_next_rates_are_tried_if_the_best_is_at_an_end_of_the_grid():
    phase, world = tuning({"method": "grid", "bounds": [1e-3, 40]}), World(peaked(100.0))
    runs = runs_in(phase, world)
    assert sorted({run.scaled_learning_rate for run in runs})[-2:] == [9.0, 27.0]
    (rate,) = chosen_by(phase, world, runs)
    assert (rate.scaled_learning_rate, rate.edge) == (27.0, "highest")
    low = World(peaked(1e-9))
    assert min(run.scaled_learning_rate for run in runs_in(phase, low)) == 1e-3


def test_a_cell_is_lengthened_until_all_seeds_fit():
    def fitted(run):
        return 1.0 if run.length >= (8 if run.seed == 3 else 2) else 0.5

    phase, world = tuning(lengths=(1, 2, 4, 8, 16)), World(peaked(0.1), fitted)
    runs = runs_in(phase, world)
    assert sorted({run.length for run in runs}) == [1, 2, 4, 8]
    assert [(rate.length, rate.fitted) for rate in chosen_by(phase, world, runs)] == [(1.0, False), (8.0, True)]


def test_lengths_between_are_given_up_after_one_seed_if_no_rate_fits():
    phase, world = tuning(lengths=(1, 2, 4)), World(peaked(0.1), lambda run: 0.5)
    counts = pd.Series([run.length for run in runs_in(phase, world)]).value_counts().to_dict()
    assert counts == {1.0: 32, 2.0: 8, 4.0: 32}
    rates = chosen_by(phase, world, runs_in(phase, world))
    assert [(rate.length, rate.fitted) for rate in rates] == [(1.0, False), (4.0, False)]


def test_runs_that_two_rungs_share_are_listed_once():
    phase, world = tuning(HALVING, (1, 2)), World(peaked(0.1), lambda run: 0.5)
    assert len(world.trained) == 0
    runs = runs_in(phase, world)
    assert len(world.trained) == len(runs)


def test_a_search_resumes_where_its_records_end():
    phase, world = tuning(HALVING, (1, 2)), World(peaked(0.1), lambda run: 0.5)
    whole = runs_in(phase, world)
    for stop in (0, 1, 9, len(whole) - 1):
        stored = set(whole[:stop])

        def record(run, stored=stored):
            if run not in stored:
                raise NotTrained(run)
            return world.record(run)

        assert known_runs(searches(phase)[0], record) == (whole[:stop], False)


def test_a_plan_reads_no_more_of_a_record_than_its_search_looks_at(tmp_path):
    phase, world = tuning(HALVING, (1, 2)), World(peaked(0.1), lambda run: 0.5)
    (search,), trainer = searches(phase), new_trainer(phase, Store(tmp_path))
    whole = runs_in(phase, world)
    for run in whole:
        record = world.record(run)
        trainer.store.write(trainer.key(run), Record(record.arrays | {"validation_logits": np.zeros(3)}, record.facts))
    part = stored_part(trainer, search)
    assert set(part(whole[0]).arrays) == set(search.judged_by)
    assert known_runs(search, part) == (whole, True)
    trainer.store.path(trainer.key(whole[-1])).unlink()
    assert known_runs(search, part) == (whole[:-1], False)


def test_unreachable_cells_end_after_their_first_rung():
    phase = tuning(HALVING)
    runs = list(searches(phase)[0].runs(lambda run: Record({}, {"status": "unreachable"})))
    assert len(runs) == len(RATES)


def test_judge():
    judge, base = Judge(0.2, 0.1, 0.99), {"history_accuracy": np.array([0.1, 0.15]), "epoch_accuracy": np.array([0.1])}
    assert judge(Record(base, {"status": "finished", "validation_accuracy": 0.15})) == Outcome(0.1, False, False)
    assert judge(Record(base, {"status": "diverged"})) == Outcome(0.1, False, False)
    learned = base | {"epoch_accuracy": np.array([0.5, 0.995])}
    assert judge(Record(learned, {"status": "finished", "validation_accuracy": 0.9})) == Outcome(0.9, True, True)
    assert judge(Record(learned, {"status": "finished", "validation_accuracy": 0.1})) == Outcome(0.1, True, False)


def test_beyond_counts_the_rates_that_may_be_tried():
    assert beyond(None, RATES) == 0
    assert beyond((1e-5, 4), RATES) == 4
    assert next_beyond(RATES, 0.01, (1e-9, 1e9)) is None


def test_shards_of_a_search_are_cells():
    study = copy.deepcopy(SMALL_STUDY)
    study["tasks"]["mlp"] |= {"search": HALVING | {"rungs": [{"length": 0.5, "seeds": 1}]}}
    study["tasks"]["mlp"]["shard_by"] = ["beta", "learning_rate", "seed"]
    phase = check_study(study, "study").phase("mlp", "tune")
    assert list(phase.shards()) == ["beta=0.1", "beta=1.0"]
    assert [search.first for search in searches(phase)] == list(itertools.chain(*phase.shards().values()))


def test_digest_changes_with_what_a_search_depends_on():
    digests = {
        str(phase.digests())
        for phase in (
            tuning(HALVING),
            tuning(HALVING | {"keep": 0.3}),
            tuning(HALVING, (1, 2)),
            tuning(HALVING, rates=RATES[1:]),
        )
    }
    assert len(digests) == 4


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"lengths": [2, 4]}, "should rise from 1"),
        ({"lengths": [1, 4, 2]}, "should rise from 1"),
        ({"search": HALVING | {"rungs": [{"length": 0.5, "seeds": 9}]}}, "search.rungs use 9 seeds"),
        ({"search": {"method": "grid", "bounds": [1, 0.1]}}, "a smaller and a larger"),
    ],
)
def test_searches_that_make_no_sense_are_refused(changes, said):
    study = copy.deepcopy(SMALL_STUDY)
    study["tasks"]["mlp"] |= changes
    with pytest.raises(UserError, match=said):
        check_study(study, "study")
