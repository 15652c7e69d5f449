"""Figures show what the table of runs says."""

from __future__ import annotations

from dataclasses import replace

import matplotlib
import matplotlib.image
import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import PathCollection
from seaborn.utils import relative_luminance

from temperature_check.figures import (
    beta_sweep,
    chosen_rate,
    confidence,
    kernel_change,
    largest_rate,
    learning_curves,
    learning_speed,
    phase_plane,
    stability,
    time_scales,
)
from temperature_check.figures.beta_sweep import draw
from temperature_check.figures.curves import beta_styles
from temperature_check.figures.draw import make_figure
from temperature_check.figures.planes import plane_width
from temperature_check.figures.style import CENSORED, FAILED, GRAY, PANEL_INCHES, add_mark
from temperature_check.study.figures import (
    SWEEP_FIGURES,
    BetaSweep,
    ChosenRateFigure,
    Confidence,
    FigureSettings,
    KernelChangeFigure,
    LargestRateFigure,
    LearningCurvesFigure,
    LearningSpeed,
    Panel,
    PhasePlane,
    Stability,
    TimeScalesFigure,
)

PANELS = [Panel("mlp", "MLP", 0.001), Panel("wrn", "WRN", 0.001)]
PLANES = [Panel("mlp", "MLP", (0.001, 0.1)), Panel("wrn", "WRN", (0.001, 0.1))]
TEST_MEASURES = ("cross_entropy", "confidence", "calibration_error", "calibration_floor")


@pytest.fixture
def runs() -> pd.DataFrame:
    rows = [
        {"task": task, "phase": phase, "beta": beta, "z0": z0, "seed": seed, "status": "ok", "rate_edge": ""}
        | {"scaled_learning_rate": rate, "learning_rate": rate / beta, "dataset": "digits", "train_examples": 300}
        | {"test_accuracy": 0.9 + 0.01 * seed, "validation_accuracy": 0.9, "temperature_edge": "", "classes": 10}
        | {"time_to_learn": 2.0 ** (seed + 1), "steps": 400.0, "length": 1.0}
        | {"kernel_change": 0.5 + 0.1 * seed if phase == "report" else np.nan}
        | {"train_accuracy": 1.0, "fitted": True, "failure": ""}
        | {f"test_{scaled}{name}": 0.2 + 0.01 * seed for name in TEST_MEASURES for scaled in ("", "scaled_")}
        for task in ("mlp", "wrn")
        for phase, rates in (("tune", (0.001, 0.01, 0.1, 1.0, 10.0)), ("report", (0.1,)))
        for beta in (0.1, 1.0, 10.0)
        for z0 in (0.001, 0.1)
        for rate in rates
        for seed in range(3)
    ]
    table = pd.DataFrame(rows)
    table.loc[table["phase"] == "tune", "test_accuracy"] = np.nan
    return table


def chosen(runs: pd.DataFrame, task: str, **values) -> pd.Series:
    """Which report runs of a task have these values."""
    return (runs[list(values)] == pd.Series(values)).all(axis=1) & (runs["task"] == task) & (runs["phase"] == "report")


def legend(figure) -> list[str]:
    return [text.get_text() for text in figure.legends[0].get_texts()]


def cell_texts(axis) -> dict[tuple[float, float], str]:
    """What is written in each cell of a heat map, by (β, ‖Z0‖)."""
    betas, norms = ([float(label.get_text()) for label in one.get_ticklabels()] for one in (axis.xaxis, axis.yaxis))
    return {(betas[int(t.get_position()[0])], norms[int(t.get_position()[1])]): t.get_text() for t in axis.texts}


def numbers_of(runs: pd.DataFrame, **settings) -> pd.DataFrame:
    return draw(runs, BetaSweep(**settings), PANELS)[1]


def test_every_report_run_is_a_point_and_every_beta_a_median_in_both_rows(runs):
    numbers = numbers_of(pd.concat([runs.assign(seed=runs["seed"] + 3 * k) for k in range(3)], ignore_index=True))
    assert (numbers["series"] == "seed").sum() == 2 * 3 * 9
    medians = numbers[numbers["series"] == "median"]
    assert len(medians) == 2 * 3 * 2
    assert medians["n"].tolist() == [9] * 12
    assert medians["test_accuracy"].dropna().tolist() == pytest.approx([0.91] * 6)
    assert medians["train_accuracy"].dropna().tolist() == [1.0] * 6
    accuracies = medians.dropna(subset="test_accuracy")
    assert accuracies["low"].tolist() == pytest.approx([0.9] * 6)
    assert accuracies["high"].tolist() == pytest.approx([0.92] * 6)


def test_cells_that_do_not_fit_are_gray_and_counted(runs):
    runs.loc[chosen(runs, "mlp", beta=0.1, z0=0.001, seed=1), ["fitted", "train_accuracy"]] = [False, 0.9]
    figure, _ = draw(runs, BetaSweep(), PANELS)
    gray = matplotlib.colors.to_rgba(GRAY)
    squares = [line for line in figure.axes[0].lines if line.get_marker() == "s"]
    grays = [line for line in squares if matplotlib.colors.to_rgba(line.get_markerfacecolor()) == gray]
    assert [line.get_xdata().tolist() for line in grays] == [[0.1]]
    assert "a seed did not fit the training data (1 of 6)" in legend(figure)


