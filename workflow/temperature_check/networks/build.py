"""Builds the network that settings describe."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import keras

if TYPE_CHECKING:
    from temperature_check.study.networks import Network


def build_network(
    settings: Network,
    input_shape: tuple[int, ...],
    classes: int,
    vocabulary: int | None = None,
    precision: str = "float32",
) -> keras.Model:
    """The network that `settings` describe; its weights are drawn from Keras's global seed.

    vocabulary: number of different tokens, for networks that read texts.
    precision: with `bfloat16` all layers except the last compute in it. Weights keep Keras's default type.
    """
    arguments = settings.model_dump(exclude={"kind"})
    if vocabulary:
        arguments["vocabulary"] = vocabulary
    module = importlib.import_module(f"temperature_check.{settings.module}")
    with _dtype_policy("mixed_bfloat16" if precision == "bfloat16" else None):
        return module.build(**arguments, input_shape=input_shape, classes=classes)


@contextmanager
def _dtype_policy(name: str | None) -> Iterator[None]:
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(name or before)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)
