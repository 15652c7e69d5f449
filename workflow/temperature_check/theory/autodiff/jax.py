"""JAX's derivatives."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from functools import partial

import jax

compiled = jax.jit
double_precision = partial(jax.enable_x64, True)
twice_differentiable = nullcontext


def jvp(function: Callable, point: list, direction: list) -> tuple:
    """The value of `function` at `point` and its derivative along `direction`, a list of tensors like `point`."""
    return jax.jvp(function, (point,), (direction,))


def vjp(function: Callable, point: list, cotangent) -> list:
    """The gradient of ⟨cotangent, function⟩ at `point`, a list of tensors like `point`."""
    _, pullback = jax.vjp(function, point)
    return pullback(cotangent)[0]
