"""The public function goes through the same gate as the command, with the same words."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import warnings
import numpy as np
import keras
from temperature_check import time_scales
from tests.commands import user_models
random = np.random.default_rng(0)
x, y = random.uniform(size=(6, 4, 4, 1)).astype("float32"), np.arange(6) % 3
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    for name in ("frozen", "noisy", "dropout", "softmax", "Plain", "upsampled"):
        try:
            found = time_scales(getattr(user_models, name)(), x, y, 1.0)
            print(name, found.learning > 0, [str(w.message) for w in caught if "left out" in str(w.message)])
        except ValueError as error:
            print(name, error)
"""


@pytest.fixture(scope="module")
def lines() -> dict[str, str]:
    result = subprocess.run([sys.executable, "-c", PROGRAM], text=True, capture_output=True)
    assert result.returncode == 0, result.stderr[-2000:]
    return dict(line.split(" ", 1) for line in result.stdout.splitlines())


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("frozen", "all weights are frozen"),
        ("noisy", "layer unseeded is random in training mode"),
        ("dropout", "layer noise is random in training mode"),
        ("softmax", "leave out the last softmax"),
        ("Plain", "True []"),
        ("upsampled", "layer up (UpSampling2D)"),
    ],
)
def test_public_function_has_the_same_gate(lines, name, words):
    assert words in lines[name]
