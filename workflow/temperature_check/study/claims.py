"""What the claims' verdicts need to know of a study. docs/claims.md has their rules."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from temperature_check.study.types import Name, Positive, Settings, distinct

Tasks = Annotated[tuple[Name, ...], AfterValidator(distinct)]


class ClaimSettings(Settings):
    """The practical size of a difference, and the tasks that some claims compare."""

    margin: Positive = 0.5
    """Smallest difference of test accuracy that matters, in points."""
    margins: dict[Name, Positive] = Field(default_factory=dict)
    """The same for single tasks, by their names."""
    depths: Tasks = ()
    """Tasks with ReLU networks of several depths, whose largest stable rates are compared."""
    steps: Tasks = ()
    """Two tasks with tanh networks whose largest stable rates are of different numbers of steps."""
