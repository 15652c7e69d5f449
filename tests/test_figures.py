"""Figures show what the table of runs says."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from temperature_check.figures import make_figure
from temperature_check.figures.beta_sweep import draw
from temperature_check.study import BetaSweep, Panel

PANELS = [Panel("mlp", "MLP", 0.001), Panel("wrn", "WRN", 0.001)]


@pytest.fixture
def runs() -> pd.DataFrame:
    rows = [
        {"task": task, "phase": phase, "beta": beta, "z0": z0, "seed": seed, "status": "ok", "rate_edge": ""}
        | {"scaled_learning_rate": 0.1, "dataset": "digits", "train_examples": 300, "test_accuracy": 0.9 + 0.01 * seed}
        for task in ("mlp", "wrn")
        for phase in ("tune", "report")
        for beta in (0.1, 1.0, 10.0)
        for z0 in (0.001, 0.1)
        for seed in range(3)
    ]
    table = pd.DataFrame(rows)
    table.loc[table["phase"] == "tune", "test_accuracy"] = np.nan
    return table


def numbers_of(runs: pd.DataFrame, **settings) -> pd.DataFrame:
    return draw(runs, BetaSweep(**settings), PANELS)[1]


def test_every_report_run_is_a_point_and_every_beta_a_mean(runs):
    numbers = numbers_of(runs)
    assert (numbers["series"] == "seed").sum() == 2 * 3 * 3
    means = numbers[numbers["series"] == "mean"]
    assert len(means) == 2 * 3
    assert means["n"].tolist() == [3] * 6
    assert means["test_accuracy"].to_numpy() == pytest.approx(0.91)
    assert means["high"].to_numpy() - 0.91 == pytest.approx(4.302653 * 0.01 / np.sqrt(3), rel=1e-6)


def test_failed_runs_are_drawn_and_count_in_the_mean(runs):
    failed = (runs["task"] == "wrn") & (runs["beta"] == 0.1) & (runs["seed"] == 0)
    runs.loc[failed, ["status", "test_accuracy"]] = ["failed", 0.1]
    figure, numbers = draw(runs, BetaSweep(), PANELS)
    mean = numbers[(numbers["series"] == "mean") & (numbers["task"] == "wrn") & (numbers["beta"] == 0.1)]
    assert mean["failed"].item() == 1
    assert mean["test_accuracy"].item() == pytest.approx((0.1 + 0.91 + 0.92) / 3)
    low, high = figure.axes[1].get_ylim()
    assert low < 10 < high
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert "failed run (1 of 18)" in labels


def test_rate_at_an_edge_is_flagged(runs):
    runs.loc[runs["beta"] == 10.0, "rate_edge"] = "lowest"
    figure, numbers = draw(runs, BetaSweep(), PANELS)
    assert (numbers["rate_edge"] == "lowest").sum() == 2 * (3 + 1)
    assert "rate at an edge of its grid (2 of 6)" in [text.get_text() for text in figure.legends[0].get_texts()]


def test_unreachable_cells_are_hatched(runs):
    unreachable = (runs["beta"] == 0.1) & (runs["task"] == "wrn")
    runs.loc[unreachable, "status"] = "unreachable"
    figure, numbers = draw(runs[~(unreachable & (runs["phase"] == "report"))], BetaSweep(), PANELS)
    assert numbers.loc[numbers["series"] == "unreachable", ["task", "beta"]].to_numpy().tolist() == [["wrn", 0.1]]
    assert "‖Z0‖ out of reach" in [text.get_text() for text in figure.legends[0].get_texts()]
    assert [len(axis.patches) for axis in figure.axes] == [0, 1]


def test_mark_is_written_across_the_figure(runs, tmp_path):
    for mark in ("", "incomplete: 3 of 9 runs"):
        make_figure("beta_sweep", runs, BetaSweep(), PANELS, tmp_path / f"fig{len(mark)}", mark)
        assert (plt.gcf().get_suptitle()) == mark


def test_conditions_are_stated(runs):
    figure, _ = draw(runs, BetaSweep(), PANELS[1:])
    (axis,) = figure.axes
    assert axis.get_title() == "WRN\ndigits, 300 training examples\n‖Z0‖ = 0.001, n = 3 seeds"


def test_files(runs, tmp_path):
    make_figure("beta_sweep", runs, BetaSweep(), PANELS, tmp_path / "fig")
    first = {path.suffix: path.read_bytes() for path in tmp_path.iterdir()}
    assert first.keys() == {".pdf", ".png", ".csv"}
    make_figure("beta_sweep", runs, BetaSweep(), PANELS, tmp_path / "fig")
    assert {path.suffix: path.read_bytes() for path in tmp_path.iterdir()} == first
