"""Experiments on early learning: their runs, what the engine records of them, and the tables made of the records."""

from __future__ import annotations

import contextlib
import copy
import math
from dataclasses import asdict

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from temperature_check.adaptive.bisection import stable, tried_rates
from temperature_check.adaptive.search import known_runs, searches
from temperature_check.base.errors import UserError
from temperature_check.base.record import Record
from temperature_check.commands.planned import stored_part
from temperature_check.evaluation.early_learning import curves_of, early_tables, events_of
from temperature_check.runs.run import Run
from temperature_check.runs.store import Store
from temperature_check.study.early_learning import LargestRate
from temperature_check.study.file import check_study
from tests.builders import new_trainer
from tests.conftest import SMALL_STUDY

EARLY = {
    "examples": 30,
    "seeds": [5, 6],
    "kernel_vectors": 1,
    "curves": {"beta": [0.1, 10.0], "z0": 0.01, "effective_learning_rate": 0.05, "steps": 40},
    "onset": {"beta": [0.1, 1.0], "z0": [0.001, 0.01], "relative_rate": [0.03], "steps": 60},
    "departure": {"beta": [0.1, 1.0], "z0": [0.001], "scaled_learning_rate": [0.3], "steps": 40},
    "largest_rate": {"beta": [1.0], "z0": 0.001, "between": [0.01, 1000.0], "halvings": 3, "steps": 10},
}


def early_study(**changes):
    study = copy.deepcopy(SMALL_STUDY)
    study["tasks"]["mlp"]["early_learning"] = {**EARLY, **changes}
    return check_study(study, "study")


@pytest.fixture(scope="module")
def study():
    return early_study()


@pytest.fixture(scope="module")
def trainers(study, tmp_path_factory):
    """A trainer for each experiment, on one store."""
    store = Store(tmp_path_factory.mktemp("store"))
    return {phase.name: new_trainer(phase, store) for phase in study.phases() if not phase.sweep}


def starts_of(trainer, runs) -> pd.DataFrame:
    """Time scales at the starts of runs."""
    engine = trainer.engine(max((run.beta for run in runs), default=1.0), EARLY["seeds"][0])
    from temperature_check.training.starts import time_scales_at_starts

    return time_scales_at_starts(engine, runs, trainer.data.load).assign(dataset=trainer.data.name)


@pytest.fixture(scope="module")
def listed(study, trainers) -> pd.DataFrame:
    """The runs of all experiments, trained, with their keys."""
    rows = []
    for name, trainer in trainers.items():
        phase = study.phase("mlp", name)
        searched = [run for search in searches(phase) for run in search.runs(trainer.record)] if phase.adaptive else []
        runs = searched or phase.runs()
        trainer.train(runs)
        rows += [asdict(run) | {"key": trainer.key(run)} for run in runs]
    return pd.DataFrame(rows)


@pytest.fixture(scope="module")
def curves(listed, trainers) -> pd.DataFrame:
    recorded = listed[listed["phase"] != "largest_rate"]
    return curves_of(recorded, {key: trainers["onset"].store.read(key) for key in recorded["key"]})


def test_learning_curves_have_one_effective_rate(study):
    runs = study.phase("mlp", "curves_exact").runs()
    assert len(runs) == 2 * 2
    assert {round(run.learning_rate * run.beta**2, 12) for run in runs} == {0.05}


def test_onset_takes_as_many_steps_at_every_norm(study):
    runs = study.phase("mlp", "onset").runs()
    assert {round(run.scaled_learning_rate * run.beta / run.z0, 12) for run in runs} == {0.03}


def test_experiments_train_the_first_examples_as_one_batch_without_momentum(study):
    training = study.phase("mlp", "departure").training
    assert (training.momentum, training.batch_size, training.examples, training.epochs) == (0, 30, 30, 40)
    assert study.phase("mlp", "departure_linearized").training.linearized


def test_experiment_that_is_absent_is_no_phase():
    study = early_study(largest_rate=None, onset=None)
    with pytest.raises(UserError, match="'onset' is no phase of mlp"):
        study.phase("mlp", "onset")


def test_experiments_without_any_are_refused():
    with pytest.raises(UserError, match="should have one of"):
        early_study(curves=None, onset=None, departure=None, largest_rate=None)


def test_more_examples_than_there_are_is_refused():
    with pytest.raises(UserError, match=r"early_learning.examples = 61: should be at most data.digits.train = 60"):
        early_study(examples=61)


def test_a_plan_finds_the_runs_of_finished_bisections(study, trainers, listed):
    trainer, phase = trainers["largest_rate"], study.phase("mlp", "largest_rate")
    known = [known_runs(search, stored_part(trainer, search)) for search in searches(phase)]
    assert all(whole for _, whole in known)
    assert {trainer.key(run) for runs, _ in known for run in runs} == {*listed[listed["phase"] == phase.name]["key"]}


