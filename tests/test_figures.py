"""Figures show what the table of runs says: means, failed, censored and unreachable runs, edges of grids."""

from __future__ import annotations

import importlib
import itertools

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from temperature_check.figures import make_figure
from temperature_check.study import FIGURES, FigureSettings, Panel
from tests.tables import NORMS, table_of_runs

PANELS = [Panel("mlp", "MLP", 0.001), Panel("wrn", "WRN", 0.001)]
PLANES = [Panel("mlp", "MLP", NORMS), Panel("wrn", "WRN", NORMS)]
OVER_BETA = [name for name in FIGURES if name != "phase_plane"]


@pytest.fixture
def runs() -> pd.DataFrame:
    return table_of_runs()


@pytest.fixture(autouse=True)
def _closed():
    yield
    plt.close("all")


def draw(name: str, runs: pd.DataFrame, panels: list[Panel] | None = None, **settings) -> tuple[Figure, pd.DataFrame]:
    module = importlib.import_module(f"temperature_check.figures.{name}")
    chosen = getattr(FigureSettings(**{name: settings}), name)
    return module.draw(runs, chosen, panels or (PLANES if name == "phase_plane" else PANELS))


def labels_of(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.legends[0].get_texts()]


def texts_of(axis) -> list[str]:
    return [text.get_text() for text in axis.texts]


def series(numbers: pd.DataFrame, name: str, task: str | None = None) -> pd.DataFrame:
    return numbers[(numbers["series"] == name) & (numbers["task"] == (task or numbers["task"]))]


def fail(runs: pd.DataFrame, chosen: pd.Series) -> None:
    runs.loc[chosen, ["status", "test_accuracy", "time_to_learn"]] = ["failed", 0.1, np.inf]
    runs.loc[chosen & (runs["phase"] == "tune"), "test_accuracy"] = np.nan


@pytest.mark.parametrize("name", FIGURES)
def test_conditions_are_stated(runs, name):
    figure, _ = draw(name, runs)
    title = figure.axes[0].get_title()
    assert title.startswith("MLP\ndigits, 300 training examples\n")
    assert "n = 3" in title
    assert ("‖Z0‖ = 0.001" in title) == (name != "phase_plane")


@pytest.mark.parametrize("name", FIGURES)
def test_rates_at_an_edge_are_counted(runs, name):
    runs.loc[(runs["beta"] == 10.0) & (runs["phase"] == "report"), "rate_edge"] = "lowest"
    flagged = [label for label in labels_of(draw(name, runs)[0]) if label.startswith("rate at an edge")]
    assert len(flagged) == 1
    assert any(count in flagged[0] for count in ("(2 of 6)", "(4 of 12)", "(4 of 12 cells)"))


@pytest.mark.parametrize("name", FIGURES)
def test_unreachable_cells_are_hatched(runs, name):
    lost = (runs["beta"] == 0.1) & (runs["task"] == "wrn") & (runs["z0"] == 0.001)
    runs.loc[lost, "status"] = "unreachable"
    figure, numbers = draw(name, runs[~(lost & (runs["phase"] == "report"))])
    assert series(numbers, "unreachable")[["task", "beta", "z0"]].to_numpy().tolist() == [["wrn", 0.1, 0.001]]
    assert "‖Z0‖ out of reach" in labels_of(figure)
    hatched = [sum(patch.get_hatch() is not None for patch in axis.patches) for axis in figure.axes]
    assert sum(hatched) >= 1
    assert "‖Z0‖ out of reach" not in labels_of(draw(name, table_of_runs())[0])


@pytest.mark.parametrize(("name", "extreme"), itertools.product(FIGURES, ["all failed", "no report runs"]))
def test_extreme_studies_can_be_drawn(runs, name, extreme, tmp_path):
    if extreme == "all failed":
        fail(runs, pd.Series(True, runs.index))
        runs[[column for column in runs if column.startswith("test_") and column != "test_accuracy"]] = np.nan
    else:
        runs = runs[runs["phase"] == "tune"]
    settings = getattr(FigureSettings(), name)
    make_figure(name, runs, settings, PLANES if name == "phase_plane" else PANELS, tmp_path / "fig")
    assert (tmp_path / "fig.pdf").stat().st_size > 1000


@pytest.mark.parametrize("name", FIGURES)
def test_files_are_equal_for_equal_runs(runs, name, tmp_path):
    panels, contents = PLANES if name == "phase_plane" else PANELS, []
    for _ in range(2):
        make_figure(name, runs, getattr(FigureSettings(), name), panels, tmp_path / "fig")
        contents.append({path.suffix: path.read_bytes() for path in tmp_path.iterdir()})
    assert contents[0].keys() == {".pdf", ".png", ".csv"}
    assert contents[0] == contents[1]


def test_sweep_shows_every_seed_and_the_mean_with_its_interval(runs):
    numbers = draw("beta_sweep", runs)[1]
    assert len(series(numbers, "seed")) == 2 * 3 * 3
    means = series(numbers, "mean")
    assert means["n"].tolist() == [3] * 6
    assert means["test_accuracy"].to_numpy() == pytest.approx(0.91)
    assert means["high"].to_numpy() - 0.91 == pytest.approx(4.302653 * 0.01 / np.sqrt(3), rel=1e-6)