def test_longer_runs_are_marked_and_those_at_equal_budget_are_beside_them(runs):
    cell = (runs["task"] == "mlp") & (runs["beta"] == 0.1) & (runs["phase"] == "report")
    longer = runs[cell].assign(length=8.0, test_accuracy=0.99)
    figure, numbers = draw(pd.concat([runs, longer], ignore_index=True), BetaSweep(), PANELS)
    by_series = numbers[(numbers["task"] == "mlp") & (numbers["beta"] == 0.1)].dropna(subset="test_accuracy")
    assert by_series.groupby("series")["test_accuracy"].median().round(2).to_dict() == {
        "equal budget": 0.91,
        "median": 0.99,
        "seed": 0.99,
    }
    assert [[text.get_text() for text in axis.texts] for axis in figure.axes] == [["8×"], [], [], []]
    assert (numbers["series"] == "equal budget").sum() == 2 * 3


def test_failed_runs_are_drawn_and_count_in_the_median(runs):
    failed = (runs["task"] == "wrn") & (runs["beta"] == 0.1) & (runs["seed"] == 0)
    runs.loc[failed, ["status", "test_accuracy"]] = ["failed", 0.1]
    figure, numbers = draw(runs, BetaSweep(), PANELS)
    median = numbers[(numbers["series"] == "median") & (numbers["task"] == "wrn") & (numbers["beta"] == 0.1)]
    median = median.dropna(subset="test_accuracy")
    assert median["failed"].item() == 1
    assert median["test_accuracy"].item() == pytest.approx(0.91)
    low, high = figure.axes[1].get_ylim()
    assert low < 10 < high
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert "failed report run (1 of 18)" in labels


def test_rate_at_an_edge_is_flagged(runs):
    runs.loc[runs["beta"] == 10.0, "rate_edge"] = "lowest"
    figure, numbers = draw(runs, BetaSweep(), PANELS)
    assert (numbers["rate_edge"] == "lowest").sum() == 2 * (3 + 2)
    assert "learning rate at an edge of its grid (2 of 6)" in [
        text.get_text() for text in figure.legends[0].get_texts()
    ]


def test_unreachable_cells_are_hatched(runs):
    unreachable = (runs["beta"] == 0.1) & (runs["task"] == "wrn")
    runs.loc[unreachable, "status"] = "unreachable"
    figure, numbers = draw(runs[~(unreachable & (runs["phase"] == "report"))], BetaSweep(), PANELS)
    assert numbers.loc[numbers["series"] == "unreachable", ["task", "beta"]].to_numpy().tolist() == [["wrn", 0.1]]
    assert "‖Z0‖ out of reach" in [text.get_text() for text in figure.legends[0].get_texts()]
    assert [len(axis.patches) for axis in figure.axes] == [0, 1, 0, 1]


def test_mark_is_written_across_the_figure(runs, tmp_path):
    figure, _ = draw(runs, BetaSweep(), PANELS)
    sentence, height = figure.get_suptitle(), figure.get_figheight()
    add_mark(figure, "incomplete: 3 of 9 runs")
    assert figure.get_suptitle() == f"incomplete: 3 of 9 runs\n{sentence}"
    assert figure.get_figheight() > height
    for mark in ("", "incomplete: 3 of 9 runs"):
        make_figure("beta_sweep", runs, BetaSweep(), PANELS, tmp_path / f"fig{len(mark)}", mark)
    heights = [matplotlib.image.imread(tmp_path / f"fig{size}.png").shape[0] for size in (0, 23)]
    assert heights[1] > heights[0]


def test_conditions_are_stated(runs):
    figure, _ = draw(runs, BetaSweep(), PANELS[1:])
    axis = figure.axes[0]
    assert axis.get_title() == "WRN\ndigits, 300 training examples\n‖Z0‖ = 0.001, n = 3 seeds"


def test_files(runs, tmp_path):
    make_figure("beta_sweep", runs, BetaSweep(), PANELS, tmp_path / "fig")
    first = {path.suffix: path.read_bytes() for path in tmp_path.iterdir()}
    assert first.keys() == {".pdf", ".png", ".csv"}
    make_figure("beta_sweep", runs, BetaSweep(), PANELS, tmp_path / "fig")
    assert {path.suffix: path.read_bytes() for path in tmp_path.iterdir()} == first


@pytest.mark.parametrize("figure", SWEEP_FIGURES)
def test_every_figure_of_an_unfinished_study_is_drawn(runs, figure, tmp_path):
    panels = PLANES if figure == "phase_plane" else PANELS
    settings = getattr(FigureSettings(), figure)
    for name, part in {
        "tune": runs[runs["phase"] == "tune"],
        "task": runs[runs["task"] == "mlp"],
        "seed": runs[runs["seed"] == 0],
    }.items():
        make_figure(figure, part, settings, panels, tmp_path / name)
        assert (tmp_path / f"{name}.png").stat().st_size > 0


def test_plane_says_in_each_cell_what_the_runs_say(runs):
    runs.loc[chosen(runs, "mlp", beta=10.0, z0=0.1, seed=0), ["status", "test_accuracy"]] = ["failed", 0.1]
    runs.loc[chosen(runs, "mlp", beta=1.0, z0=0.1), "time_to_learn"] = [4, np.inf, np.inf]
    runs.loc[chosen(runs, "mlp", beta=0.1, z0=0.1), "time_to_learn"] = [4, 8, np.inf]
    figure, numbers = phase_plane.draw(runs, PhasePlane(), PLANES)
    accuracy, time = cell_texts(figure.axes[0]), cell_texts(figure.axes[1])
    assert accuracy.keys() == time.keys() == {(beta, z0) for beta in (0.1, 1, 10) for z0 in (0.001, 0.1)}
    assert accuracy[1, 0.1] == "91.0"
    assert accuracy[10, 0.1] == "91.0\n1/3 failed"
    assert time[10, 0.1] == "4"
    assert time[0.1, 0.1] == "8\n1/3 never"
    assert time[1, 0.1] == "> 400\n2/3 never"
    cell = numbers[(numbers["task"] == "mlp") & (numbers["beta"] == 10) & (numbers["z0"] == 0.1)].iloc[0]
    assert (cell["n"], cell["failed"], cell["censored"]) == (3, 1, 0)
    assert cell["test_accuracy"] == pytest.approx(0.91)


