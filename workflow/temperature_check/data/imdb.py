"""IMDB: 50,000 positive and negative film reviews, from TensorFlow Datasets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from temperature_check.data.dataset import Dataset
from temperature_check.data.tfds import load_splits
from temperature_check.data.tokens import Tokenizer

if TYPE_CHECKING:
    from temperature_check.study.data import IMDBData


def load(settings: IMDBData) -> Dataset:
    """Reviews as tokens, int32 of shape [examples, length], of 2 classes. Training reviews determine the vocabulary."""
    texts, labels = load_splits("text", settings)
    tokenizer = Tokenizer(texts["train"], settings.vocabulary, settings.length, settings.keep)
    tokens = {split: tokenizer(part) for split, part in texts.items()}
    return Dataset("IMDB reviews", tokens, labels, classes=settings.classes, vocabulary=tokenizer.size)
