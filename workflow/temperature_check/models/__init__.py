"""Networks in Keras 3, for any backend. A builder takes settings, an input shape and a number of classes.

A network ends in a Dense layer without activation, whose outputs are the logits z.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from temperature_check.models.gru import gru
from temperature_check.models.mlp import mlp
from temperature_check.models.resnet50 import resnet50
from temperature_check.models.text_gru import text_gru
from temperature_check.models.wide_resnet import wide_resnet

if TYPE_CHECKING:
    import keras

    from temperature_check.study import GRU, MLP, ResNet50, TextGRU, WideResNet

BUILDERS = {"gru": gru, "mlp": mlp, "resnet50": resnet50, "text_gru": text_gru, "wide_resnet": wide_resnet}


def build_network(
    settings: MLP | WideResNet | ResNet50 | GRU | TextGRU,
    input_shape: tuple[int, ...],
    classes: int,
    vocabulary: int | None = None,
) -> keras.Model:
    """The network that `settings` describe; its weights are drawn from Keras's global seed.

    vocabulary: number of different tokens, for networks that read texts.
    """
    arguments = settings.model_dump(exclude={"kind"})
    if vocabulary:
        arguments["vocabulary"] = vocabulary
    return BUILDERS[settings.kind](**arguments, input_shape=input_shape, classes=classes)
