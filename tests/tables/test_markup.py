"""Titles are read in Markdown and in LaTeX as they were typed, and a row stays a row."""

from __future__ import annotations

import html
import re

import pandas as pd
import pytest

from temperature_check.study.figures import TunedBeta
from temperature_check.tables.markup import latex
from temperature_check.tables.render import make_table
from tests.tables.test_tuned_beta import task_runs

TITLES = (
    *("costs $$ twice", "$5 and $6", r"$\foo$", r"100 % \alpha_{x}", "a_b^c", "MLP | 16 units", "<b>html</b>", "| |"),
    *("*bold* _it_ `code`", "[a](b)", "#1", "~", "~~gone~~", "\\", "\\\\", "\\|", "&", "&amp; &#36;", "{x}", "![a](b)"),
    *("MLP, 2 × 256 units", "Réseau à étages", "‖Z0‖ at η̃ = 1, β ≤ 2", "<!-- a -->", "a -- b --- c", "**", "^2^", "--"),
    *("[1] first", "*", "'quoted' \"twice\"", "``", "<https://a.b>", "`", "#", "- a", "1. a", "$", "$$", "| a", "a |"),
)


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> dict[str, str]:
    """A table with a row for each title, by format."""
    runs = task_runs({1.0: 0.9, 10.0: 0.8}, {1.0: [0.9, 0.91], 10.0: [0.8, 0.82]})
    tasks = {f"task{number}": title for number, title in enumerate(TITLES)}
    stem = tmp_path_factory.mktemp("table") / "table"
    make_table("tuned_beta", pd.concat([runs.assign(task=task) for task in tasks]), TunedBeta(), tasks, stem)
    return {extension: stem.with_suffix(f".{extension}").read_text() for extension in ("csv", "md", "tex")}


def test_markdown_shows_titles_as_typed(files):
    markdown_it = pytest.importorskip("markdown_it")
    rendered = markdown_it.MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(files["md"])
    rows = re.findall(r"<tr>(.*?)</tr>", rendered, re.DOTALL)[1:]
    cells = [re.findall(r"<td[^>]*>(.*?)</td>", row, re.DOTALL) for row in rows]
    assert {len(row) for row in cells} == {13}
    assert [html.unescape(row[0]) for row in cells] == list(TITLES)
    assert not re.search("<(b|em|code|a|del|img|strong)[ >]", rendered)


def test_rows_of_markdown_are_split_by_their_own_bars_only(files):
    rows = [re.split(r"(?<!\\)(?:\\\\)*\|", row) for row in files["md"].split("\n\n")[0].splitlines()]
    assert {len(row) for row in rows} == {15}
    assert len(rows) == 2 + len(TITLES)


def test_no_dollar_begins_a_formula_in_markdown(files):
    assert not re.search(r"(?<!\\)\$", files["md"])


def shown(text: str) -> str:
    """What LaTeX shows of text that `latex` wrote, by undoing what each command stands for."""
    commands = {r"\textbackslash{}": "\\", r"\textasciitilde{}": "~", r"\textasciicircum{}": "^", r"\textless{}": "<"}
    commands |= {r"\textgreater{}": ">", r"\textbar{}": "|", r"\textasciigrave{}": "`", r"\textquotesingle{}": "'"}
    commands |= {r"{\ttfamily\char34}": '"', r"$\|$": "‖", r"$\times$": "×", r"$\leq$": "≤", r"$\beta$": "β"}
    commands |= {r"$\tilde{\eta}$": "η̃", "-{}": "-", "{[}": "[", "{]}": "]", "{*}": "*"}
    commands |= {f"\\{character}": character for character in "{}&%$#_"}
    return re.sub("|".join(map(re.escape, commands)), lambda found: commands[found[0]], text)


def test_latex_shows_titles_as_typed(files):
    body = files["tex"].split(r"\midrule")[1].split(r"\bottomrule")[0].strip().splitlines()
    assert [shown(re.split(r"(?<!\\)&", row)[0].strip()) for row in body] == list(TITLES)
    assert {len(re.split(r"(?<!\\)&", row)) for row in body} == {13}


def test_latex_of_a_title_is_no_argument_of_the_line_above(files):
    after = re.findall(r"(?:\\\\|\\midrule)\n(.)", files["tex"])
    assert len(after) >= len(TITLES)
    assert not set(after) & set("[*")


@pytest.mark.parametrize("title", TITLES)
def test_latex_is_balanced_and_has_no_character_that_pdftex_lacks(title):
    text = latex(title)
    plain = re.sub(r"\\[{}&%$#_|]", "", text)
    assert plain.count("{") == plain.count("}")
    assert plain.count("$") % 2 == 0
    assert all(ord(character) < 0x180 for character in text)
    assert not re.search(r"--|``|''|[<>|]", plain.replace(r"\|", ""))


def test_csv_holds_titles_as_typed(files, tmp_path):
    (tmp_path / "table.csv").write_text(files["csv"])
    assert pd.read_csv(tmp_path / "table.csv")["title"].tolist() == list(TITLES)
