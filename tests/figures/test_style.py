"""Figures depend on no setting of the environment, and show titles as they are typed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from temperature_check.figures.style import FRONT, as_typed, new_figure, paper_style, set_title
from tests.tables.test_markup import TITLES

DRAW = """
import sys
from pathlib import Path
from temperature_check.base.drawing import settle_drawing
settle_drawing()
from temperature_check.figures.style import new_figure, paper_style, set_title
with paper_style():
    figure = new_figure("A sentence", 1, 1)
    axis = figure.subplots()
    axis.plot([1, 2, 3], [1000.5, 20000, 3], label="line")
    axis.legend()
    set_title(axis, "costs $$ twice", "$τ_z$")
    figure.savefig("drawn.pdf", metadata={"CreationDate": None})
    figure.savefig("drawn.png")
"""
RC = """\
text.usetex: True
font.family: serif
font.size: 30
lines.linewidth: 9
lines.linestyle: :
axes.prop_cycle: cycler("color", ["ff0000"])
axes.formatter.use_locale: True
axes.facecolor: yellow
savefig.transparent: True
savefig.facecolor: green
figure.constrained_layout.use: True
agg.path.chunksize: 100
pdf.compression: 0
path.sketch: 1, 100, 2
patch.linewidth: 5
"""
ENVIRONMENTS = {
    "backend of a notebook": ({"MPLBACKEND": "module://matplotlib_inline.backend_inline"}, {}),
    "backend that does not exist": ({"MPLBACKEND": "junk"}, {}),
    "backend with windows": ({"MPLBACKEND": "TkAgg"}, {}),
    "matplotlibrc in the working directory": ({}, {"matplotlibrc": RC}),
    "matplotlibrc that is named": ({"MATPLOTLIBRC": "own/rc"}, {"own/rc": RC}),
    "matplotlibrc in a folder that is named": ({"MATPLOTLIBRC": "own"}, {"own/matplotlibrc": RC}),
    "matplotlibrc at home": ({"HOME": "."}, {".config/matplotlib/matplotlibrc": RC}),
    "matplotlibrc of the configuration": ({"MPLCONFIGDIR": "own"}, {"own/matplotlibrc": RC}),
    "no matplotlibrc at all": ({}, {"matplotlibrc": "\0 <junk> : : # \n\n\t:::"}),
    "matplotlibrc that is not text": ({}, {"matplotlibrc": b"\xff\xfe\x00lines"}),
    "language": ({"LC_ALL": "de_DE.UTF-8", "LANG": "de_DE.UTF-8"}, {}),
    "time": ({"TZ": "Asia/Tokyo", "SOURCE_DATE_EPOCH": "1"}, {}),
    "order of sets": ({"PYTHONHASHSEED": "7"}, {}),
}


def python(code: str, folder: Path, **environment: str) -> str:
    """What Python prints that runs the code in a folder."""
    own = {name: os.environ[name] for name in ("PATH", "PYTHONPATH", "HOME") if name in os.environ}
    command = [sys.executable, "-c", code]
    run = subprocess.run(command, cwd=folder, env=own | environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return run.stdout


@pytest.fixture(scope="module")
def usual(tmp_path_factory) -> dict[str, bytes]:
    return drawn(tmp_path_factory.mktemp("usual"))


def drawn(folder: Path, **environment: str) -> dict[str, bytes]:
    python(DRAW, folder, **environment)
    return {file.suffix: file.read_bytes() for file in folder.glob("drawn.*")}


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_figures_are_the_same_bytes_in_every_environment(name, usual, tmp_path):
    environment, files = ENVIRONMENTS[name]
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(text if isinstance(text, bytes) else text.encode())
    paths = {key: str(tmp_path / value) for key, value in environment.items() if key in ("HOME", "MPLCONFIGDIR")}
    assert drawn(tmp_path, **environment | paths) == usual


def test_the_style_leaves_the_settings_of_the_process_as_they_were():
    with matplotlib.rc_context({"lines.linewidth": 7, "text.usetex": True, "font.family": "serif"}):
        before = dict(plt.rcParams)
        with paper_style():
            assert plt.rcParams["lines.linewidth"] != 7
            assert not plt.rcParams["text.usetex"]
        assert dict(plt.rcParams) == before


def test_a_process_of_the_program_imports_matplotlib_whatever_the_environment_is(tmp_path):
    (tmp_path / "matplotlibrc").write_bytes(b"\xff\xfe\x00lines")
    code = "import os; from temperature_check import cli; cli.settle_drawing(); import keras; print(os.getcwd())"
    assert python(code, tmp_path, MPLBACKEND="junk", KERAS_BACKEND="jax").strip() == str(tmp_path)


def pixels(title: str, **style) -> np.ndarray:
    """The picture of a panel whose title is this text."""
    with paper_style():
        figure = new_figure("", 1, 1)
        canvas = FigureCanvasAgg(figure)
        figure.subplots().set_title(title, fontsize="small", **style)
        canvas.draw()
        return np.asarray(canvas.buffer_rgba())


@pytest.mark.parametrize("title", TITLES)
def test_titles_are_drawn_as_typed(title):
    assert np.array_equal(pixels(as_typed(title)), pixels(title, parse_math=False))


@pytest.mark.parametrize("title", ["costs $$ twice", r"$\foo$", "a$", "\\", r"\$", "$5 and $6"])
def test_titles_beside_formulas_are_drawn_as_typed(title):
    with paper_style():
        figure = new_figure("", 1, 1)
        axis = figure.subplots()
        set_title(axis, title, "$τ_z$")
        FigureCanvasAgg(figure).draw()
        first, second = axis.get_title().splitlines()
    text = axis.title
    assert text._preprocess_math(first) == (title, False)
    assert text._preprocess_math(second) == ("$τ_z$", True)


def test_long_titles_take_several_lines_of_their_panel():
    title = "a long title with many words " * 10
    figure = new_figure("", 1, 2)
    axis = figure.subplots(1, 2)[0]
    set_title(axis, title, "n = 3")
    *lines, last = axis.get_title().splitlines()
    assert " ".join(lines) == title.strip()
    assert max(map(len, lines)) < 60
    assert last == "n = 3"


def test_sentences_of_narrow_figures_take_several_lines():
    assert "\n" in new_figure("a sentence of many words " * 4, 1, 1).get_suptitle()
    assert "\n" not in new_figure("a sentence of many words " * 4, 1, 4).get_suptitle()


def test_marks_in_front_are_above_legends_and_notes():
    assert FRONT["zorder"] > max(matplotlib.legend.Legend.zorder, matplotlib.text.Text.zorder, 5)
