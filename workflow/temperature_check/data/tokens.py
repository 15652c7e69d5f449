"""Texts as tokens: words in lower case without punctuation, numbered by their frequency."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

CHUNK = 500
PADDING, UNKNOWN = 0, 1


class Tokenizer:
    """Token 0 is padding after the text, 1 any word outside the vocabulary, 2 the most frequent word, and so on.

    texts: UTF-8 texts whose words make the vocabulary.
    vocabulary: largest number of different tokens, including padding and unknown words.
    length: number of tokens of every text. keep: whether a longer text keeps its `first` or its `last` tokens.
    """

    def __init__(self, texts: Sequence[bytes], vocabulary: int, length: int, keep: str):
        import keras
        import tensorflow as tf

        self.length, self.keep = length, keep
        self._vectorize = keras.layers.TextVectorization(vocabulary)
        self._vectorize.adapt(tf.data.Dataset.from_tensor_slices(_without_breaks(texts)).batch(CHUNK))
        self.size = self._vectorize.vocabulary_size()

    def __call__(self, texts: Sequence[bytes]) -> np.ndarray:
        """Tokens of texts, int32 of shape [texts, length]."""
        from keras.utils import pad_sequences

        chunks = (texts[start : start + CHUNK] for start in range(0, len(texts), CHUNK))
        rows = (row for chunk in chunks for row in np.asarray(self._vectorize(_without_breaks(chunk))))
        words = [row[row != PADDING] for row in rows]
        truncating = "post" if self.keep == "first" else "pre"
        return pad_sequences(words, self.length, "int32", padding="post", truncating=truncating, value=PADDING)


def _without_breaks(texts: Sequence[bytes]) -> list[bytes]:
    # Punctuation is removed without a space, so a line break in HTML would leave "br", joined to its neighbors.
    return [text.replace(b"<br />", b" ") for text in texts]
