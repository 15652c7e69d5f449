"""Explains what is wrong with the settings of a study: where, which value, what would be right, and what was meant."""

from __future__ import annotations

import difflib
import reprlib
import types
import typing
from collections.abc import Iterable, Iterator, Mapping

from pydantic import AliasChoices, BaseModel, ValidationError
from pydantic.fields import FieldInfo

from temperature_check.study.study import Study

LONGEST_VALUE = 80
LEFT_OUT = ("none", "no", "off", "false", "nothing")
MESSAGES = {
    "missing": "missing",
    "tuple_type": "should be a list",
    "string_type": "should be text, in quotes",
    "too_short": "should hold at least {min_length} value",
    "dict_type": "should be a mapping",
    "model_type": "should be a mapping",
    "model_attributes_type": "should be a mapping",
    "union_tag_invalid": "{discriminator} {tag!r} should be one of {expected_tags}",
    "union_tag_not_found": "should name its {discriminator}",
}
SGD = "training is SGD with momentum, set by momentum and grid.scaled_learning_rate"
ELSEWHERE = {
    **dict.fromkeys(("optimizer", "optimiser"), f"{SGD}; leave it out"),
    **dict.fromkeys(("lr", "learning_rate", "learning_rates", "rate", "rates"), "rates are in grid, as ηβ"),
    **dict.fromkeys(("temperature", "temperatures", "T"), "give the inverse temperature, grid.beta"),
    **dict.fromkeys(
        ("seed", "seeds"), "seeds are in grid: tuning_seeds and report_seeds; seed_offset shifts all of them"
    ),
    **dict.fromkeys(("steps", "iterations"), "the length of a run is epochs"),
    **dict.fromkeys(("loss", "metrics"), "the loss is the cross-entropy of softmax(βz)"),
    **dict.fromkeys(("dropout", "regularization"), "there are weight_decay, label_smoothing and augmentation"),
}
"""What to say of an unknown key that users of other programs expect. It is said if the mapping has no similar key."""


def explain(error: ValidationError, settings: dict) -> list[str]:
    """One line for each problem, without those that follow from another one.

    A required key that is misspelled is not called missing as well, and a list of wrong values is not called too short.
    """
    problems = error.errors(include_url=False)
    meant = {(*p["loc"][:-1], _similar(p["loc"])) for p in problems if p["type"] == "extra_forbidden"}
    around = {p["loc"][:-1] for p in problems}
    follows = {"missing": meant, "too_short": around}
    shown = [p for p in problems if p["loc"] not in follows.get(p["type"], ())]
    # An unknown key may be the reason of what follows.
    shown.sort(key=lambda problem: problem["type"] != "extra_forbidden")
    return [line for problem in shown for line in _lines(problem, settings)]


def _lines(problem: dict, settings: dict) -> Iterator[str]:
    where = _location(problem["loc"], settings)
    for message in _message(problem).split("\n"):
        if not where or isinstance(problem["input"], dict) or problem["type"] in ("missing", "extra_forbidden"):
            yield f"{where}: {message}".removeprefix(": ")
        else:
            yield f"{where} = {_shortened(problem['input'])}: {message}"


def _message(problem: dict) -> str:
    if problem["type"] == "extra_forbidden":
        return f"unknown key{_advice(problem['loc'])}"
    if problem["type"] in MESSAGES:
        context = problem.get("ctx", {})
        # Pydantic puts the discriminator of a union in quotes.
        discriminator = context.get("discriminator", "").strip("'")
        message = MESSAGES[problem["type"]].format(**context | {"discriminator": discriminator})
        return message + "; null takes the key away" * (str(problem["input"]).lower() in LEFT_OUT)
    return problem["msg"].removeprefix("Value error, ").replace("Input should", "should")


def _shortened(value: object) -> str:
    shorten = reprlib.Repr()
    shorten.maxstring = shorten.maxother = shorten.maxlong = LONGEST_VALUE
    text = shorten.repr(value)
    return text if len(text) <= LONGEST_VALUE else text[: LONGEST_VALUE - 3] + "..."


def _location(location: tuple, settings: object) -> str:
    text = ""
    for index, part in enumerate(location):
        if isinstance(settings, dict) and (part in settings or index == len(location) - 1) and part != "[key]":
            text, settings = f"{text}.{part}", settings.get(part)
        elif isinstance(settings, list) and isinstance(part, int):
            text, settings = f"{text}[{part}]", settings[part]
    return text.removeprefix(".")


def _advice(location: tuple) -> str:
    if similar := _similar(location):
        return f"; did you mean {similar}?"
    if elsewhere := ELSEWHERE.get(location[-1]):
        return f"; {elsewhere}"
    known = ", ".join(_keys_at(location[:-1]))
    return f"; there is {known}" if known else ""


def _similar(location: tuple) -> str | None:
    """The key of the same mapping that an unknown key resembles."""
    close = difflib.get_close_matches(str(location[-1]), _keys_at(location[:-1]), n=1, cutoff=0.7)
    return close[0] if close else None


def _keys_at(location: tuple) -> list[str]:
    """The known keys of the mapping at a location."""
    kind = Study
    for part in location:
        kind = _kind_of(kind, part)
    return list(kind.model_fields) if _is_model(kind) else []


def _kind_of(kind: object, part: object) -> object:
    """The type of the entry `part` of a type, or the choice of a union that is tagged `part`."""
    if _is_model(kind):
        found = (field for name, field in kind.model_fields.items() if part in _names(name, field))
        return next((_plain(field.annotation) for field in found), None)
    if typing.get_origin(kind) is dict:
        return _plain(typing.get_args(kind)[1])
    tagged = [choice for choice in _choices(kind) if part in _tags(choice)]
    return tagged[0] if tagged else None


def _names(name: str, field: FieldInfo) -> tuple[str, ...]:
    alias = field.validation_alias
    return (name, *(alias.choices if isinstance(alias, AliasChoices) else ()))


def _plain(kind: object) -> object:
    """A type without its annotations and without None."""
    if typing.get_origin(kind) is typing.Annotated:
        return _plain(typing.get_args(kind)[0])
    choices = [_plain(choice) for choice in _choices(kind) if choice is not types.NoneType]
    return choices[0] if len(choices) == 1 else kind


def _choices(kind: object) -> tuple:
    return typing.get_args(kind) if typing.get_origin(kind) in (typing.Union, types.UnionType) else ()


def _tags(choice: object) -> Iterable[object]:
    """The values of the fields of a model that have few, such as its `kind`."""
    fields: Mapping[str, FieldInfo] = choice.model_fields if _is_model(choice) else {}
    literals = (field.annotation for field in fields.values())
    return [tag for kind in literals if typing.get_origin(kind) is typing.Literal for tag in typing.get_args(kind)]


def _is_model(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)
