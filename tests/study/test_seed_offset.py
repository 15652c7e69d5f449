"""A study with `seed_offset` is the study whose seeds are written out with it added."""

from __future__ import annotations

import copy
from itertools import combinations

import pytest

from temperature_check.base.errors import UserError
from temperature_check.runs.store import Store
from temperature_check.study.file import check_study, load_study, write_study
from temperature_check.study.study import Study
from tests.builders import new_trainer
from tests.conftest import ROOT
from tests.evaluation.test_early_learning import EARLY

DOCUMENTED = 10_000
"""The offset that docs/configuration.md recommends."""


@pytest.fixture
def settings(small_study) -> dict:
    """A study with seeds of every kind, and data of each seed."""
    task = small_study["tasks"]["mlp"]
    task["early_learning"] = EARLY
    small_study["data"]["digits"]["split"] = "by_seed"
    searched = {"lengths": [1, 2], "search": {"method": "halving", "rungs": [{"length": 0.5, "seeds": 1}]}}
    small_study["tasks"]["searched"] = copy.deepcopy(task) | searched
    return small_study


def written_out(settings: dict, offset: int) -> dict:
    """The settings with the offset added to each seed by hand."""
    settings = copy.deepcopy(settings)
    for task in settings["tasks"].values():
        for section, key in (("grid", "tuning_seeds"), ("grid", "report_seeds"), ("early_learning", "seeds")):
            task[section][key] = [seed + offset for seed in task[section][key]]
    return settings


def seeds_of(study: Study) -> set[int]:
    return {seed for task in study.tasks.values() for seed in task.seeds()}


@pytest.mark.parametrize("offset", [1000, "1000", 0, 1])
def test_a_shifted_study_is_the_one_written_out(settings, offset):
    # The place of the key in the file, here the last one, does not matter.
    shifted = check_study(settings | {"seed_offset": offset}, "study")
    expected = check_study(written_out(settings, int(offset)), "study")
    assert shifted == expected
    assert shifted.model_dump() == expected.model_dump()
    assert shifted.data_seeds("digits") == expected.data_seeds("digits")
    assert [phase.digests() for phase in shifted.phases()] == [phase.digests() for phase in expected.phases()]
    assert [phase.first_runs() for phase in shifted.phases() if phase.adaptive]


def test_a_negative_offset_takes_a_shift_back(settings):
    back = check_study(written_out(settings, 1000) | {"seed_offset": -1000}, "study")
    assert back == check_study(settings, "study")


def test_keys_of_runs_are_those_of_the_seeds_written_out(settings, tmp_path):
    studies = (
        settings,
        settings | {"seed_offset": 1000},
        written_out(settings, 1000),
    )
    found = []
    for study in studies:
        phases = check_study(study, "study").phases()
        trainers = {phase: new_trainer(phase, Store(tmp_path)) for phase in phases}
        # The rates of report runs are not chosen yet.
        runs = {p: p.first_runs() if p.adaptive else p.runs() for p in phases if p.name != "report"}
        found.append([trainers[phase].key(run) for phase in runs for run in runs[phase]])
    before, shifted, expected = found
    assert shifted == expected
    assert len(shifted) == len(before)
    assert not {*shifted} & {*before}


def test_a_study_that_is_written_and_read_is_not_shifted_again(settings, tmp_path):
    study = check_study(settings | {"seed_offset": 1000}, "study")
    for name in ("first.yaml", "second.yaml"):
        write_study(study, tmp_path / name)
        assert load_study(tmp_path / name) == study
        study = load_study(tmp_path / name)
    assert seeds_of(study) == {1000, 1010, 1011, 1005, 1006}


def test_what_is_no_seed_of_runs_stays(settings):
    settings["data"]["digits"]["split_seed"] = 3
    shifted, before = (check_study(settings | {"seed_offset": offset}, "study") for offset in (1000, 0))
    assert shifted.data == before.data
    assert shifted.task("searched").search == before.task("searched").search
    assert shifted.size() == before.size()


@pytest.mark.parametrize(
    ("offset", "line"),
    [
        (-6, "seed_offset makes the seeds of runs -6 to 5; should be 0 to 2,147,483,647"),
        (2**31 - 11, "seed_offset makes the seeds of runs 2,147,483,637 to 2,147,483,648; should be 0"),
        ("many", "seed_offset = 'many': should be a valid integer"),
        (0.5, "seed_offset = 0.5: should be a valid integer"),
        (True, "seed_offset = True: should be a number"),
        ([1], "seed_offset = [1]: should be a valid integer"),
    ],
)
def test_a_bad_offset_is_one_line(settings, offset, line):
    with pytest.raises(UserError) as error:
        check_study(settings | {"seed_offset": offset}, "study")
    (found,) = error.value.lines
    assert found.startswith(f"study: {line}")


def test_the_documented_offset_keeps_the_seeds_of_all_studies_that_come_along_apart():
    used = set().union(*(seeds_of(load_study(file)) for file in (ROOT / "config").glob("*.yaml")))
    assert used
    shifts = [{seed + times * DOCUMENTED for seed in used} for times in range(3)]
    assert not any(one & other for one, other in combinations(shifts, 2))
    assert f"seed_offset={DOCUMENTED}" in (ROOT / "docs/configuration.md").read_text()
