"""The report says what the tables say, in sentences."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from temperature_check.claims.judge import judge
from temperature_check.claims.measures import tasks_of
from temperature_check.tables.page import write_page
from temperature_check.tables.report import Tables, write_report
from tests.claims.test_measures import peaked, sweep

TITLES = {"mlp": "An MLP | deep"}


@pytest.fixture
def runs() -> pd.DataFrame:
    table = sweep(peaked(1.0, width=0.004))
    hardware = {"hardware": "a processor", "device": "cpu", "backend": "tensorflow", "versions": "numpy 2"}
    constant = hardware | {"dataset": "digits", "train_examples": 300, "data": "abc", "failure": ""}
    return table.assign(**constant, seconds=6.0, key=np.arange(len(table)).astype(str))


def report(runs: pd.DataFrame, path) -> dict[str, str]:
    claims = judge(tasks_of({"mlp": (0.5, 3, False)}, runs), {})
    write_report("small", TITLES, Tables(claims, runs), path / "report.md")
    parts = (path / "report.md").read_text().split("\n## ")
    return dict(part.split("\n\n", 1) for part in parts[1:])


def test_it_counts_runs_failures_and_time(runs, tmp_path):
    failed = (runs["phase"] == "tune") & (runs["scaled_learning_rate"] == 1.0) & (runs["beta"] == 1.0)
    runs.loc[failed, ["status", "failure"]] = ["failed", "diverged"]
    runs.loc[runs.index[-1], "status"] = "unreachable"
    said = report(runs, tmp_path)["What was run"]
    assert "- digits, 300 training examples, β 0.001 to 100, ‖Z0‖ 0.0004, 12 tuning and 30 report seeds" in said
    assert r"seeds: mlp (An MLP \| deep)." in said
    assert "461 different runs of sweeps took 46 minutes on a processor (cpu) with numpy 2" in said
    assert "12 of 252 tuning and 0 of 209 report runs failed: 12 diverged." in said
    assert "No network has the ‖Z0‖ of 1 more runs." in said


def test_a_run_that_two_tasks_share_took_its_time_once(runs, tmp_path):
    both = pd.concat([runs, runs.assign(task="again")])
    assert "462 different runs of sweeps took 46 minutes" in report(both, tmp_path)["What was run"]


def test_it_counts_experiments_and_no_run_of_the_sweep_again(runs, tmp_path):
    smoothed = runs[runs["phase"] == "report"].assign(phase="smoothing", label_smoothing=0.0)
    new = smoothed.head(30).assign(label_smoothing=0.1, key=[f"smoothed {number}" for number in range(30)])
    switched = new.head(20).assign(
        phase="switch", label_smoothing=np.nan, key=[f"switched {n % 10}" for n in range(20)]
    )
    claims = judge(tasks_of({"mlp": (0.5, 3, False)}, runs), {})
    tables = Tables(claims, runs, events=runs.head(7), mechanism=pd.concat([smoothed, new, switched]))
    write_report("small", TITLES, tables, tmp_path / "report.md")
    said = (tmp_path / "report.md").read_text()
    assert "7 runs on early learning, 10 runs that switch β, with controls, 30 runs with smoothed labels, " in said


def test_it_says_what_was_found_not_decided_and_not_assessable(runs, tmp_path):
    said = report(runs, tmp_path)
    assert r"- C10a, *Some β in \[0.01, 10\] does well for all networks*: **reproduced**; " in said["What was found"]
    assert "improves all networks*: **not reproduced**; " in said["What was found"]
    assert "- C11: best accuracy at β = 0.001 minus that at 1 (mlp) needs an unknown" in said["What was not decided"]
    assert "C10a" not in said["What was not decided"] + said["Not assessable"]
    assert "No task can assess C1 (learning curves), " in said["Not assessable"]
    assert "N1a (largest stable rates at three β ≤ 0.1, of two depths of ReLU networks)" in said["Not assessable"]


def test_what_is_open_comes_with_the_seeds_that_would_decide_it(runs, tmp_path):
    few = runs[(runs["phase"] == "tune") | runs["seed"].isin(range(100, 104))]
    assert " seeds, has 4." in report(few, tmp_path)["What was not decided"]


def test_a_doubt_is_given_as_the_reason(runs, tmp_path):
    unfit = runs.assign(fitted=False)
    assert ": a tuning seed did not fit." in report(unfit, tmp_path)["What was not decided"]


def test_another_task_costs_no_more_than_its_name(runs, tmp_path):
    words = {}
    for number in (1, 30):
        names = [f"mlp{one}" for one in range(number)]
        many = pd.concat([runs.assign(task=name) for name in names])
        claims = judge(tasks_of(dict.fromkeys(names, (0.5, 3, False)), many), {})
        write_report("many", dict.fromkeys(names, "An MLP"), Tables(claims, many), tmp_path / "report.md")
        words[number] = len((tmp_path / "report.md").read_text().split())
    assert words[1] < 500
    assert words[30] < words[1] + 29 * 3 + 50


def test_a_page_shows_tables_and_runs_no_scripts(tmp_path):
    source = tmp_path / "text.md"
    source.write_text("# Head\n\n| a | b |\n|---|---|\n| 1 | <script>alert(1)</script> |\n")
    write_page(source, tmp_path / "text.html")
    page = (tmp_path / "text.html").read_text()
    assert "<h1>Head</h1>" in page
    assert '<div class="wide"><table>' in page
    assert "<script" not in page


def test_a_page_of_settings_shows_them_as_they_are(tmp_path):
    source = tmp_path / "config.yaml"
    source.write_text("study: <b>\n  key: 1\n")
    write_page(source, tmp_path / "config.html")
    assert "<pre>study: &lt;b&gt;\n  key: 1\n</pre>" in (tmp_path / "config.html").read_text()
