"""Output on terminals that lack letters, into pipes that close, and onto disks that are full."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from temperature_check.base.terminal import SPELL, settle_terminal
from tests.conftest import ROOT

PROGRAM = [sys.executable, "-m", "temperature_check"]


def run(*arguments: str, encoding: str = "utf-8", shell: str = "", **environment: str) -> subprocess.CompletedProcess:
    """A command in the checkout; `shell` is what follows it on the line of a shell."""
    known = os.environ | {"PYTHONPATH": str(ROOT / "workflow"), "PYTHONIOENCODING": encoding} | environment
    line = " ".join([*PROGRAM, *arguments, shell])
    return subprocess.run(["bash", "-c", line], cwd=ROOT, env=known, capture_output=True)


@pytest.mark.parametrize("encoding", ["latin-1", "ascii", "ascii:strict", "cp1252"])
@pytest.mark.parametrize("arguments", [["schema"], ["--help"], ["resolve", "config/none.yaml", "--output", "x‖β"]])
def test_letters_that_a_terminal_lacks_are_spelled(encoding, arguments):
    result = run(*arguments, encoding=encoding)
    output = (result.stdout + result.stderr).decode(encoding.partition(":")[0])
    assert "Traceback" not in output
    assert result.returncode == (arguments[0] == "resolve")
    assert arguments[0] == "resolve" or "beta" in output


def test_spelling(monkeypatch):
    stream = io.TextIOWrapper(io.BytesIO(), encoding="latin-1")
    monkeypatch.setattr(sys, "stdout", stream)
    settle_terminal()
    print("β ≤ 1, ‖Z0‖ × η, 数 \udcff é", end="", flush=True)
    assert stream.buffer.getvalue().decode("latin-1") == "beta <= 1, |Z0| × eta, ? ? é"
    assert stream.errors == SPELL


def test_a_closed_stream_is_left_alone(monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)
    settle_terminal()


@pytest.mark.parametrize("arguments", [["schema"], ["--help"], ["--version"]])
def test_a_closed_pipe_is_quiet(arguments):
    result = run(*arguments, shell="| head -c 1 > /dev/null")
    assert (result.returncode, result.stderr) == (0, b"")
    assert run(*arguments, shell="| true").stderr == b""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_a_full_disk_is_one_line():
    result = run("schema", shell="> /dev/full")
    assert result.returncode == 1
    assert result.stderr.decode().splitlines() == ["error: input or output: No space left on device"]


def test_messages_have_no_colors_off_a_terminal():
    assert b"\x1b" not in run("status", "--study", "none.yaml", FORCE_COLOR="1").stderr
