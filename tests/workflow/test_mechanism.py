"""Runs that switch β, and smoothed ones, in the real workflow."""

from __future__ import annotations

import pandas as pd

from tests.study.test_mechanism import ASKED as ANY_RATE

ASKED = {**ANY_RATE, "switch": {"fractions": [0.2, 0.5]}}
TARGETS = ("figures/fig_beta_switch.pdf", "results/small/claims.md")


def test_figure_and_claims_are_made_and_only_what_a_change_touches_is_trained_again(project):
    study = project.study()
    study["tasks"]["mlp"]["mechanism"] = ASKED
    project.write_study(study)
    made = project.made(*TARGETS)
    assert made.jobs["train"] == 4
    table = pd.read_parquet(project.root / "results/small/mechanism.parquet")
    switched = table[table["phase"] == "switch"]
    assert len(switched) == 2 * 2 * 6
    assert made.trained == 4 + 4 + switched["key"].nunique() + 2 * 2
    assert switched["key"].nunique() < len(switched), "runs that keep β are trained once for both directions"
    plain = table[table["label_smoothing"] == 0]
    runs = pd.read_parquet(project.root / "results/small/runs.parquet")
    assert set(plain["key"]) < set(runs["key"])
    assert project.made(*TARGETS).jobs == {}
    assert "0 of" in project.run("temperature-check", "status").stdout
    listed = project.run("temperature-check", "prune", "config/config.yaml")
    assert "0 files, 0.0 MB that no study needs" in listed.stdout

    study["tasks"]["mlp"]["mechanism"] = {**ASKED, "label_smoothing": [0.1, 0.3, 0.5]}
    project.write_study(study)
    assert project.made(*TARGETS).trained == 2
