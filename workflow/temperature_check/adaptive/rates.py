"""The search for the learning rate of each cell, and for the number of epochs in which it fits the training data."""

from __future__ import annotations

import itertools
import math
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from temperature_check.adaptive.search import Search
from temperature_check.base.record import Record
from temperature_check.runs.outcome import begun, train_accuracy
from temperature_check.runs.rates import best_rate
from temperature_check.runs.run import Run

if TYPE_CHECKING:
    from temperature_check.study.phases import Phase
    from temperature_check.study.tasks import Task

Train = Generator[Run, None, "Outcomes"]


class Outcome(NamedTuple):
    """How a run did. score: validation accuracy, and chance if the run failed."""

    score: float
    begun: bool
    fitted: bool


Outcomes = Mapping[float, list[Outcome]]
"""By rate, the outcomes of its seeds. A rate with which no seed reached its ‖Z0‖ is left out."""
FIRST_SEED, FINAL = "first seed", "final"
"""The names of the rounds after the rungs, whose names are their numbers."""


class Round(NamedTuple):
    """A round of a search at a length: a rung, the runs of the first seed between lengths, or the final runs.

    run_length: the length of its runs, of which a rung has a fraction. verdicts: by rate; `kept` or `eliminated`, and
    of final runs `best` or `not best`.
    """

    name: str
    length: float
    run_length: float
    found: Outcomes
    verdicts: dict[float, str]


def searches(phase: Phase) -> list[CellSearch]:
    """The searches of a tuning phase, one per cell."""
    return [CellSearch(phase, run) for run in phase.first_runs()]


