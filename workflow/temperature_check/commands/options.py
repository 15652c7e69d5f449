"""Options and logging that commands share."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Annotated

import typer

from temperature_check.base.terminal import MessageFormatter

log = logging.getLogger("temperature_check")

StudyFile = Annotated[Path, typer.Argument(help="Study file, such as config/config.yaml or results/STUDY/config.yaml.")]
StudyOption = Annotated[Path, typer.Option("--study", "--configfile", help="Study file.")]
Output = Annotated[Path, typer.Option(help="File to write.")]
DataFile = Annotated[Path, typer.Option(help="Data set that `prepare` wrote.")]
StoreFolder = Annotated[Path, typer.Option(help="Folder of finished runs.")]
LogFile = Annotated[Path | None, typer.Option(help="File for progress and errors, in addition to the terminal.")]


def log_to(path: Path | None = None) -> None:
    """Show progress on the terminal and, if a path is given, in a file."""
    log.setLevel(logging.INFO)
    if path:
        path.parent.mkdir(parents=True, exist_ok=True)
        log.addHandler(file := logging.FileHandler(path, encoding="utf-8"))
        file.setFormatter(logging.Formatter("%(asctime)s %(message)s"))


def log_to_terminal() -> None:
    """Show warnings and errors on the terminal, and progress if `log_to` asks for it."""
    # Libraries give the root logger a handler, which would print every message again.
    log.propagate = False
    terminal = logging.StreamHandler()
    terminal.setFormatter(MessageFormatter("%(message)s"))
    log.handlers = [terminal]
