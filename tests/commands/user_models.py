"""Models as users write them, good and bad, for the command `timescales`."""

import keras
import numpy as np
from keras import layers

NOT_A_FUNCTION = 3


def hand_computable():
    """z = W x with x = (2,): Θ = 4 on every class."""
    model = keras.Sequential([keras.Input((1,)), layers.Dense(2, use_bias=False)])
    model.set_weights([np.array([[0.5, 0.0]])])
    return model


def tokens():
    """Reads tokens below 20, by a recurrent layer with a loop."""
    return keras.Sequential([keras.Input((5,)), layers.Embedding(20, 4), layers.GRU(4), layers.Dense(3)])


def images(*more):
    hidden = [layers.Flatten(), layers.Dense(6, activation="gelu"), *more]
    return keras.Sequential([keras.Input((4, 4, 1)), *hidden, layers.Dense(3)])


def batch_norm():
    return images(layers.BatchNormalization())


def dropout():
    return images(layers.Dropout(0.5, name="noise"))


def softmax():
    return keras.Sequential([keras.Input((4, 4, 1)), layers.Flatten(), layers.Dense(3, activation="softmax")])


def one_output():
    return keras.Sequential([keras.Input((4, 4, 1)), layers.Flatten(), layers.Dense(1)])


def not_finite():
    model = images()
    model.set_weights([weight * float("nan") for weight in model.get_weights()])
    return model


def too_large():
    """Needs about 60 TB for 4 examples; no layer is computed."""
    return keras.Sequential(
        [
            keras.Input((4, 4, 1)),
            layers.Flatten(),
            layers.RepeatVector(20_000_000_000),
            layers.GlobalAveragePooling1D(),
            layers.Dense(3),
        ]
    )


def no_model():
    return "model"


def fails():
    raise RuntimeError("a fault\nof the user's own")
