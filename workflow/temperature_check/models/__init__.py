"""Networks in Keras 3, for any backend. A builder takes settings, an input shape and a number of classes.

A network ends in a Dense layer without activation, whose outputs are the logits z.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from temperature_check.models.gru import gru
from temperature_check.models.mlp import mlp
from temperature_check.models.resnet50 import resnet50
from temperature_check.models.text_gru import text_gru
from temperature_check.models.wide_resnet import wide_resnet

if TYPE_CHECKING:
    import keras

    from temperature_check.study import Network

BUILDERS = {"gru": gru, "mlp": mlp, "resnet50": resnet50, "text_gru": text_gru, "wide_resnet": wide_resnet}


def build_network(
    settings: Network,
    input_shape: tuple[int, ...],
    classes: int,
    vocabulary: int | None = None,
    precision: str = "float32",
) -> keras.Model:
    """The network that `settings` describe; its weights are drawn from Keras's global seed.

    vocabulary: number of different tokens, for networks that read texts.
    precision: bfloat16 for all layers but the last to compute in it; weights are in Keras's default type.
    """
    arguments = settings.model_dump(exclude={"kind"})
    if vocabulary:
        arguments["vocabulary"] = vocabulary
    with _dtype_policy("mixed_bfloat16" if precision == "bfloat16" else None):
        return BUILDERS[settings.kind](**arguments, input_shape=input_shape, classes=classes)


@contextmanager
def _dtype_policy(name: str | None) -> Iterator[None]:
    import keras

    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(name or before)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)