def test_plane_gives_intervals_and_the_number_of_seeds_where_it_differs(runs):
    many = pd.concat([runs.assign(seed=runs["seed"] + 3 * k) for k in range(3)], ignore_index=True)
    figure, numbers = phase_plane.draw(many, PhasePlane(), PLANES[:1])
    assert set(cell_texts(figure.axes[0]).values()) == {"91.0\n90.0–92.0"}
    assert figure.axes[0].get_title().endswith("n = 9 seeds")
    assert numbers[["low", "high", "n"]].drop_duplicates().to_numpy().tolist() == [pytest.approx([0.9, 0.92, 9])]
    lost = chosen(many, "mlp", beta=1.0, z0=0.1) & (many["seed"] > 4)
    figure, _ = phase_plane.draw(many[~lost], PhasePlane(), PLANES[:1])
    accuracy = cell_texts(figure.axes[0])
    assert accuracy[1, 0.1] == "91.0\nn = 5"
    assert accuracy[10, 0.1] == "91.0\n90.0–92.0\nn = 9"
    assert figure.axes[0].get_title().endswith("n = 5 to 9 seeds")


def test_cells_of_a_plane_that_do_not_fit_have_a_gray_frame_and_no_color(runs):
    runs.loc[chosen(runs, "mlp", beta=10.0, z0=0.1, seed=1), "fitted"] = False
    runs.loc[chosen(runs, "mlp", beta=10.0, z0=0.1), "test_accuracy"] = 0.4
    figure, numbers = phase_plane.draw(runs, PhasePlane(), PLANES[:1])
    (framed,) = figure.axes[0].patches
    assert framed.get_xy() == (2, 1)
    assert framed.get_edgecolor() == matplotlib.colors.to_rgba(GRAY)
    assert not figure.axes[1].patches
    assert cell_texts(figure.axes[0])[10, 0.1] == "40.0"
    assert figure.axes[0].collections[0].get_clim()[0] > 80
    assert numbers.loc[~numbers["fitted"].astype(bool), ["beta", "z0"]].to_numpy().tolist() == [[10, 0.1]]
    assert "a seed did not fit the training data (1 of 6 cells)" in legend(figure)
    nowhere, _ = phase_plane.draw(runs.assign(fitted=False), PhasePlane(), PLANES[:1])
    assert "a seed did not fit the training data (6 of 6 cells)" in legend(nowhere)


def test_colors_of_a_plane_span_cells_without_failed_runs(runs):
    runs.loc[chosen(runs, "mlp", beta=10.0, z0=0.1), "test_accuracy"] = 0.8
    runs.loc[chosen(runs, "mlp", beta=0.1, z0=0.1), ["status", "test_accuracy"]] = ["failed", 0.1]
    figure, _ = phase_plane.draw(runs, PhasePlane(), PLANES[:1])
    assert figure.axes[0].collections[0].get_clim() == pytest.approx((80, 91))


def test_plane_marks_edges_and_hatches_cells_out_of_reach(runs):
    runs.loc[(runs["task"] == "wrn") & (runs["beta"] == 0.1) & (runs["z0"] == 0.1), "status"] = "unreachable"
    runs.loc[chosen(runs, "wrn", beta=10.0, z0=0.1), "rate_edge"] = "highest"
    figure, numbers = phase_plane.draw(runs, PhasePlane(), PLANES)
    for mlp, wrn in zip(figure.axes[:2], figure.axes[2:4]):
        assert not mlp.patches
        assert not mlp.lines
        assert [patch.get_xy() for patch in wrn.patches] == [(0, 1)]
        assert wrn.patches[0].get_hatch() == "///"
        assert [(int(line.get_xdata()[0]), int(line.get_ydata()[0])) for line in wrn.lines] == [(2, 1)]
        assert len(cell_texts(wrn)) == 5
    assert numbers.loc[numbers["series"] == "unreachable", ["task", "beta", "z0"]].to_numpy().tolist() == [
        ["wrn", 0.1, 0.1]
    ]
    assert "learning rate at an edge of its grid (1 of 11 cells)" in legend(figure)


@pytest.mark.parametrize(
    ("module", "settings", "panels"),
    [(phase_plane, PhasePlane(), PLANES), (chosen_rate, ChosenRateFigure(), PANELS)],
)
def test_planes_of_many_betas_are_wider(runs, module, settings, panels):
    many = pd.concat([runs.assign(beta=runs["beta"] * factor) for factor in (1, 2, 3, 5)], ignore_index=True)
    assert usual_width(module.draw(runs, settings, panels)[0]) == pytest.approx(1)
    figure, _ = module.draw(many, settings, panels)
    assert usual_width(figure) == pytest.approx((12 + 2) * module.CELL_INCHES / PANEL_INCHES[0])


