"""A recurrent network that reads texts: word vectors and gated recurrent units, Cho et al., arXiv:1406.1078."""

import keras
from keras import layers

from temperature_check.networks.logits import logits_layer


def build(embedding: int, units: int, input_shape: tuple[int], classes: int, vocabulary: int) -> keras.Model:
    """A learned vector for each token, one GRU layer over the vectors, then the logits of its last state.

    input_shape: (length,). Tokens are below `vocabulary`. Token 0 is padding, which leaves the state unchanged. The
    steps are a loop, because an unrolled graph would grow with the length of the text. cuDNN is not used, because its
    kernels could not be compiled with the graph.

    Components of vectors start with variance 1, like standardized inputs. With Keras's default of 0.0008 the largest
    ‖Z0‖ would be some 30 times smaller, and small β would reach only the smallest ‖Z0‖.
    """
    inputs = keras.Input(input_shape, dtype="int32")
    unit_normal = keras.initializers.RandomNormal(stddev=1.0)
    vectors = layers.Embedding(vocabulary, embedding, embeddings_initializer=unit_normal, mask_zero=True)(inputs)
    state = layers.GRU(units, use_cudnn=False)(vectors)
    return keras.Model(inputs, logits_layer(classes)(state))
