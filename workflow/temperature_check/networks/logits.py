"""The last layer of every network."""

import keras


def logits_layer(classes: int) -> keras.layers.Dense:
    """A Dense layer without activation for the logits z. It always computes in Keras's default type."""
    return keras.layers.Dense(classes, kernel_initializer="lecun_normal", dtype=keras.config.floatx(), name="logits")