class CellSearch(Search):
    """The search of a cell."""

    judged_by = ("history_accuracy", "epoch_accuracy")

    def __init__(self, phase: Phase, first: Run):
        self.first, self._task, self._judge = first, phase.task, Judge.of(phase)

    @property
    def most(self) -> list[float]:
        """The lengths of its runs if no rung eliminates a rate, and if no length but the last settles the cell.

        A run that two rungs share counts once.
        """
        grid, search = self._task.grid, self._task.search
        count = len(grid.scaled_learning_rate)
        final = count + beyond(search.bounds, sorted(grid.scaled_learning_rate))
        runs = set()
        for length in self._task.lengths:
            for rung in search.rungs:
                runs |= set(itertools.product(range(count), range(rung.seeds), (length * rung.length,)))
            runs |= set(itertools.product(range(final), range(len(grid.tuning_seeds)), (length,)))
        return [length for *_, length in runs]

    @property
    def base(self) -> list[float]:
        """The lengths of its runs if all of them fit at length 1, and if the rate in the middle of the grid is best."""
        rates = sorted(self._task.grid.scaled_learning_rate)
        middle = rates[len(rates) // 2]

        def outcome(run: Run) -> Outcome:
            return Outcome(-abs(math.log(run.scaled_learning_rate / middle)), True, True)

        return [run.length for run in _Attempt(self.first, self._task, outcome).runs()]

    def runs(self, record: Callable[[Run], Record]) -> Iterator[Run]:
        """Search at each length, until all seeds fit the training data at the rate that is best at this length."""
        return self._attempt(record).runs()

    def rounds(self, record: Callable[[Run], Record]) -> list[Round]:
        """The rounds of the search, which are those of its records, whichever job trained them."""
        attempt = self._attempt(record)
        deque(attempt.runs(), maxlen=0)
        return attempt.rounds

    def _attempt(self, record: Callable[[Run], Record]) -> _Attempt:
        return _Attempt(self.first, self._task, lambda run: self._judge(record(run)))


class _Attempt:
    """A search on its way. known: the outcomes of its runs so far. rounds: those that are finished."""

    def __init__(self, first: Run, task: Task, outcome: Callable[[Run], Outcome | None]):
        self.first, self.search, self.lengths, self.outcome = first, task.search, task.lengths, outcome
        self.rates, self.seeds = sorted(task.grid.scaled_learning_rate), task.grid.tuning_seeds
        self.known: dict[Run, Outcome | None] = {}
        self.rounds: list[Round] = []

    def runs(self) -> Iterator[Run]:
        for length in self.lengths:
            found = yield from self._at_length(length)
            if not found or all(outcome.fitted for outcome in found[_best(found)]):
                return

    def _at_length(self, length: float) -> Train:
        """The final outcomes at a length. They are of one seed between the first and the last length if none fits."""
        rates = yield from self._after_rungs(length)
        if length not in (self.lengths[0], self.lengths[-1]):
            found = yield from self._trained(rates, length, self.seeds[:1])
            fits = any(outcomes[0].fitted for outcomes in found.values())
            self._note(FIRST_SEED, length, length, found, rates if fits else [])
            if not fits:
                return found
        found = yield from self._trained(rates, length, self.seeds)
        while found and (rate := self._next_rate(found)):
            found = {**found, **(yield from self._trained([rate], length, self.seeds))}
        self._note(FINAL, length, length, found, [_best(found)] if found else [])
        return found

    def _after_rungs(self, length: float) -> Generator[Run, None, Sequence[float]]:
        rates = self.rates
        for number, rung in enumerate(self.search.rungs, start=1):
            found = yield from self._trained(rates, length * rung.length, self.seeds[: rung.seeds])
            rates = survivors(found, self.search.keep)
            self._note(str(number), length, length * rung.length, found, rates)
        return rates

    def _note(self, name: str, length: float, run_length: float, found: Outcomes, kept: Sequence[float]) -> None:
        yes, no = ("best", "not best") if name == FINAL else ("kept", "eliminated")
        verdicts = {rate: yes if rate in kept else no for rate in sorted(found)}
        self.rounds.append(Round(name, length, run_length, found, verdicts))

    def _trained(self, rates: Iterable[float], length: float, seeds: Sequence[int]) -> Train:
        found: dict[float, list[Outcome]] = {}
        # Runs of one seed share its data and the weights that it draws.
        for seed, rate in itertools.product(seeds, rates):
            run = replace(self.first, scaled_learning_rate=rate, seed=seed, length=length)
            if run not in self.known:
                yield run
                self.known[run] = self.outcome(run)
            if self.known[run]:
                found.setdefault(rate, []).append(self.known[run])
        return found

    def _next_rate(self, found: Outcomes) -> float | None:
        """The rate to try next if the best one is the lowest that was trained in full, or at an end of the grid."""
        best, tried = _best(found), sorted(found)
        lower = [rate for rate in self.rates if rate < tried[0]]
        if best == tried[0] and lower:
            return lower[-1]
        return next_beyond(sorted({*self.rates, *tried}), best, self.search.bounds)


class Judge:
    """Judges records of runs. limit: accuracy at or below which a run has failed. chance: that of random answers."""

    def __init__(self, limit: float, chance: float, fitted_above: float):
        self.limit, self.chance, self.fitted_above = limit, chance, fitted_above

    @classmethod
    def of(cls, phase: Phase) -> Judge:
        """The judge of a phase's runs."""
        settings, classes = phase.study.evaluation, phase.data.classes
        return cls(settings.failed_below / classes, 1 / classes, settings.fitted_above)

    def __call__(self, record: Record) -> Outcome | None:
        """The outcome of a run; None if it did not reach its ‖Z0‖."""
        if record.facts["status"] == "unreachable":
            return None
        accuracy = record.facts.get("validation_accuracy", 0.0)
        failed = accuracy <= self.limit
        fitted = not failed and train_accuracy(record) >= self.fitted_above
        return Outcome(self.chance if failed else accuracy, begun(record, self.limit), fitted)


def survivors(found: Outcomes, keep: float) -> list[float]:
    """The rates that a rung keeps: the best share `keep`, each with its lower neighbour, in rising order.

    All are kept while no run has left the plateau at which it began, because such runs do not tell rates apart.
    """
    rates = sorted(found)
    if not any(outcome.begun for outcomes in found.values() for outcome in outcomes):
        return rates
    ranked = sorted(rates, key=lambda rate: (-mean_score(found[rate]), rate))
    kept = {rates.index(rate) for rate in ranked[: math.ceil(keep * len(rates))]}
    return [rate for index, rate in enumerate(rates) if index in kept or index + 1 in kept]


def next_beyond(rates: Sequence[float], best: float, bounds: tuple[float, float] | None) -> float | None:
    """The next rate beyond the end of `rates` at which `best` is, at the distance of the last two.

    None if it would be out of `bounds`, if there are none, or if `best` is at no end.

    >>> next_beyond([0.1, 1.0, 10.0], 10.0, (0.01, 200)), next_beyond([0.1, 1.0], 1.0, (0.1, 9))
    (100.0, None)
    """
    if not bounds or len(rates) < 2 or best not in (rates[0], rates[-1]):
        return None
    ratio = rates[0] / rates[1] if best == rates[0] else rates[-1] / rates[-2]
    rate = float(f"{best * ratio:.12g}")
    return rate if bounds[0] <= rate <= bounds[1] else None


def beyond(bounds: tuple[float, float] | None, rates: Sequence[float]) -> int:
    """The largest number of rates that a search can try beyond the ends of rising `rates`."""
    counts = []
    for end in (0, -1):
        every = [*rates]
        while rate := next_beyond(every, every[end], bounds):
            every = sorted({*every, rate})
        counts.append(len(every) - len(rates))
    return max(counts)


def _best(found: Outcomes) -> float:
    return best_rate({rate: mean_score(outcomes) for rate, outcomes in found.items()})


def mean_score(outcomes: list[Outcome]) -> float:
    """The mean validation accuracy of a rate's seeds, with failed runs at chance."""
    return float(np.mean([outcome.score for outcome in outcomes]))
