"""Failed, censored and diverged runs are seen, whatever is drawn at the same place."""

from __future__ import annotations

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from temperature_check.figures import (
    beta_sweep,
    chosen_rate,
    confidence,
    departure,
    largest_rate,
    learning_curves,
    learning_speed,
    panels,
    time_scales,
)
from temperature_check.figures.style import CENSORED, FAILED, FRONT, paper_style
from temperature_check.study.figures import FigureSettings, Panel
from tests.figures.test_figures import PANELS, chosen, events, runs

__all__ = ["events", "runs"]

RED = "#dc143c"
"""The color of failed runs. Figures are drawn in it too, so that only the rim tells a mark from what is below."""
CURVES = [Panel("mlp", "MLP", None)]


def draw(module, table: pd.DataFrame, tasks: list[Panel], **settings) -> Figure:
    name = module.__name__.rpartition(".")[2]
    with paper_style():
        figure, _ = module.draw(table, getattr(FigureSettings(), name).model_copy(update=settings), tasks)
        figure.set_dpi(300)
        FigureCanvasAgg(figure).draw()
    return figure


def artists(figure: Figure) -> list:
    """Everything that is drawn in panels, except what is in front."""
    return [
        artist
        for axis in figure.axes
        for artist in (*axis.lines, *axis.collections, *axis.patches, *axis.texts, *axis.artists)
        if artist.get_zorder() < FRONT["zorder"] - 1
    ]


def color_at(figure: Figure, axis, x: float, y: float) -> tuple[int, ...]:
    """The color in the middle of a mark."""
    image = np.asarray(figure.canvas.buffer_rgba())
    column, row = axis.transData.transform((x, y))
    return tuple(image[image.shape[0] - 1 - round(row), round(column)][:3])


def marks(figure: Figure, marker: str) -> list:
    """The lines in panels that have this marker and any point."""
    lines = (line for axis in figure.axes for line in axis.lines)
    return [line for line in lines if line.get_marker() == marker and line.get_xdata().size]


def points_in_front(axis) -> list[list[float]]:
    """The heights of clouds of points that nothing hides."""
    front = (part for part in axis.collections if part.get_zorder() == FRONT["zorder"])
    return [part.get_offsets()[:, 1].tolist() for part in front if part.get_offsets().size]


def failed_seed(runs: pd.DataFrame) -> pd.DataFrame:
    """The only report seed failed, at a rate on the edge, so that its mean is an open square at the same place."""
    runs = runs[(runs["phase"] == "tune") | (runs["seed"] == 0)].copy()
    only = chosen(runs, "mlp", beta=1.0, z0=0.001)
    runs.loc[only, ["status", "test_accuracy", "rate_edge"]] = ["failed", 0.1, "lowest"]
    return runs


@pytest.mark.parametrize("module", [beta_sweep, confidence])
def test_failed_seed_is_above_the_open_square_of_its_mean(runs, module):
    figure = draw(module, failed_seed(runs), PANELS)
    shift = confidence.SHIFT["before"] if module is confidence else 1
    assert color_at(figure, figure.axes[0], shift, 10) == tuple(bytes.fromhex(RED[1:]))


def test_failed_seed_is_seen_if_everything_has_its_color(runs):
    figure = draw(beta_sweep, failed_seed(runs), PANELS, color=RED)
    axis = figure.axes[0]
    image = np.asarray(figure.canvas.buffer_rgba())[::-1, :, :3]
    column, row = np.round(axis.transData.transform((1.0, 10.0))).astype(int)
    near = image[row - 10 : row + 10, column - 10 : column + 10]
    assert (near.min(axis=2) > 230).any()


def test_failed_tuning_run_is_above_the_square_of_the_chosen_rate(runs):
    tuning = (runs["phase"] == "tune") & (runs["scaled_learning_rate"] == 0.1)
    runs.loc[tuning & (runs["beta"] == 1.0) & (runs["seed"] == 0), "status"] = "failed"
    figure = draw(chosen_rate, runs, PANELS)
    assert color_at(figure, figure.axes[0], 1.0, 0.1) == tuple(bytes.fromhex(RED[1:]))


