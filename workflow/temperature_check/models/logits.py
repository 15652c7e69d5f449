"""The last layer of every network."""

import keras


def logits_layer(classes: int) -> keras.layers.Dense:
    """Dense without activation: the logits z, in Keras's default type whatever type the other layers compute in."""
    return keras.layers.Dense(classes, kernel_initializer="lecun_normal", dtype=keras.config.floatx(), name="logits")
