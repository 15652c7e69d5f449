"""Networks in Keras 3, for any backend. A builder takes settings, an input shape and a number of classes.

A network ends in a Dense layer without activation, whose outputs are the logits z.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from temperature_check.models.gru import gru
from temperature_check.models.mlp import mlp
from temperature_check.models.wide_resnet import wide_resnet

if TYPE_CHECKING:
    import keras

    from temperature_check.study import GRU, MLP, WideResNet

BUILDERS = {"gru": gru, "mlp": mlp, "wide_resnet": wide_resnet}


def build_network(settings: MLP | WideResNet | GRU, input_shape: tuple[int, ...], classes: int) -> keras.Model:
    """The network that `settings` describe; its weights are drawn from Keras's global seed."""
    arguments = settings.model_dump(exclude={"kind"})
    return BUILDERS[settings.kind](**arguments, input_shape=input_shape, classes=classes)