def test_bounds_of_a_bisection_are_ordered():
    with pytest.raises(UserError, match="a smaller and a larger"):
        early_study(largest_rate={**EARLY["largest_rate"], "between": [1.0, 0.1]})


def test_equal_initial_logits_and_effective_rate_give_equal_linearized_curves(curves):
    linearized = curves[curves["phase"] == "curves_linearized"]
    for _, runs in linearized.groupby("seed"):
        losses = [curve["loss"].to_numpy() for _, curve in runs.groupby("beta")]
        np.testing.assert_allclose(losses[0], losses[1], rtol=1e-4)
        assert losses[0][-1] < losses[0][0]


def test_networks_depart_from_their_linearization_the_more_the_smaller_beta(curves):
    exact = curves[curves["phase"] == "curves_exact"].groupby("beta")["departure"].max()
    assert exact[0.1] > 3 * exact[10.0] > 0


def test_moved_and_time_of_onset_are_those_of_the_recorded_logits(curves, listed, trainers):
    row = listed[listed["phase"] == "onset"].iloc[0]
    record = trainers["onset"].store.read(row["key"])
    scaled = row["beta"] * record.arrays["history_logits"].astype(np.float64)
    moved = np.sqrt(((scaled - scaled[0]) ** 2).sum(-1).mean(-1))
    event = events_of(curves).query("phase == 'onset'").iloc[0]
    steps, time = record.arrays["history_step"], event["learning_time"]
    assert 10 < time < 60
    assert np.interp(time, steps, moved) == pytest.approx(row["z0"], rel=0.01)
    assert event["z0_measured"] == pytest.approx(row["z0"], rel=0.01)


def test_start_predicts_the_onset_of_learning(listed, trainers, study):
    scales = starts_of(trainers["onset"], study.task("mlp").early_learning.starts("mlp"))
    _, events, rates = early_tables(listed, [scales], trainers["onset"].store)
    onset = events[events["phase"] == "onset"]
    ratio = onset["learning_time"] / onset["predicted_learning_time"]
    assert ratio.between(0.8, 1.25).all()
    assert (scales["noise"] < 1e-2 * scales["logit_norm"]).all()
    assert (scales["noise"] > 1e-9 * scales["beta"]).all()
    assert (rates["largest_stable"] < rates["smallest_unstable"]).all()
    assert (rates["smallest_unstable"] / rates["largest_stable"]).to_numpy() == pytest.approx(10 ** (1 / 32))
    assert rates["linear_limit"].between(rates["largest_stable"] / 30, rates["largest_stable"] * 30).all()


def test_runs_below_the_smallest_rate_of_their_start_are_flagged(listed, trainers, study):
    scales = starts_of(trainers["onset"], study.task("mlp").early_learning.starts("mlp"))
    assert scales["smallest_rate"].between(1e-8, 1e-4).all()
    start = (scales["beta"] == 0.1) & (scales["z0"] == 0.01) & (scales["seed"] == 5)
    coarser = scales.assign(smallest_rate=scales["smallest_rate"].mask(start, np.inf))
    curves, flagged = zip(*(early_tables(listed, [one], trainers["onset"].store)[:2] for one in (scales, coarser)))
    assert not flagged[0]["updates_rounded"].any()
    expected = flagged[1][["beta", "z0", "seed"]].eq([0.1, 0.01, 5]).all(axis=1)
    assert expected.any()
    assert flagged[1]["updates_rounded"].equals(expected)
    assert not curves[0]["updates_rounded"].any()
    of_curves = curves[1].groupby(["phase", "beta", "z0", "seed"])["updates_rounded"].all()
    assert of_curves[of_curves].index.droplevel("phase").unique().tolist() == [(0.1, 0.01, 5)]


def test_kernel_changes_later_at_larger_beta(curves):
    last = curves[curves["phase"] == "departure"].groupby("beta")["kernel_change"].max()
    assert last[0.1] > last[1.0] > 0


@pytest.mark.parametrize(("beta", "z0"), [(0.01, 0.1), (1.0, 100.0)])
def test_shifted_networks_reach_every_norm(trainers, beta, z0):
    record = trainers["curves_exact"].train_one(Run("mlp", "curves_exact", beta, z0, 0.001 * beta, 0))
    assert record.facts["status"] == "finished"
    assert record.facts["z0_measured"] == pytest.approx(z0, rel=0.01)


def test_event_never_reached_is_infinite_and_unmeasured_ones_are_missing(curves):
    events = events_of(curves)
    onset, departure = (events[events["phase"] == phase] for phase in ("onset", "departure"))
    assert onset["kernel_time"].isna().all()
    assert onset["departure_time"].isna().all()
    late = curves[curves["phase"] == "departure"].assign(kernel_change=0.05)
    assert np.isinf(events_of(late)["kernel_time"]).all()
    assert departure["kernel_time"].notna().all()


