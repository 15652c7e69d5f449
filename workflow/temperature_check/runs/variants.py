"""Runs that differ from a report run in one thing, which shows where an effect of β comes from."""

from __future__ import annotations

from dataclasses import dataclass

from temperature_check.runs.run import Run


@dataclass(frozen=True, kw_only=True)
class Switched(Run):
    """A run that changes β and its rate once. `beta` and `scaled_learning_rate` are those after the switch.

    beta_before, scaled_rate_before: those before it. switch_step: the number of steps before it.
    rescaled: whether the last layer is multiplied by beta_before/beta at the switch, so that Z = βz stays as it is.
    first, second, arm: what it is compared as, which determines nothing: an arm of the switch from one β to another.
    """

    first: float
    second: float
    arm: str
    beta_before: float
    scaled_rate_before: float
    switch_step: int
    rescaled: bool = True

    @property
    def before(self) -> Run:
        """The run as it is before the switch."""
        values = (self.beta_before, self.z0, self.scaled_rate_before, self.seed, self.length)
        return Run(self.task, self.phase, *values)


@dataclass(frozen=True, kw_only=True)
class Smoothed(Run):
    """A run with smoothed labels. label_smoothing: the share of a label's probability that all classes get."""

    label_smoothing: float
