"""The searches of an adaptive phase, in which each run depends on the records of earlier runs."""

from __future__ import annotations

import importlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, ClassVar

from temperature_check.base.record import Record
from temperature_check.runs.run import Run

if TYPE_CHECKING:
    from temperature_check.study.phases import Phase


class NotTrained(LookupError):
    """A required record is not stored, and its run must not be trained."""


class Search(ABC):
    """A sequence of runs, each of which depends on the records of earlier ones.

    first: the first run. most: the lengths of the runs of the longest possible search. base: those of a search in which
    nothing has to be repeated, extended or lengthened. judged_by: the arrays of records that it looks at.
    """

    first: Run
    most: Sequence[float]
    base: Sequence[float]
    judged_by: ClassVar[tuple[str, ...]]

    @abstractmethod
    def runs(self, record: Callable[[Run], Record]) -> Iterator[Run]:
        """The runs, as they become known.

        record: returns the record of a run. It either trains a run that is not stored, or raises NotTrained, which
        ends the known runs.
        """


def searches(phase: Phase) -> list[Search]:
    """The searches of an adaptive phase, independent of each other."""
    return importlib.import_module(f"temperature_check.adaptive.{phase.adaptive}").searches(phase)


def known_runs(search: Search, record: Callable[[Run], Record]) -> tuple[list[Run], bool]:
    """The runs of a search whose records are stored, and whether the search is finished."""
    known: list[Run] = []
    runs = search.runs(record)
    while True:
        try:
            known.append(next(runs))
        except StopIteration:
            return known, True
        except NotTrained:
            return known[:-1], False
