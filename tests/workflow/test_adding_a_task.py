"""docs/adding_a_task.md, followed literally: a network and a data set are added, and nothing is trained again."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from tests.conftest import ROOT, Project

DOCUMENT = ROOT / "docs/adding_a_task.md"


def blocks(heading: str) -> list[tuple[str, str, str]]:
    """(what is said before, kind, text) of each fenced block under a heading."""
    section = DOCUMENT.read_text().split(f"## {heading}\n")[1].split("\n## ")[0]
    found = []
    for part in re.finditer(r"^( *)```(\w+)\n(.*?)^ *```$", section, re.S | re.M):
        text = "".join(line.removeprefix(part[1]) for line in part[3].splitlines(keepends=True))
        before = section[: part.start()].rstrip().split("\n\n")[-1]
        found.append((" ".join(before.split()), part[2], text))
    return found


def follow(project: Project, heading: str) -> list[str]:
    """Apply every block of code under a heading, and return the studies in it."""
    studies = []
    for said, kind, text in blocks(heading):
        if kind == "yaml":
            studies.append(text)
        elif kind == "python":
            apply(project.root / re.search(r"`(workflow/[^`]+\.py)`", said)[1], said, text)
    return studies


def apply(file: Path, said: str, text: str) -> None:
    """One edit, as the line before its block says it."""
    if "new file" in said:
        assert not file.exists()
        file.write_text(text)
        return
    whole = file.read_text()
    if anchor := re.search(r"[Aa]dd before the line that begins with `([^`]+)`", said):
        assert whole.count(f"\n{anchor[1]}") == 1
        file.write_text(whole.replace(f"\n{anchor[1]}", f"\n{text.rstrip()}\n\n\n{anchor[1]}"))
        return
    anchor = re.search(r"[Rr]eplace the line that begins with `([^`]+)`", said)
    assert whole.count(f"\n{anchor[1]}") == 1
    start = whole.index(f"\n{anchor[1]}") + 1
    file.write_text(whole[:start] + text.rstrip() + whole[whole.index("\n", start) :])


@pytest.fixture
def followed(finished_project) -> tuple[Project, list[str]]:
    """The finished project after all that the document says, and the studies in it."""
    studies = [study for heading in ("A new network", "A new data set") for study in follow(finished_project, heading)]
    schema = finished_project.run("temperature-check", "schema")
    assert schema.returncode == 0, schema.stderr
    return finished_project, studies


def test_what_is_added_works_and_retrains_nothing(followed):
    project, studies = followed
    assert len(studies) == 2
    made = project.made()
    assert made.trained == 0
    assert "train" not in made.jobs
    for text in studies:
        study = yaml.safe_load(text)
        (project.root / "added.yaml").write_text(text)
        added = project.made(f"results/{study['study']}/runs.parquet", "--configfile", "added.yaml")
        assert added.trained > 0
        for name in study["tasks"]:
            assert (project.root / f"results/{study['study']}/rates/{name}.json").exists()


@pytest.mark.long
def test_an_edit_of_a_network_retrains_its_runs_and_no_other(finished_project):
    networks = finished_project.root / "workflow/temperature_check/networks"
    (networks / "gru.py").write_text((networks / "gru.py").read_text().replace("unroll=True", "unroll=False"))
    assert finished_project.made().jobs == {}
    (networks / "mlp.py").write_text((networks / "mlp.py").read_text().replace('"he_normal"', '"lecun_normal"'))
    assert finished_project.made().trained == 2 * 2 + 2 * 2
