"""The report of a finished study, `snakemake --report`."""

from __future__ import annotations

import html
import json
import re

from temperature_check.study.figures import FIGURES, SWEEP_FIGURES
from tests.conftest import ROOT, Project

REPORT = ROOT / "workflow/report"
CAPTION = re.compile(r'"name": "fig_(\w+)\.png"[^{}]*?"caption": ("(?:[^"\\]|\\.)*")')
CATEGORIES = re.compile(r"var categories = (\{.*?\});")


def captions(project: Project, *targets: str) -> dict[str, str]:
    """The captions in a report of `targets`, by figure, as plain text."""
    result = project.snakemake(*targets, "--report", "report.html")
    assert result.returncode == 0, result.stderr
    found = CAPTION.findall((project.root / "report.html").read_text())
    return {figure: words(html.unescape(re.sub("<.*?>", "", json.loads(caption)))) for figure, caption in found}


def written(*figures: str) -> dict[str, str]:
    """The captions of `figures` as they are written, each in a file of its own."""
    return {figure: words((REPORT / f"{figure}.rst").read_text()) for figure in figures}


def words(text: str) -> str:
    return " ".join(text.split())


def test_report_has_every_figure_with_its_own_caption(finished_project):
    found = captions(finished_project)
    figures = ["claims", *(figure for figure in SWEEP_FIGURES if figure != "kernel_change")]
    assert {figure: caption.split(" Shown: ")[0] for figure, caption in found.items()} == written(*figures)
    shown = {figure: caption.split(" Shown: ")[1] for figure, caption in found.items()}
    assert shown["beta_sweep"] == "MLP (digits, 60 training examples, n = 2 report seeds)."


def test_report_begins_with_claims_and_has_everything_in_itself(finished_project):
    assert finished_project.snakemake("--report", "report.html").returncode == 0
    text = (finished_project.root / "report.html").read_text()
    categories = json.loads(CATEGORIES.search(text)[1])
    # The menu of the report sorts them.
    assert min(categories) == "1 Claims"
    names = {
        key: [path.rpartition("/")[2] for paths in found.values() for path in paths]
        for key, found in categories.items()
    }
    assert sorted(names["1 Claims"]) == ["claims.html", "fig_claims.png", "report.html"]
    assert "fig_beta_sweep.png" in names["2 Figures"]
    assert names["3 Tables"] == ["runs.parquet", "tuned_beta.html"]
    assert names["4 Configuration"] == ["configuration.html"]
    assert (REPORT / "report.css").read_text() in text
    assert not re.findall(r'<(?:script|link|img)[^>]*(?:src|href)="http', text)


def test_every_figure_has_a_caption_of_its_own():
    assert len({*written(*FIGURES).values()}) == len(FIGURES)
