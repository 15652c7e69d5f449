"""scikit-learn's digits: 1,797 scans of handwritten digits, 8×8 pixels of 17 gray levels."""

import numpy as np


def load_digits() -> tuple[str, np.ndarray, np.ndarray, int]:
    """The name; images in [0, 1], float32 of shape [1797, 8, 8, 1]; labels, int32 of shape [1797]; 10 classes."""
    from sklearn import datasets

    digits = datasets.load_digits()
    images = (digits.images[..., None] / 16).astype(np.float32)
    return "scikit-learn digits", images, digits.target.astype(np.int32), 10
