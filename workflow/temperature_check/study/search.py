"""How the tuning phase searches for the learning rate of each cell (β, ‖Z0‖)."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field, model_validator

from temperature_check.study.types import Count, OpenFraction, Positive, Settings


class SearchSettings(Settings):
    """What all methods have."""

    bounds: Annotated[tuple[Positive, Positive], AfterValidator(tuple)] | None = None
    """If the best rate is at an end of the grid, the next ones beyond are tried, within these bounds of ηβ."""

    @model_validator(mode="after")
    def _ordered(self) -> SearchSettings:
        if self.bounds and self.bounds[0] >= self.bounds[1]:
            raise ValueError("bounds should hold a smaller and a larger ηβ")
        return self


class FullGrid(SearchSettings):
    """Every rate of the grid is trained with every tuning seed."""

    rungs: ClassVar[tuple] = ()

    method: Literal["grid"] = "grid"
    """How the rate is searched for."""


class Rung(Settings):
    """A round of shorter runs, after which rates are eliminated."""

    length: Annotated[Positive, Field(le=1)]
    """Epochs of its runs, as a fraction of those of final runs."""
    seeds: Count
    """Number of tuning seeds that it uses, counted from the first."""


class Halving(SearchSettings):
    """Successive halving: the rates that are left after all rungs are trained in full with every tuning seed."""

    method: Literal["halving"]
    """How the rate is searched for."""
    rungs: Annotated[tuple[Rung, ...], Field(min_length=1)]
    """The rounds of shorter runs, in their order."""
    keep: OpenFraction = 0.5
    """Share of rates that a rung keeps, those with the highest validation accuracy. Each keeps its lower neighbour."""


Search = Annotated[FullGrid | Halving, Field(discriminator="method")]
