"""The experiments on early learning in the real workflow."""

from __future__ import annotations

import copy

import pandas as pd
import pytest

from tests.evaluation.test_early_learning import EARLY
from tests.workflow.test_report import captions, written

FIGURES = ("learning_curves", "time_scales", "departure", "largest_rate")


@pytest.fixture
def early_project(project):
    study = project.study()
    study["tasks"]["mlp"]["early_learning"] = copy.deepcopy(EARLY)
    project.write_study(study)
    return project


def test_figures_are_made_and_only_what_a_change_touches_is_trained_again(early_project):
    targets = [f"figures/fig_{figure}.pdf" for figure in FIGURES]
    made = early_project.made(*targets)
    assert made.jobs["train"] == 7
    assert made.trained >= 4 * 3 + 2 * 2 * 2 + 2 * 2 * 2
    for figure in FIGURES:
        numbers = pd.read_csv(early_project.root / f"figures/fig_{figure}.csv")
        assert len(numbers) > 0
    assert early_project.made(*targets).jobs == {}
    found = captions(early_project, *targets)
    assert {figure: caption.split(" Shown: ")[0] for figure, caption in found.items()} == written(*FIGURES)

    study = early_project.study()
    study["tasks"]["mlp"]["early_learning"]["onset"]["beta"].append(3.0)
    early_project.write_study(study)
    again = early_project.made(*targets)
    assert again.trained == 2 * 2
    assert again.jobs["train"] == 1

    listed = early_project.run("temperature-check", "prune", "config/config.yaml")
    assert "0 files, 0.0 MB that no study needs" in listed.stdout


def test_study_without_experiments_has_no_such_figures(finished_project):
    result = finished_project.snakemake("-n", "figures/fig_timescales.pdf")
    assert result.returncode == 1
    assert "no task of small has early_learning.onset" in result.stderr
    assert "Traceback" not in result.stderr
