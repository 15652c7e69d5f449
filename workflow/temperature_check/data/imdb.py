"""IMDB: 50,000 film reviews, praise or not, from TensorFlow Datasets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from temperature_check.data.dataset import Dataset
from temperature_check.data.tfds import load_splits
from temperature_check.data.tokens import Tokenizer

if TYPE_CHECKING:
    from temperature_check.study import IMDBData


def load_imdb(settings: IMDBData) -> Dataset:
    """Reviews as tokens, int32 of shape [examples, length], of 2 classes; the training ones make the vocabulary."""
    texts, labels = load_splits("imdb_reviews/plain_text", "text", settings)
    tokenizer = Tokenizer(texts["train"], settings.vocabulary, settings.length, settings.keep)
    tokens = {split: tokenizer(part) for split, part in texts.items()}
    return Dataset("IMDB reviews", tokens, labels, classes=2, vocabulary=tokenizer.size)
