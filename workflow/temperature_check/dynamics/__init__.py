"""The theory of early learning: products with the empirical kernel, time scales, and events of recorded runs."""

import os

# Before TensorFlow is loaded: without this it greets on the terminal.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