def test_betas_out_of_reach_take_room_too():
    cells, unreached = (pd.DataFrame({"beta": betas, "z0": 1.0}) for betas in ([10.0, 100.0], [0.1, 1.0, 10.0]))
    assert plane_width([(cells, unreached)], PANEL_INCHES[0]) == 4 + 2


def usual_width(figure) -> float:
    """The width of each of two columns of panels, in usual ones."""
    return figure.get_figwidth() / (2 * PANEL_INCHES[0])


def test_plane_without_tasks_says_so():
    figure, numbers = phase_plane.draw(pd.DataFrame(), PhasePlane(), [])
    assert [text.get_text() for text in figure.axes[0].texts] == [phase_plane.NONE]
    assert numbers.empty


def with_best_rate(runs: pd.DataFrame, best: dict[float, float], betas: tuple[float, ...] = ()) -> pd.DataFrame:
    """The runs with their highest validation accuracy at these ηβ, by β; also at more β than the runs have."""
    more = [runs[runs["beta"] == 0.1].assign(beta=beta) for beta in betas]
    runs = pd.concat([runs, *more], ignore_index=True)
    at_best = runs["scaled_learning_rate"] == runs["beta"].map(best)
    report = runs["phase"] == "report"
    chosen = runs["beta"].map(best).where(report, runs["scaled_learning_rate"])
    return runs.assign(validation_accuracy=0.9 + 0.05 * at_best, scaled_learning_rate=chosen)


def test_slopes_of_both_regimes_are_fitted_apart_and_said(runs):
    best = {0.001: 0.01, 0.01: 0.01, 0.1: 0.01, 1.0: 0.01, 10.0: 0.1, 100.0: 1.0}
    few = with_best_rate(runs, best, (0.001, 0.01, 100.0))
    figure, _ = chosen_rate.draw(few, ChosenRateFigure(), PANELS[:1])
    assert figure.axes[0].texts[0].get_text() == "β ≤ 1: 0.00: not decided\nβ ≥ 1: 1.00: not decided"
    many = pd.concat([few.assign(seed=few["seed"] + 3 * k) for k in range(4)], ignore_index=True)
    figure, numbers = chosen_rate.draw(many, ChosenRateFigure(), PANELS[:1])
    slopes = numbers[numbers["series"] == "slope"].set_index("regime")
    assert slopes["slope"].tolist() == pytest.approx([0, 1], abs=1e-9)
    assert slopes["verdict"].tolist() == ["constant", "changes"]
    (note,) = (text.get_text() for text in figure.axes[0].texts)
    assert note.splitlines()[1] == "β ≥ 1: 1.00 (1.00 to 1.00): changes"
    plateaus = numbers[numbers["series"] == "plateau"]
    assert plateaus["best"].tolist() == [best[beta] for beta in plateaus["beta"]]
    assert plateaus["lowest"].tolist() == plateaus["best"].tolist()


def test_too_few_beta_decide_no_slope(runs):
    figure, _ = chosen_rate.draw(with_best_rate(runs, {0.1: 0.01, 1.0: 0.01, 10.0: 0.1}), ChosenRateFigure(), PANELS)
    assert [text.get_text() for text in figure.axes[0].texts] == ["β ≤ 1: not decided\nβ ≥ 1: not decided"]


def test_cells_that_do_not_fit_are_gray_among_chosen_rates(runs):
    runs.loc[(runs["phase"] == "tune") & (runs["beta"] == 0.1), "fitted"] = False
    figure, _ = chosen_rate.draw(with_best_rate(runs, {0.1: 0.01, 1.0: 0.01, 10.0: 0.1}), ChosenRateFigure(), PANELS)
    squares = [line for line in figure.axes[0].lines if line.get_marker() == "s" and line.get_color() == GRAY]
    assert [line.get_xdata().tolist() for line in squares] == [[0.1]]


def test_rates_at_an_edge_are_counted(runs):
    runs.loc[chosen(runs, "mlp", beta=10.0, z0=0.001), "rate_edge"] = "highest"
    figure, _ = chosen_rate.draw(runs, ChosenRateFigure(), PANELS)
    assert "learning rate at an edge of its grid (1 of 6)" in legend(figure)


def test_rates_tried_show_failed_tuning_runs(runs):
    failed = (runs["phase"] == "tune") & (runs["scaled_learning_rate"] == 10.0) & (runs["seed"] == 0)
    runs.loc[failed, "status"] = "failed"
    figure, numbers = chosen_rate.draw(runs, ChosenRateFigure(), PANELS)
    tried = numbers[numbers["series"] == "tried"]
    assert len(tried) == 2 * 3 * 5
    assert tried.loc[tried["failed"] > 0, "scaled_learning_rate"].tolist() == [10.0] * 6
    crosses = [line for line in figure.axes[0].lines if line.get_marker() == "x"]
    assert sorted(crosses[0].get_ydata()) == pytest.approx([10, 10, 10])


def test_plane_of_chosen_rates_is_below_if_there_are_several_norms(runs):
    figure, _ = chosen_rate.draw(runs, ChosenRateFigure(), PANELS)
    assert set(cell_texts(figure.axes[2]).values()) == {"0.1"}
    figure, _ = chosen_rate.draw(runs[(runs["z0"] == 0.001)], ChosenRateFigure(), PANELS)
    assert len(figure.axes) == 2
    mixed = runs[(runs["z0"] == 0.001) | (runs["task"] == "mlp")]
    figure, _ = chosen_rate.draw(mixed, ChosenRateFigure(), PANELS)
    assert [axis.get_title().splitlines()[0] for axis in figure.axes[:3]] == ["MLP", "WRN", "MLP"]
    assert all(axis.axison and axis.has_data() for axis in figure.axes)


