"""Texts as tokens: words in lower case without punctuation, numbered by their frequency."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

CHUNK = 500
PADDING, UNKNOWN = 0, 1


class Tokenizer:
    """Token 0 pads, after the text; 1 is any word outside the vocabulary; 2 the most frequent word, and so on.

    texts: UTF-8, those the vocabulary is made of.
    vocabulary: the largest number of different tokens, padding and unknown included.
    length: the number of tokens of every text; `keep` says whether a longer one keeps its first or its last.
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
        tokens = np.full((len(texts), self.length), PADDING, np.int32)
        for start in range(0, len(texts), CHUNK):
            chunk = np.asarray(self._vectorize(_without_breaks(texts[start : start + CHUNK])))
            for row, padded in zip(tokens[start:], chunk):
                words = padded[padded != PADDING]
                kept = words[: self.length] if self.keep == "first" else words[-self.length :]
                row[: len(kept)] = kept
        return tokens


def _without_breaks(texts: Sequence[bytes]) -> list[bytes]:
    # Punctuation is removed, not replaced by a space: of a line break of HTML it would leave "br", joined to its words.
    return [text.replace(b"<br />", b" ") for text in texts]
