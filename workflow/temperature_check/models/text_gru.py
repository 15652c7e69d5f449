"""A recurrent network that reads texts: word vectors and gated recurrent units, Cho et al., arXiv:1406.1078."""

import keras
from keras import layers


def text_gru(embedding: int, units: int, input_shape: tuple[int], classes: int, vocabulary: int) -> keras.Model:
    """A learned vector for each token, one GRU layer over them, its last state to the logits.

    input_shape: (length,), tokens below `vocabulary`; 0 is padding, at which the state stays what it was. The steps are
    a loop: unrolled, hundreds of them take minutes to compile.
    """
    inputs = keras.Input(input_shape, dtype="int32")
    vectors = layers.Embedding(vocabulary, embedding, mask_zero=True)(inputs)
    state = layers.GRU(units)(vectors)
    return keras.Model(inputs, layers.Dense(classes, kernel_initializer="lecun_normal", name="logits")(state))
