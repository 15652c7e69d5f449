"""The layers of a network."""

from __future__ import annotations

import keras


def layers_of(network: keras.Model) -> list[keras.Layer]:
    """All layers of a network, including those inside other layers."""
    return list(network._flatten_layers(include_self=False))
