"""The report of a finished study, `snakemake --report`."""

from __future__ import annotations

import html
import json
import re

from temperature_check.study.figures import FIGURES, SWEEP_FIGURES
from tests.conftest import ROOT, Project

REPORT = ROOT / "workflow/report"
CAPTION = re.compile(r'"name": "fig_(\w+)\.pdf"[^{}]*?"caption": ("(?:[^"\\]|\\.)*")')


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
    assert captions(finished_project) == written(*(figure for figure in SWEEP_FIGURES if figure != "kernel_change"))


def test_every_figure_has_a_caption_of_its_own():
    assert len({*written(*FIGURES).values()}) == len(FIGURES)