def test_failures_are_stacked_by_kind(runs):
    for seed, kind in ((0, "dead"), (1, "not begun")):
        lost = chosen(runs, "mlp", beta=1.0, z0=0.001, seed=seed)
        runs.loc[lost, ["status", "test_accuracy", "failure"]] = ["failed", 0.1, kind]
    figure, numbers = stability.draw(runs, Stability(), PANELS[:1])
    shares = numbers[numbers["series"] == "failed"].set_index("beta")
    assert shares.loc[1.0, ["failed_share", "n", "dead", "not begun", "diverged"]].tolist() == pytest.approx(
        [2 / 3, 3, 1, 1, 0]
    )
    assert shares.loc[0.1, ["failed_share", "low"]].tolist() == [0, 0]
    tops = {round(patch.get_y() + patch.get_height(), 3) for patch in figure.axes[0].patches if patch.get_height()}
    assert tops == {33.333, 66.667}
    assert {"dead (1 of 9 runs)", "not begun (1 of 9 runs)", "diverged (0 of 9 runs)"} <= set(legend(figure))


def test_margin_of_seeds_that_fail_at_no_rate_is_a_triangle_at_the_highest(runs):
    failing = (runs["phase"] == "tune") & (runs["scaled_learning_rate"] == 10.0) & (runs["beta"] != 1)
    runs.loc[failing, "status"] = "failed"
    figure, numbers = stability.draw(runs, Stability(), PANELS[:1])
    found = numbers[numbers["series"] == "margin"].set_index("beta")
    assert found["margin"].to_dict() == pytest.approx({0.1: 100, 1.0: np.inf, 10.0: 100})
    triangles = [line for line in figure.axes[1].lines if line.get_marker() == "^"]
    assert [(*line.get_xdata(), *line.get_ydata()) for line in triangles] == [(1.0, pytest.approx(100))]
    assert "most seeds failed at no rate up to this one (1 of 3 β)" in legend(figure)


def test_spread_is_of_pairs_of_seeds_that_learned(runs):
    runs.loc[chosen(runs, "mlp", beta=1.0, z0=0.001, seed=0), ["status", "test_accuracy"]] = ["failed", 0.1]
    figure, numbers = stability.draw(runs, Stability(), PANELS[:1])
    spreads = numbers[numbers["series"] == "spread"].set_index("beta")
    assert spreads["test_accuracy"].tolist() == pytest.approx([0.01] * 3)
    assert spreads["n"].tolist() == [3, 2, 3]
    line = next(line for line in figure.axes[2].lines if len(line.get_xdata()) == 3)
    assert line.get_ydata() == pytest.approx([1.0] * 3)


def test_panel_without_a_spread_says_why(runs):
    figure, _ = stability.draw(runs[runs["seed"] == 0], Stability(), PANELS[:1])
    assert [text.get_text() for text in figure.axes[2].texts] == ["no spread: fewer than two report seeds learned"]


def test_open_symbols_of_stability_are_rates_at_an_edge(runs):
    runs.loc[chosen(runs, "mlp", beta=1.0, z0=0.001), "rate_edge"] = "lowest"
    figure, _ = stability.draw(runs, Stability(), PANELS[:1])
    opened = [line for line in figure.axes[2].lines if line.get_markerfacecolor() == "white"]
    assert [line.get_xdata()[0] for line in opened] == pytest.approx([1])
    assert "learning rate at an edge of its grid (1 of 3)" in legend(figure)


def test_time_to_learn_of_every_seed_and_median(runs):
    figure, numbers = learning_speed.draw(runs, LearningSpeed(), PANELS)
    medians = numbers[numbers["series"] == "median"]
    assert medians["time_to_learn"].tolist() == [4] * 6
    assert medians["n"].tolist() == [3] * 6
    points = np.concatenate(
        [part.get_offsets()[:, 1] for part in figure.axes[0].collections if part.get_offsets().size]
    )
    assert sorted(points[points > 0])[:9] == [2] * 3 + [4] * 3 + [8] * 3
    assert figure.axes[0].get_yscale() == "log"


def test_change_of_the_kernel_of_every_seed_and_median(runs):
    figure, numbers = kernel_change.draw(runs, KernelChangeFigure(), PANELS)
    assert numbers.loc[numbers["series"] == "median", "kernel_change"].tolist() == pytest.approx([0.6] * 6)
    lost = chosen(runs, "mlp", beta=1.0, z0=0.001, seed=0)
    runs.loc[lost, ["status", "kernel_change"]] = ["failed", np.nan]
    figure, numbers = kernel_change.draw(runs, KernelChangeFigure(), PANELS)
    cell = numbers[(numbers["series"] == "median") & (numbers["task"] == "mlp") & (numbers["beta"] == 1)]
    assert cell[["n", "failed"]].to_numpy().tolist() == [[2, 1]]
    assert "failed report run (1 of 17)" in legend(figure)