def test_events_of_few_steps_are_flagged(curves):
    onset = curves[curves["phase"] == "onset"]
    assert not events_of(onset)["learning_few_steps"].any()
    sooner = events_of(onset.assign(step=onset["step"] / 6))
    assert sooner["learning_few_steps"].all()
    assert not sooner[["kernel_few_steps", "departure_few_steps"]].any(axis=None)


@pytest.mark.parametrize("z0", [1e-12, 1e3])
def test_norm_that_no_network_has_is_said(trainers, z0):
    trainer = trainers["onset"]
    runs = [Run("mlp", "onset", 1.0, z0, 0.1, seed) for seed in (5, 6)]
    trainer.train(runs)
    listed = pd.DataFrame([asdict(run) | {"key": trainer.key(run)} for run in runs])
    with pytest.raises(UserError, match=r"tasks.mlp.early_learning: no network of onset has"):
        early_tables(listed, [starts_of(trainer, runs[:0])], trainer.store)


def test_runs_whose_norm_no_correlated_copies_reach_have_a_data_set(listed, trainers, study):
    runs = study.phase("mlp", "curves_exact").runs()
    starts = starts_of(trainers["departure"], study.phase("mlp", "departure").runs())
    reached = starts[starts["beta"] != runs[0].beta]
    tables = early_tables(listed, [reached], trainers["departure"].store)
    assert all(set(table["dataset"]) == {"scikit-learn digits"} for table in tables if len(table))


def test_experiments_without_curves_have_empty_tables_of_them(listed, trainers, study):
    scales = starts_of(trainers["onset"], study.task("mlp").early_learning.starts("mlp"))
    curves, events, rates = early_tables(listed[listed["phase"] == "largest_rate"], [scales], trainers["onset"].store)
    assert (len(curves), len(events), len(rates)) == (0, 0, 2)
    assert rates["nonlinear_limit"].isna().all()


def test_run_that_diverged_keeps_what_was_recorded(study, trainers):
    run = next(iter(study.phase("mlp", "departure").runs()))
    record = trainers["departure"].engine(run.beta, run.seed).train(Run(**asdict(run) | {"scaled_learning_rate": 1e12}))
    curve = curves_of(pd.DataFrame([asdict(run) | {"key": "only"}]), {"only": record})
    assert curve["status"].iloc[0] == "diverged"
    assert curve["moved"].isna().iloc[-1]
    assert not stable(record)


def record_of(losses: list[float]) -> Record:
    """The record of a run that was probed at its ends alone."""
    ends = np.array([losses[0], losses[-1]])
    return Record({"history_loss": ends, "largest_loss": np.max(losses[:-1])}, {"status": "finished"})


def test_stable_runs_never_rise_by_more_than_a_tenth():
    losses = ([2.0, 1.5, 1.9], [2.0, 2.19, 1.0], [2.0, 2.21, 1.0], [2.0, np.nan, 1.0], [2.0, 1.0, 2.21])
    assert [stable(record_of(values)) for values in losses] == [True, True, False, False, False]
    assert not stable(Record({}, {"status": "unreachable"}))


@given(limit=st.floats(1e-2, 1e2), of_decade=st.integers(1, 30), halvings=st.integers(1, 12))
def test_bracket_holds_the_limit(limit, of_decade, halvings):
    settings = LargestRate(beta=[1], z0=1, between=[1e-3, 1e3], rates_of_decade=of_decade, halvings=halvings, steps=1)
    low, high = bracket(lambda rate: rate < limit, settings.scanned(), halvings)
    assert low < limit <= high
    assert math.log10(high / low) == pytest.approx(1 / of_decade / 2**halvings)


def bracket(is_stable, scanned: list[float], halvings: int) -> tuple[float, float]:
    """The largest rate found stable and the smallest found unstable; 0 and infinity if there is none."""
    rates, answers = tried_rates(scanned, halvings), {}
    rate = next(rates)
    with contextlib.suppress(StopIteration):
        while True:
            answers[rate] = is_stable(rate)
            rate = rates.send(answers[rate])
    stable_rates = [rate for rate, answer in answers.items() if answer]
    unstable_rates = [rate for rate, answer in answers.items() if not answer]
    return max(stable_rates, default=0.0), min(unstable_rates, default=math.inf)


def test_bracket_says_which_bound_holds_everything():
    assert bracket(lambda rate: False, [1, 2], 3) == (0.0, 1)
    assert bracket(lambda rate: True, [1, 2], 3) == (2, math.inf)


def test_a_rate_above_an_unstable_one_is_not_called_the_largest_stable():
    """Bisection of the whole interval would end near 100, beyond the rates from 2 to 10 that are unstable."""
    low, high = bracket(lambda rate: rate < 2 or 10 < rate < 100, [0.1, 1.0, 5.0, 10.0, 100.0, 1000.0], 10)
    assert (low, high) == (pytest.approx(2, rel=2e-3), pytest.approx(2, rel=2e-3))
