"""The figure of claims shows each verdict in words and each effect beside its region."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from temperature_check.claims.effect import Effect, of_seeds
from temperature_check.claims.judge import COLUMNS
from temperature_check.claims.verdict import OVERALL, VERDICTS
from temperature_check.figures.claims import LOOKS, draw, places
from temperature_check.figures.draw import make_figure
from temperature_check.study.figures import ClaimsFigure, Panel

PANELS = [Panel("mlp", "An MLP for $5", None), Panel("wrn", "WRN", None)]
FOUND = np.array([-0.1, 0.0, 0.1, 0.2, 0.0, 0.1, 0.3])


def row(task: str, verdict: str, effect: Effect | None = None, **changes) -> dict:
    about = {"claim": "C1", "statement": "It holds", "source": "abstract", "fails": "nothing", "figure": "beta_sweep"}
    lacks = "runs of both" if verdict == "not assessable" else ""
    about |= {"task": task, "verdict": verdict, "supported": 0.01, "contradicted": 1.0, "lacks": lacks}
    if effect is None:
        return about | changes
    ends = dict(zip(("region_low", "region_high"), effect.region))
    return about | {key: value for key, value in effect._asdict().items() if key != "region"} | ends | changes


@pytest.fixture
def judged() -> pd.DataFrame:
    rows = [
        row("mlp", "reproduced", of_seeds("gain", FOUND, (-1, 1))),
        row("mlp", "reproduced", of_seeds("slope", FOUND, (-1, np.inf), doubt="a rate at an edge")),
        row("wrn", "not assessable"),
        row(OVERALL, "reproduced"),
        row("mlp, wrn", "inconclusive", of_seeds("both", FOUND, (0, np.inf)), claim="N1", source=""),
    ]
    return pd.DataFrame(rows, columns=[*COLUMNS])


def texts(figure) -> list[str]:
    return [text.get_text() for text in figure.axes[0].texts]


def test_every_verdict_is_said_in_words_and_drawn_as_a_cell(judged):
    figure, shown = draw(judged, ClaimsFigure(), PANELS)
    assert len(shown) == len(judged)
    assert {*VERDICTS} - {"not assessable"} <= {text.lstrip("✓✗?– ") for text in texts(figure)}
    assert "– not assessable elsewhere, for want of runs of both" in texts(figure)
    cells = [patch for patch in figure.axes[0].patches if patch.get_edgecolor()[:3] == (0.8, 0.8, 0.8)]
    assert len(cells) == 4 + len(LOOKS)


def test_numbers_are_those_of_the_table(judged):
    found = texts(draw(judged, ClaimsFigure(), PANELS)[0])
    assert found.count("0.1 (-0.1 to 0.3)") == 3
    assert {"-1 to 1", "above -1", "above 0", "7 seeds"} <= set(found)
    assert "slope\ndecides nothing: a rate at an edge" in found


def test_a_doubtful_effect_is_open(judged):
    axis = draw(judged, ClaimsFigure(), PANELS)[0].axes[0]
    faces = [line.get_markerfacecolor() for line in axis.lines if line.get_marker() == "o"]
    assert [face == "white" for face in faces] == [False, True, False]


def test_tasks_that_are_not_asked_for_are_left_out(judged):
    figure, shown = draw(judged, ClaimsFigure(), PANELS[:1])
    assert set(shown["task"]) == {"mlp", OVERALL}
    assert "WRN" not in texts(figure)


def position(value: float, region: tuple[float, float], low: float = np.nan, high: float = np.nan):
    ends = {"region_low": region[0], "region_high": region[1]}
    return places({"value": value, "low": low, "high": high} | ends)


@pytest.mark.parametrize("region", [(-1, 1), (0, np.inf), (-np.inf, 0.02), (0.3, 3), (-1.17, -0.83)])
@pytest.mark.parametrize("value", [-2.5, -1.0, 0.001, 0.5, 2.9, 40.0])
def test_a_value_is_in_the_shade_if_and_only_if_it_is_in_the_region(region, value):
    found = position(value, region, value - 0.1, value + 0.1)
    assert (found.region_low < found.value < found.region_high) == (region[0] < value < region[1])
    assert max(map(abs, found)) <= 1


def test_a_region_without_an_end_reaches_to_the_end_of_its_axis():
    assert position(2.0, (0, np.inf), -1, np.inf)[:2] == (0, 1)
    assert position(2.0, (0, np.inf), -1, np.inf).high == 1


def test_an_unknown_value_is_nowhere():
    found = position(np.nan, (-1, 1))
    assert np.isnan(found.value)
    assert found[:2] == pytest.approx((-1 / 3, 1 / 3))


def test_a_table_in_which_nothing_is_assessable_is_drawn(judged, tmp_path):
    lacking = pd.DataFrame([row("mlp", "not assessable")], columns=[*COLUMNS])
    make_figure("claims", lacking, ClaimsFigure(), PANELS, tmp_path / "fig")
    assert (tmp_path / "fig.pdf").stat().st_size > 0


def test_a_matrix_of_many_tasks_is_inside_of_its_figure(judged):
    many = [*PANELS, *(Panel(f"task{place}", f"Task with a long title, {place}", None) for place in range(30))]
    rows = [row(panel.task, "inconclusive", claim="C9") for panel in many]
    axis = draw(pd.DataFrame(rows, columns=[*COLUMNS]), ClaimsFigure(), many)[0].axes[0]
    assert max(patch.get_x() + patch.get_width() for patch in axis.patches) < axis.get_xlim()[1]
