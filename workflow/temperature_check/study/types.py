"""The base class of settings, which refuses unknown keys, and the types of their values."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo

from temperature_check.base.drawing import letters_without_picture
from temperature_check.base.errors import UserError

LONGEST_TITLE = 100
SEEDS = range(2**31)
"""All seeds that there are."""
OFFSET = "seed_offset"


def _no_boolean(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError("should be a number")
    return value


def distinct(values: tuple) -> tuple:
    """The values. Raises ValueError if one is repeated."""
    if repeated := [value for value, count in Counter(values).items() if count > 1]:
        raise ValueError(f"should hold each value once; {repeated[0]!r} is repeated")
    return values


def _taken(offset: int, info: ValidationInfo) -> int:
    """Hand the offset to the seeds that are read after it. They hold it from then on, so that 0 is left of it."""
    info.context[OFFSET] = offset
    return 0


def _shifted(seeds: tuple[int, ...], info: ValidationInfo) -> tuple[int, ...]:
    offset = (info.context or {}).get(OFFSET, 0)
    return tuple(seed + offset for seed in seeds)


def _short_name(name: str) -> str:
    if not re.fullmatch("[a-z][a-z0-9_]{0,63}", name):
        raise ValueError("should be a short name of a-z, 0-9 and _, starting with a letter")
    return name


def _title(text: str) -> str:
    if not text.strip():
        raise ValueError("should not be empty")
    if unusual := [letter for letter in text if not letter.isprintable()]:
        raise ValueError(f"should be one line of text; it has {unusual[0]!r}")
    if len(text) > LONGEST_TITLE:
        raise ValueError(f"has {len(text)} characters: should have at most {LONGEST_TITLE}")
    if lacking := letters_without_picture(text):
        raise ValueError(f"has {lacking[0]!r}, which the font of the figures lacks")
    return text


Title = Annotated[str, AfterValidator(_title)]
Name = Annotated[str, AfterValidator(_short_name)]
Positive = Annotated[float, BeforeValidator(_no_boolean), Field(gt=0)]
Count = Annotated[int, BeforeValidator(_no_boolean), Field(gt=0)]
Pixels = Annotated[int, BeforeValidator(_no_boolean), Field(ge=0)]
Seed = Annotated[int, BeforeValidator(_no_boolean), Field(ge=SEEDS.start, lt=SEEDS.stop)]
NotNegative = Annotated[float, BeforeValidator(_no_boolean), Field(ge=0)]
Fraction = Annotated[float, BeforeValidator(_no_boolean), Field(ge=0, lt=1)]
"""A number in [0, 1)."""
OpenFraction = Annotated[float, BeforeValidator(_no_boolean), Field(gt=0, lt=1)]
"""A number in (0, 1)."""
Grid = Annotated[tuple[Positive, ...], Field(min_length=1), AfterValidator(distinct)]
SeedOffset = Annotated[int, BeforeValidator(_no_boolean), AfterValidator(_taken)]
"""A number that is added to all `Seeds` of the fields below it."""
Seeds = Annotated[tuple[Seed, ...], Field(min_length=1), AfterValidator(distinct), AfterValidator(_shifted)]
"""Seeds of runs, with the study's SeedOffset added."""


class Settings(BaseModel):
    """A group of settings. Unknown keys, NaN and infinity are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, use_attribute_docstrings=True)


def lookup(known: Mapping, name: str, what: str):
    """The entry `name` of `known`. Raises UserError, which lists the known names, if it is no such `what`."""
    if name not in known:
        raise UserError(f"{name!r} is no {what}; there is {', '.join(known)}")
    return known[name]