def test_censored_runs_are_triangles_at_the_last_step(runs):
    runs.loc[chosen(runs, "mlp", beta=1.0, z0=0.001), "time_to_learn"] = [4, np.inf, np.inf]
    diverged = chosen(runs, "mlp", beta=1.0, z0=0.001, seed=1)
    runs.loc[diverged, ["status", "steps"]] = ["failed", 17]
    figure, numbers = learning_speed.draw(runs, LearningSpeed(), PANELS)
    median = numbers[(numbers["series"] == "median") & (numbers["task"] == "mlp") & (numbers["beta"] == 1)]
    assert median[["time_to_learn", "censored", "failed", "steps"]].to_numpy().tolist() == [[np.inf, 2, 1, 400]]
    at_end = [part for part in figure.axes[0].collections if 400 in part.get_offsets()[:, 1]]
    assert [len(part.get_offsets()) for part in at_end] == [1, 1]
    assert tuple(at_end[1].get_facecolor()[0][:3]) == matplotlib.colors.to_rgb("crimson")
    triangles = [line for line in figure.axes[0].lines if line.get_marker() == "^"]
    assert [(*line.get_xdata(), *line.get_ydata()) for line in triangles] == [(1.0, 400.0)]
    assert "not learned by the last step (2 of 18)" in legend(figure)


def test_confidence_shows_medians_before_and_after_scaling(runs):
    report = runs["phase"] == "report"
    runs.loc[report, "test_scaled_cross_entropy"] = 0.1
    figure, numbers = confidence.draw(runs, Confidence(), PANELS)
    assert [axis.get_ylabel() for axis in figure.axes[::2]] == [measure.label for measure in confidence.MEASURES]
    means = numbers[(numbers["series"] == "median") & (numbers["task"] == "mlp") & (numbers["beta"] == 1)]
    shown = means[confidence.COLUMNS].bfill().iloc[0]
    expected = dict.fromkeys(confidence.COLUMNS, 0.21) | {"test_accuracy": 0.91, "test_scaled_cross_entropy": 0.1}
    assert shown.to_dict() == pytest.approx(expected)
    assert [axis.get_yscale() for axis in figure.axes[::2]] == ["linear", "log", "linear", "linear"]
    lines = [line for line in figure.axes[2].lines if len(line.get_xdata()) == 3 and line.get_linestyle() == "-"]
    assert [line.get_ydata().tolist() for line in lines] == [pytest.approx([0.21] * 3), pytest.approx([0.1] * 3)]


def test_runs_without_finite_logits_are_crosses_on_top_and_not_in_the_median(runs):
    lost = chosen(runs, "mlp", beta=1.0, z0=0.001, seed=0)
    runs.loc[lost, ["status", "test_accuracy"]] = ["failed", 0.1]
    runs.loc[lost, [column for column in confidence.COLUMNS if column != "test_accuracy"]] = np.nan
    figure, numbers = confidence.draw(runs, Confidence(), PANELS)
    means = numbers[(numbers["series"] == "median") & (numbers["task"] == "mlp") & (numbers["beta"] == 1)]
    entropy = means.dropna(subset="test_cross_entropy").iloc[0]
    assert (entropy["test_cross_entropy"], entropy["n"], entropy["failed"]) == (pytest.approx(0.215), 2, 1)
    crosses = [line for line in figure.axes[2].lines if line.get_marker() == "x" and len(line.get_xdata())]
    assert [line.get_ydata().tolist() for line in crosses] == [[0.96], [0.96]]
    assert "failed report run (1 of 18)" in legend(figure)


def test_scaling_factors_at_their_bound_are_counted(runs):
    runs.loc[chosen(runs, "mlp", beta=1.0, z0=0.001, seed=0), "temperature_edge"] = "highest"
    figure, _ = confidence.draw(runs, Confidence(scaled_color="#ff0000"), PANELS)
    assert "scaling factor at its bound (1 of 18)" in legend(figure)
    sizes = {"before": [], "after": []}
    clouds = [points for points in figure.axes[2].collections if isinstance(points, PathCollection)]
    for points in (points for points in clouds if len(points.get_offsets())):
        color = points.get_facecolor()[0][:3].tolist()
        sizes["after" if color == [1, 0, 0] else "before"].append(len(points.get_offsets()))
    assert [size for size in sizes["after"] if size] == [8, 1]
    assert [size for size in sizes["before"] if size] == [9]


@pytest.fixture
def events() -> pd.DataFrame:
    """Runs whose τ_z is ‖Z0‖/η̃ and whose τ_nl is β/η̃, 30 or 90 steps each."""
    rows = [
        {"task": "mlp", "dataset": "digits", "examples": 64, "seed": seed, "beta": beta, "z0": z0, "phase": phase}
        | {"effective_learning_rate": (z0 if phase == "onset" else beta) / steps, "last_step": 100}
        | dict.fromkeys(("learning_time", "kernel_time", "departure_time"), steps)
        | dict.fromkeys(("predicted_learning_time", "predicted_nonlinear_time"), steps)
        | dict.fromkeys(("learning_few_steps", "kernel_few_steps", "departure_few_steps", "updates_rounded"), False)
        for phase in ("onset", "departure")
        for beta in (0.1, 1.0)
        for z0 in (0.001, 0.1)
        for steps in (30.0, 90.0)
        for seed in range(2)
    ]
    return pd.DataFrame(rows)


def test_time_scales_show_events_of_few_steps_and_censored_runs(events):
    onset = events["phase"] == "onset"
    events.loc[onset & (events["seed"] == 0), ["learning_time", "learning_few_steps"]] = [9.0, True]
    events.loc[onset & (events["seed"] == 1) & (events["beta"] == 1.0), "learning_time"] = np.inf
    figure, numbers = time_scales.draw(events, TimeScalesFigure(), PANELS[:1])
    axis = figure.axes[0]
    assert "4 of 16 runs in the fits (4 censored, 0 rounded, 8 under 10 steps)\nβ from 0.1 to 0.1" in axis.get_title()
    opened = [line for line in axis.lines if line.get_markerfacecolor() == "white"]
    shown = {marker: sum(len(line.get_xdata()) for line in opened if line.get_marker() == marker) for marker in "os^"}
    assert shown == {"o": 4, "s": 4, "^": 4}
    fits = numbers[numbers["series"] == "fit"].drop_duplicates("scale").set_index("scale")
    assert fits["few_steps"].to_dict() == {"τ_z": 8, "τ_nl": 0, "τ_nl by departure": 0}