def test_seed_that_never_learned_is_above_medians(runs):
    runs.loc[chosen(runs, "mlp", beta=1.0, z0=0.001), "time_to_learn"] = [400, 400, np.inf]
    figure = draw(learning_speed, runs, PANELS[:1])
    front = [
        part for part in figure.axes[0].collections if part.get_zorder() == FRONT["zorder"] and part.get_offsets().size
    ]
    assert [part.get_offsets()[:, 1].tolist() for part in front] == [[400]]
    assert max(artist.get_zorder() for artist in artists(figure)) < FRONT["zorder"] - 1


def test_scaling_factor_at_its_bound_is_above_means(runs):
    runs.loc[chosen(runs, "mlp", beta=1.0, z0=0.001, seed=0), "temperature_edge"] = "highest"
    figure = draw(confidence, runs, PANELS)
    front = [
        part for part in figure.axes[2].collections if part.get_zorder() == FRONT["zorder"] and part.get_offsets().size
    ]
    assert len(front) == 1


def test_censored_runs_are_above_the_lines_of_theory(events):
    events.loc[events["seed"] == 0, ["learning_time", "kernel_time"]] = np.inf
    figure = draw(time_scales, events, CURVES)
    triangles = marks(figure, CENSORED["marker"])
    assert triangles
    assert {line.get_zorder() for line in triangles} == {FRONT["zorder"]}
    assert max(artist.get_zorder() for artist in artists(figure)) < FRONT["zorder"]


def test_bounds_of_searches_are_above_the_lines_of_theory():
    cell = {"task": "mlp", "dataset": "digits", "z0": 0.001, "steps": 50, "examples": 32}
    found = {"largest_stable": 0.3, "smallest_unstable": np.nan, "linear_limit": 0.3, "nonlinear_limit": 0.3}
    rates = pd.DataFrame([cell | found | {"beta": beta, "seed": 5} for beta in (0.1, 1.0, 10.0)])
    figure = draw(largest_rate, rates, CURVES)
    (bound,) = marks(figure, CENSORED["marker"])
    assert bound.get_zorder() == FRONT["zorder"]
    assert color_at(figure, figure.axes[0], 1.0, 0.3) == (255, 255, 255)


@pytest.fixture
def curves() -> pd.DataFrame:
    """Two runs of each phase; the first one diverges after step 4."""
    rows = [
        {"task": "mlp", "phase": phase, "beta": beta, "z0": 0.01, "scaled_learning_rate": 0.1, "seed": 0, "step": step}
        | {"examples": 64, "dataset": "digits", "effective_learning_rate": 0.1 * beta, "logit_norm": 0.01, "moved": 1.0}
        | {"updates_rounded": False, "length": 1.0}
        | {"loss": 2.0 / (1 + step), "accuracy": 0.5, "noise": 1e-6, "status": "failed" if beta == 0.1 else "ok"}
        | dict.fromkeys(("departure", "kernel_change"), np.nan if beta == 0.1 and step > 4 else 0.01 * (1 + step))
        | ({"loss": np.nan, "accuracy": np.nan} if beta == 0.1 and step > 4 else {})
        for phase in ("curves_exact", "curves_linearized", "curves_correlated", "departure")
        for beta in (0.1, 1.0)
        for step in (0.0, 1.0, 2.0, 4.0, 8.0)
    ]
    return pd.DataFrame(rows)


@pytest.mark.parametrize(("module", "panels_with_runs"), [(learning_curves, 6), (departure, 2)])
def test_failed_runs_end_in_a_cross_that_the_legend_counts(curves, module, panels_with_runs):
    figure = draw(module, curves, CURVES)
    crosses = marks(figure, FAILED["marker"])
    assert len({line.axes for line in crosses}) == panels_with_runs
    assert {line.get_zorder() for line in crosses} == {FRONT["zorder"]}
    assert {tuple(np.isfinite(line.get_xydata()).ravel()) for line in crosses} == {(True, True)}
    (label,) = [text.get_text() for text in figure.legends[0].get_texts() if "failed" in text.get_text()]
    assert label.endswith("(3 of 6 runs)" if module is learning_curves else "(1 of 2 runs)")


def test_notes_and_legends_are_below_failed_runs(runs):
    figure = draw(chosen_rate, runs, PANELS)
    assert max(artist.get_zorder() for artist in artists(figure)) < FRONT["zorder"]
    assert all(legend.get_zorder() < FRONT["zorder"] and not legend.get_frame_on() for legend in figure.legends)
    assert panels.FAILED is FAILED
    assert matplotlib.colors.to_hex(FAILED["color"]) == RED
