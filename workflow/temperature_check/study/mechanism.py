"""Experiments on where an effect of β comes from: runs that switch β, and smoothed labels at equal confidence.

Their runs are report runs with one change, at the chosen rates of a pair of β.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from temperature_check.runs.run import Run
from temperature_check.runs.variants import Smoothed, Switched
from temperature_check.study.types import Count, Fraction, NotNegative, OpenFraction, Positive, Settings, distinct

Pair = tuple[Positive, Positive]
Settled = Mapping[float, tuple[float | None, float]]
"""By β, the chosen rate ηβ, None before tuning, and the length of the runs."""
PHASES = ("switch", "smoothing")


def _two(pairs: tuple[Pair, ...]) -> tuple[Pair, ...]:
    if same := [pair for pair in pairs if pair[0] == pair[1]]:
        raise ValueError(f"should be pairs of different β; {list(same[0])} is none")
    return distinct(tuple(tuple(sorted(pair)) for pair in pairs))


class Switch(Settings):
    """Runs that change from one β of a pair to the other, in both directions."""

    linear_times: Annotated[tuple[NotNegative, ...], AfterValidator(distinct)] = ()
    """Times of the switch as multiples of (1-μ)β/η̃ before it, with momentum μ; one above 0 is at least one step."""
    fractions: Annotated[tuple[Fraction, ...], AfterValidator(distinct)] = ()
    """Times of the switch as fractions of training."""

    @model_validator(mode="after")
    def _some(self) -> Switch:
        if not self.linear_times and not self.fractions:
            raise ValueError("should have linear_times or fractions")
        return self

    def steps(self, rate: float | None, momentum: float, total: int) -> list[int | None]:
        """The steps of the switch for the rate ηβ before it, below `total`; None for one that hangs on an unknown rate.

        >>> Switch(linear_times=[0, 0.5, 3], fractions=[0.1]).steps(0.5, 0, 40)
        [0, 1, 4, 6]
        """
        linear = [time and (rate and max(round(time * (1 - momentum) / rate), 1)) for time in self.linear_times]
        steps = {*linear, *(round(share * total) for share in self.fractions)}
        known = sorted(int(step) for step in steps if step is not None and step < total)
        return known + [None] * (None in steps)


class Mechanism(Settings):
    """Experiments on where an effect of β comes from, for pairs of β. An experiment that is absent is not run."""

    pairs: Annotated[tuple[Pair, ...], Field(min_length=1), AfterValidator(_two)]
    """Pairs of β of the grid, at its first ‖Z0‖."""
    seeds: Count | None = None
    """How many of the report seeds are used, from the first; all if absent."""
    switch: Switch | None = None
    """Runs that change from one β to the other."""
    label_smoothing: Annotated[tuple[OpenFraction, ...], AfterValidator(distinct)] = ()
    """Shares of a label's probability that all classes get, of runs whose confidence is compared."""

    @model_validator(mode="after")
    def _some(self) -> Mechanism:
        if not self.phases():
            raise ValueError("should have switch or label_smoothing")
        return self

    def phases(self) -> list[str]:
        """The phases that there are, of PHASES."""
        return [name for name, asked in zip(PHASES, (self.switch, self.label_smoothing)) if asked]

    def betas(self) -> list[float]:
        """Every β of the pairs."""
        return sorted({beta for pair in self.pairs for beta in pair})

    def smoothed_runs(self, run: Callable[..., Run], settled: Settled) -> Iterator[Smoothed]:
        """The runs with smoothed labels of one seed. run: makes a run from its class and own values."""
        for beta in self.betas():
            if beta in settled:
                rate, length = settled[beta]
                values = {"beta": beta, "scaled_learning_rate": rate, "length": length}
                yield from (run(Smoothed, **values, label_smoothing=share) for share in self.label_smoothing)

    def switched_runs(
        self, run: Callable[..., Run], settled: Settled, momentum: float, total: Callable[[float], int]
    ) -> Iterator[Switched]:
        """The runs that switch, of one seed, with their controls. total: the steps of a run of a length.

        All arms of a pair are as long as the longer of the runs at both β.
        """
        for pair in self.pairs:
            for first, second in (pair, pair[::-1]) if {*pair} <= {*settled} else ():
                length = max(settled[beta][1] for beta in pair)
                for step in self.switch.steps(settled[first][0], momentum, total(length)):
                    names = {"first": first, "second": second, "length": length, "switch_step": step}
                    for arm, values in _arms(first, second, settled[first][0], settled[second][0]).items():
                        yield run(Switched, **names, **values, arm=arm)


def _arms(first: float, second: float, rate: float | None, other: float | None) -> dict[str, dict]:
    """What is before and after the switch from one β to a second one, with its controls.

    rate, other: the chosen ηβ of both β.
    """

    def at(before: float, rate: float | None, beta: float, after: float | None, rescaled: bool = True) -> dict:
        values = {"beta_before": before, "scaled_rate_before": rate, "beta": beta, "scaled_learning_rate": after}
        return values | {"rescaled": rescaled}

    return {
        "first": at(first, rate, first, rate),
        "second": at(second, other, second, other),
        "switched": at(first, rate, second, other),
        "rate": at(first, rate, first, other and other * first / second),
        "effective_rate": at(first, rate, first, other and other * second / first),
        "jump": at(first, rate, second, other, rescaled=False),
    }