def test_time_scales_show_runs_whose_updates_float32_loses(events):
    rounded = (events["phase"] == "onset") & (events["z0"] == 0.001) & (events["beta"] == 1.0)
    events.loc[rounded, ["learning_time", "updates_rounded"]] = [50.0, True]
    events.loc[rounded & (events["seed"] == 0), ["learning_time", "learning_few_steps"]] = [9.0, True]
    figure, numbers = time_scales.draw(events, TimeScalesFigure(), PANELS[:1])
    axis = figure.axes[0]
    assert "12 of 16 runs in the fits (0 censored, 4 rounded, 0 under 10 steps)" in axis.get_title()
    assert sum(len(line.get_xdata()) for line in axis.lines if line.get_fillstyle() == "bottom") == 4
    assert "half open: float32 loses part of the updates" in legend(figure)
    fits = numbers[numbers["scale"] == "τ_z"].dropna(subset="slope")
    assert fits["slope"].to_numpy() == pytest.approx([1, 0, -1], abs=1e-6)


def test_slopes_of_time_scales_are_those_of_theory(events):
    figure, numbers = time_scales.draw(events, TimeScalesFigure(), PANELS[:1])
    fits = numbers[numbers["series"] == "fit"]
    assert fits["slope"].to_numpy() == pytest.approx([1, 0, -1, 0, 1, -1, 0, 1, -1], abs=1e-6)
    assert "slope 1.00" in figure.axes[0].get_title()
    assert "slope 0.00" in figure.axes[1].get_title()


def test_a_task_without_runs_of_the_onset_has_the_other_time_scales(events):
    departed = events[events["phase"] == "departure"].assign(task="wrn")
    figure, numbers = time_scales.draw(pd.concat([events, departed]), TimeScalesFigure(), PANELS[:2])
    assert len(figure.axes) == 3 * (3 + 2)
    scales = numbers[numbers["series"] == "fit"].groupby("task")["scale"].unique().map(list).to_dict()
    assert scales == {"mlp": ["τ_z", "τ_nl", "τ_nl by departure"], "wrn": ["τ_nl", "τ_nl by departure"]}


def test_largest_rates_of_many_tasks_are_in_rows_of_four():
    cell = {"dataset": "digits", "z0": 0.001, "steps": 50, "examples": 32, "linear_limit": 0.3, "nonlinear_limit": 0.1}
    found = {"largest_stable": 0.1, "smallest_unstable": 0.2, "seed": 5}
    panels = [replace(PANELS[0], task=f"task{number}") for number in range(5)]
    rates = pd.DataFrame([{"task": panel.task, "beta": beta} | cell | found for panel in panels for beta in (0.1, 1.0)])
    figure, _ = largest_rate.draw(rates, LargestRateFigure(), panels)
    assert [axis.get_visible() for axis in figure.axes] == [True] * 5 + [False] * 3
    assert [bool(axis.get_ylabel()) for axis in figure.axes[:5]] == [True, False, False, False, True]


@pytest.mark.parametrize(("limit", "notes"), [(0.05, 0), (np.inf, 1), (np.nan, 1)])
def test_largest_rates_say_why_there_is_no_limit(limit, notes):
    cell = {"task": "mlp", "dataset": "digits", "z0": 0.001, "steps": 50, "examples": 32}
    found = {"largest_stable": 0.1, "smallest_unstable": 0.2, "linear_limit": 0.3, "nonlinear_limit": limit}
    rates = pd.DataFrame([cell | found | {"beta": beta, "seed": 5} for beta in (0.1, 1.0)])
    figure, _ = largest_rate.draw(rates, LargestRateFigure(), PANELS[:1])
    assert sum("no limit c/β" in text.get_text() for text in figure.axes[0].texts) == notes


@pytest.fixture
def curves() -> pd.DataFrame:
    """Curves whose loss is half the first at η̃t = 2 if β = 0.1, at 4 if β = 1; linearized ones are all at 4."""
    rows = [
        {"task": "mlp", "phase": phase, "beta": beta, "z0": 0.01, "scaled_learning_rate": 0.1, "seed": seed}
        | {"examples": 64, "dataset": "digits", "effective_learning_rate": 1.0, "step": step, "status": "ok"}
        | {"accuracy": 0.5, "updates_rounded": False, "length": 1.0}
        | {"loss": 2 - step / (2 if beta == 0.1 and phase != "curves_linearized" else 4)}
        for phase in ("curves_exact", "curves_linearized", "curves_correlated")
        for beta in (0.1, 1.0)
        for seed in range(6)
        for step in (0.0, 1.0, 2.0, 3.0, 4.0)
    ]
    return pd.DataFrame(rows)


