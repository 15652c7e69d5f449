"""Models as users write them, good and bad, for the command `timescales`."""

import os
import sys

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


def prints():
    print("from Python")
    os.system("echo from another process")
    return images()


def exits():
    sys.exit(0)


def parses():
    import argparse

    argparse.ArgumentParser().add_argument("--epochs", required=True)
    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", required=True)
    parser.parse_args()


def changes_everything():
    """Changes what a process has: its folder, warnings, NumPy's errors, logging, streams."""
    import logging
    import warnings

    os.chdir("/")
    warnings.simplefilter("error")
    np.seterr(all="raise")
    logging.disable(logging.CRITICAL)
    sys.stdout = open(os.devnull, "w")  # noqa: SIM115
    return images()


def needs_width(width):
    return images(layers.Dense(width))


@keras.saving.register_keras_serializable()
class Plain(keras.Model):
    """A model whose `call` takes no `training`, although a layer inside depends on it."""

    def __init__(self):
        super().__init__()
        self.hidden = [layers.Flatten(), layers.Dense(6, activation="tanh"), layers.BatchNormalization()]
        self.last = layers.Dense(3)

    def call(self, x):
        for layer in self.hidden:
            x = layer(x)
        return self.last(x)


class Noisy(keras.layers.Layer):
    """Adds noise that has no seed, in every mode."""

    def call(self, x):
        return x + keras.random.normal(keras.ops.shape(x))

    def compute_output_shape(self, shape):
        return shape


def noisy():
    return images(Noisy(name="unseeded"))


def convolution(*more):
    hidden = [layers.Conv2D(4, 3, padding="same", activation="tanh"), *more, layers.Flatten(), layers.Dense(3)]
    return keras.Sequential([keras.Input((4, 4, 1)), *hidden])


def normalized():
    """TensorFlow has no second derivative of this function."""
    import tensorflow as tf

    return convolution(layers.Lambda(tf.nn.local_response_normalization, name="local"))


def upsampled():
    return convolution(layers.UpSampling2D(interpolation="bilinear", name="up"))


def resized():
    return convolution(layers.Resizing(5, 5, name="resize"))


def spectral():
    return convolution(layers.SpectralNormalization(layers.Conv2D(2, 3), name="spectral"))


def frozen():
    model = images()
    model.trainable = False
    return model


def frozen_norm():
    model = images(layers.BatchNormalization(), layers.BatchNormalization())
    model.layers[2].trainable = False
    return model


def head():
    """A frozen network below a head, called in inference mode, as Keras's guide to transfer learning does."""
    below = keras.Sequential([keras.Input((4, 4, 1)), layers.Conv2D(4, 3), layers.BatchNormalization()])
    below.trainable = False
    inputs = keras.Input((4, 4, 1))
    return keras.Model(inputs, layers.Dense(3)(layers.Flatten()(below(inputs, training=False))))


def single():
    """Computes in float32, whatever the default is."""
    hidden = [layers.Flatten(dtype="float32"), layers.Dense(3, dtype="float32")]
    return keras.Sequential([keras.Input((4, 4, 1), dtype="float32"), *hidden])


def large_weights():
    """A deep network at large weights: predicted rates kill it on batches."""
    model = keras.Sequential(
        [keras.Input((4, 4, 1)), layers.Flatten(), *(layers.Dense(32, activation="relu") for _ in range(4))]
    )
    model.add(layers.Dense(3))
    model.set_weights([3 * weight for weight in model.get_weights()])
    return model


def __getattr__(name):
    # Doctests import this module, and TensorFlow's threads are fixed at its first computation.
    if name == "instance":
        return images()
    raise AttributeError(name)