def test_sweep_draws_failed_runs_and_counts_them_in_the_mean(runs):
    fail(runs, (runs["task"] == "wrn") & (runs["beta"] == 0.1) & (runs["seed"] == 0) & (runs["phase"] == "report"))
    figure, numbers = draw("beta_sweep", runs)
    mean = series(numbers, "mean", "wrn").set_index("beta").loc[0.1]
    assert mean["failed"] == 1
    assert mean["test_accuracy"] == pytest.approx((0.1 + 0.91 + 0.92) / 3)
    low, high = figure.axes[1].get_ylim()
    assert low < 10 < high
    assert "failed run (1 of 18)" in labels_of(figure)


def test_plane_writes_mean_accuracy_median_time_and_failures(runs):
    cell = (runs["task"] == "mlp") & (runs["beta"] == 0.1) & (runs["z0"] == 0.1) & (runs["phase"] == "report")
    fail(runs, cell & (runs["seed"] > 0))
    figure, numbers = draw("phase_plane", runs)
    failed = series(numbers, "cell", "mlp").set_index(["beta", "z0"]).loc[(0.1, 0.1)]
    assert (failed["failed"], failed["censored"], failed["time_to_learn"]) == (2, 2, np.inf)
    accuracies, times = texts_of(figure.axes[0]), texts_of(figure.axes[2])
    assert sorted(accuracies) == sorted(["91.0"] * 5 + ["36.7\n2/3 failed"])
    assert sorted(times) == sorted(["20"] * 5 + ["> 400\n2/3 never"])


def test_plane_of_a_study_with_one_norm_says_so(runs):
    figure, numbers = importlib.import_module("temperature_check.figures.phase_plane").draw(
        runs, FigureSettings().phase_plane, []
    )
    assert "no task of this study has" in texts_of(figure.axes[0])[0]
    assert numbers.empty


def test_slope_of_chosen_rates_leaves_out_those_at_an_edge(runs):
    runs.loc[(runs["beta"] == 10.0) & (runs["phase"] == "report"), "rate_edge"] = "highest"
    figure, numbers = draw("optimal_lr", runs)
    fit = series(numbers, "fit", "mlp").iloc[0]
    assert fit["n"] == 2
    assert fit["slope"] == pytest.approx(-1)
    assert "2 of 3 β" in texts_of(figure.axes[0])[0]


def test_slope_follows_the_rates(runs):
    chosen = {0.1: 0.01, 1.0: 0.1, 10.0: 1.0}
    reported = runs["phase"] == "report"
    runs.loc[reported, "scaled_learning_rate"] = runs.loc[reported, "beta"].map(chosen)
    fit = series(draw("optimal_lr", runs)[1], "fit", "mlp").iloc[0]
    assert (fit["n"], fit["slope"]) == (3, pytest.approx(0, abs=1e-9))


def test_stability_counts_tuning_runs_near_the_chosen_rate(runs):
    fail(runs, (runs["scaled_learning_rate"] == 1.0) & (runs["task"] == "wrn") & (runs["beta"] == 1.0))
    shares = {
        decades: series(draw("stability", runs, decades=decades)[1], "tuning", "wrn").set_index("beta")
        for decades in (0.5, 1)
    }
    assert shares[1].loc[1.0, ["n", "failed", "failed_share"]].tolist() == pytest.approx([9, 3, 1 / 3])
    assert shares[0.5].loc[1.0, ["n", "failed"]].tolist() == [3, 0]
    assert shares[1].loc[0.1, "failed"] == 0


def test_stability_shows_the_deviation_between_seeds(runs):
    deviations = series(draw("stability", runs)[1], "deviation")
    assert deviations["test_accuracy"].to_numpy() == pytest.approx(0.01)
    assert (deviations["low"] < 0.01).all()
    assert (deviations["high"] > 0.01).all()


def test_learning_speed_keeps_censored_runs(runs):
    late = (runs["task"] == "mlp") & (runs["beta"] == 0.1) & (runs["phase"] == "report")
    runs.loc[late & (runs["seed"] > 0), "time_to_learn"] = np.inf
    figure, numbers = draw("learning_speed", runs)
    medians = series(numbers, "median", "mlp").set_index("beta")
    assert medians.loc[0.1, ["time_to_learn", "censored", "n"]].tolist() == [np.inf, 2, 3]
    assert medians.loc[1.0, "time_to_learn"] == 20
    assert "not learned by the last step (2 of 18)" in labels_of(figure)


def test_confidence_shows_values_before_and_after_scaling(runs):
    figure, numbers = draw("confidence", runs)
    means = series(numbers, "mean")
    for column, value in {"test_cross_entropy": 0.4, "test_scaled_cross_entropy": 0.3, "test_confidence": 0.95}.items():
        assert means[column].dropna().to_numpy() == pytest.approx(value)
    runs.loc[(runs["seed"] == 0) & (runs["phase"] == "report"), "temperature_edge"] = "highest"
    assert "scaling factor at its bound (6 of 18)" in labels_of(draw("confidence", runs)[0])
    assert len(figure.axes) == 4 * 2


@pytest.mark.parametrize("mark", ["", "incomplete: 3 of 9 runs"])
def test_mark_is_written_across_the_figure(runs, tmp_path, mark):
    make_figure("beta_sweep", runs, FigureSettings().beta_sweep, PANELS, tmp_path / "fig", mark)
    assert plt.gcf().get_suptitle() == mark
