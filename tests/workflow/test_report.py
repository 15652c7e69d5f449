"""The report of a finished study, `snakemake --report`."""

from __future__ import annotations

import html
import json
import re

from temperature_check.study import SWEEP_FIGURES
from tests.conftest import ROOT, Project

CAPTION = re.compile(r'"name": "fig_(\w+)\.pdf"[^{}]*?"caption": ("(?:[^"\\]|\\.)*")')
BRANCH = re.compile(r'figure == "(\w+)" %}\n(.*?)\n{%', flags=re.DOTALL)


def captions(project: Project, *targets: str) -> dict[str, str]:
    """The captions in a report of `targets`, by figure, as plain text."""
    result = project.snakemake(*targets, "--report", "report.html")
    assert result.returncode == 0, result.stderr
    found = CAPTION.findall((project.root / "report.html").read_text())
    return {figure: words(html.unescape(re.sub("<.*?>", "", json.loads(caption)))) for figure, caption in found}


def written() -> dict[str, str]:
    """The captions as they are written, by figure."""
    source = (ROOT / "workflow/report/figures.rst").read_text()
    return {figure: words(caption) for figure, caption in BRANCH.findall(source)}


def words(text: str) -> str:
    return " ".join(text.split())


def test_report_has_every_figure_with_its_own_caption(finished_project):
    assert captions(finished_project) == {figure: written()[figure] for figure in SWEEP_FIGURES}