def test_learning_curves_say_the_range_of_half_times_over_which_betas(curves):
    figure, numbers = learning_curves.draw(curves, LearningCurvesFigure(), PANELS[:1])
    _, middle, right = (axis.get_title().splitlines() for axis in figure.axes[:3])
    assert middle[-3:-1] == ["over β = 0.1, 1:", "network: 0.30 (95%: 0.30 to 0.30), 12 runs"]
    assert middle[-1] == "linearized: 0.00 (95%: 0.00 to 0.00), 12 runs"
    spreads = numbers[numbers["series"] == "spread"].set_index(["phase", "time_axis"])
    assert spreads["spread"].to_dict() == pytest.approx(
        {
            ("curves_exact", "time"): 2 - np.log10(2),
            ("curves_linearized", "time"): 2,
            ("curves_exact", "scaled_time"): np.log10(2),
            ("curves_linearized", "scaled_time"): 0,
            ("curves_correlated", "scaled_time"): np.log10(2),
        }
    )
    assert right[-1] == middle[-2]


def test_learning_curves_say_how_many_runs_did_not_reach_half_the_loss(curves):
    slow = (curves["phase"] == "curves_correlated") & (curves["beta"] == 1.0) & (curves["seed"] == 0)
    figure, numbers = learning_curves.draw(curves[~slow | (curves["step"] < 4)], LearningCurvesFigure(), PANELS[:1])
    assert figure.axes[2].get_title().splitlines()[-1] == "network: not known, 11 of 12 runs reached it"
    assert "not known" not in figure.axes[1].get_title()
    spread = numbers[(numbers["series"] == "spread") & (numbers["phase"] == "curves_correlated")].iloc[0]
    assert np.isnan(spread["spread"])
    assert (spread["reached"], spread["n"]) == (11, 12)
    two = curves[curves["seed"] < 2]
    figure, _ = learning_curves.draw(two, LearningCurvesFigure(), PANELS[:1])
    assert figure.axes[2].get_title().splitlines()[-1] == "network: 0.30, 4 runs"


def test_learning_curves_leave_out_of_the_range_what_is_out_of_reach(curves):
    unreached = (curves["phase"] == "curves_correlated") & (curves["beta"] == 0.1) & (curves["seed"] > 0)
    figure, _ = learning_curves.draw(curves[~unreached], LearningCurvesFigure(), PANELS[:1])
    assert figure.axes[2].get_title().splitlines()[-2:] == [
        "over β = 1:",
        "network: none, because all seeds reach ‖Z0‖ at fewer than two β",
    ]
    assert figure.axes[1].get_title().splitlines()[-3] == "over β = 0.1, 1:"


def test_learning_curves_say_in_how_many_runs_float32_loses_updates(curves):
    figure, _ = learning_curves.draw(curves, LearningCurvesFigure(), PANELS[:1])
    assert "float32" not in figure.axes[1].get_title()
    curves.loc[(curves["seed"] == 0) & (curves["beta"] == 1.0), "updates_rounded"] = True
    figure, _ = learning_curves.draw(curves, LearningCurvesFigure(), PANELS[:1])
    lost = [axis.get_title().splitlines()[-1] for axis in figure.axes[1:3]]
    assert lost == [
        f"float32 loses over 1% of the first update in {runs} of {all} runs" for runs, all in ((2, 24), (1, 12))
    ]


def test_panels_that_share_an_axis_have_the_same_limits(runs):
    runs.loc[chosen(runs, "wrn", z0=0.001), "test_accuracy"] = 0.2
    runs.loc[chosen(runs, "mlp", z0=0.001), "time_to_learn"] = 300
    for module in (beta_sweep, stability, learning_speed, confidence, chosen_rate, kernel_change):
        name = module.__name__.rpartition(".")[2]
        figure, _ = module.draw(runs, getattr(FigureSettings(), name), PANELS)
        for first, second in zip(figure.axes[:-1:2], figure.axes[1::2]):
            if second.get_ylabel() == "":
                assert first.get_ylim() == second.get_ylim()
                assert first.get_ylabel()


def test_spreads_of_all_panels_are_inside_of_their_axis(runs):
    for task in ("mlp", "wrn"):
        spread = runs.assign(test_accuracy=np.where(runs["task"] == task, runs["seed"] / 2, runs["test_accuracy"]))
        figure, _ = stability.draw(spread, Stability(), PANELS)
        low, high = figure.axes[4].get_ylim()
        assert (low, high) == figure.axes[5].get_ylim()
        assert low == 0
        assert 50 < high <= 105


@pytest.mark.parametrize("palette", ["viridis", "cividis", "plasma", "magma", "crest", "flare"])
@pytest.mark.parametrize("count", [4, 6, 8])
def test_values_of_beta_are_told_apart_by_color_gray_and_marker(palette, count):
    styles = list(beta_styles(np.logspace(-3, 3, count), palette).values())
    assert len({style["marker"] for style in styles}) == count
    assert not {style["marker"] for style in styles} & {CENSORED["marker"], FAILED["marker"]}
    grays = [relative_luminance(style["color"]) for style in styles]
    steps = np.diff([np.cbrt(gray) for gray in grays])
    assert (steps > 0).all() or (steps < 0).all()
    assert np.abs(steps).min() > 0.025
    assert max(grays) < 0.75


def test_every_figure_says_how_to_read_it(runs, events, curves):
    for module, table, tasks in (
        *(
            (module, runs, PANELS)
            for module in (beta_sweep, stability, learning_speed, confidence, chosen_rate, kernel_change)
        ),
        (phase_plane, runs, PLANES),
        (time_scales, events, PANELS[:1]),
        (learning_curves, curves, PANELS[:1]),
    ):
        name = module.__name__.rpartition(".")[2]
        figure, _ = module.draw(table, getattr(FigureSettings(), name), tasks)
        assert figure.get_suptitle().replace("\n", " ") == module.SENTENCE
