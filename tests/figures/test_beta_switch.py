"""The figure of switches of β and of smoothed labels, of tables with known truth."""

from __future__ import annotations

import pandas as pd
import pytest

from temperature_check.figures.beta_switch import draw
from temperature_check.figures.style import paper_style
from temperature_check.study.figures import BetaSwitch, Panel
from tests.evaluation.test_mechanism import CONFIDENCES, smoothings, switches

PANEL = Panel("mlp", "MLP", None, pairs=((1.0, 100.0),))
POINTS = {(1.0, 0.0): 95, (1.0, 0.1): 95, (1.0, 0.2): 95, (100.0, 0.0): 92, (100.0, 0.1): 92}


@pytest.fixture
def table() -> pd.DataFrame:
    back = switches({100: 0.0, 300: 0.0}, first=100.0, second=1.0)
    return pd.concat([switches({100: 0.5, 300: 1.0}), back, smoothings(CONFIDENCES, POINTS)], ignore_index=True)


def drawn(table: pd.DataFrame, *panels: Panel):
    with paper_style():
        return draw(table, BetaSwitch(), [*panels] or [PANEL])


def titles(figure) -> list[str]:
    return [axis.get_title() for axis in figure.axes]


def test_titles_say_direction_seeds_share_and_equal_confidence(table):
    there, back, equal = titles(drawn(table)[0])
    assert "from β = 1 to 100" in there
    assert "n = 12 seeds" in there
    assert "of the gap left after the last switch" in there
    assert "from β = 100 to 1" in back
    assert "β = 100 minus 1, n = 12 seeds" in equal
    assert "−3.0 (−3" in equal
    assert "at equal confidence" in equal


def test_numbers_have_each_arm_at_each_step_and_each_smoothing(table):
    numbers = drawn(table)[1]
    arms = numbers[numbers["first"] == 1.0].groupby("series")["switch_step"].apply(list)
    assert arms["switched"] == arms["jump"] == arms["share left"] == [100, 300]
    shares = numbers[(numbers["series"] == "share left") & (numbers["first"] == 1.0)]["share"]
    assert shares.tolist() == pytest.approx([0.5, 1.0], abs=0.06)
    smoothed = numbers[numbers["series"] == "smoothed"]
    assert set(zip(smoothed["beta"], smoothed["label_smoothing"])) == set(CONFIDENCES)


def test_a_control_that_is_the_same_as_keeping_beta_is_left_out(table):
    first = table[table["arm"] == "first"].set_index(["first", "switch_step", "seed"])["points"]
    same = table.copy()
    arms = same["arm"] == "effective_rate"
    same.loc[arms, "points"] = first.loc[
        pd.MultiIndex.from_frame(same.loc[arms, ["first", "switch_step", "seed"]])
    ].to_numpy()
    bars = [len(drawn(one)[0].axes[0].containers) for one in (table, same)]
    assert bars == [4, 3]


def test_medians_below_the_axis_are_marked_at_its_edge(table):
    axis = drawn(table)[0].axes[0]
    low = axis.get_ylim()[0]
    assert table.loc[table["arm"] == "rate", "points"].max() < low
    edge = [line for line in axis.lines if line.get_transform() == axis.get_xaxis_transform() and len(line.get_xdata())]
    assert len(edge) == 1
    assert edge[0].get_marker() == "v"


def test_failed_switches_and_gaps_that_are_not_shown_are_said(table):
    lost = table.assign(failed=(table["arm"] == "switched").astype(float))
    assert "12 of 12 runs failed after the last switch" in titles(drawn(lost)[0])[0]
    equal = table["arm"].isin(["first", "second"])
    alike = table.assign(points=table["points"].mask(equal, table["seed"] % 3))
    assert "no gap is shown" in titles(drawn(alike)[0])[0]


def test_one_row_for_each_pair_and_a_part_without_runs_says_so(table):
    only = table[table["phase"] == "switch"]
    figure, _ = drawn(only, Panel("mlp", "MLP", None, pairs=((1.0, 100.0), (0.1, 1.0))))
    assert len(figure.axes) == 6
    assert "no runs" in titles(figure)[2]
    assert "no runs" in titles(figure)[3]
