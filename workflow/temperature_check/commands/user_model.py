"""Loads the Keras model of a user and computes its kernel within memory. Each error is one line."""

from __future__ import annotations

import inspect
import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from temperature_check.base.errors import UserError
from temperature_check.commands import user_reference
from temperature_check.commands.user_data import Examples
from temperature_check.commands.users_code import attempt, seed_everything
from temperature_check.theory.gate.faults import DataFault, ModelFault, is_out_of_memory, reason

if TYPE_CHECKING:
    import keras

    from temperature_check.theory.gate.checks import CheckedKernel

log = logging.getLogger("temperature_check")
BACKENDS = ("tensorflow", "jax")
BATCH_SIZE = 64
COPIES_OF_ACTIVATIONS = 7
"""Number of copies of all layers' outputs that the largest product, the velocity of the kernel, holds at once. It was
measured on a wide ResNet in TensorFlow; JAX holds 3."""


def load_model(reference: user_reference.Reference, seed: int = 0) -> keras.Model:
    """The model that a reference names: a function without arguments, a class of models, or a model.

    Raises UserError if there is none, if it fails, or if the backend is neither TensorFlow nor JAX.
    """
    keras = load_keras()
    where, name = f"--model {reference.text}", reference.name
    seed_everything(seed)
    module = attempt(reference.load, f"{where}: {reference.module} cannot be imported")
    _warn_of_other_backend(keras)
    try:
        build = reduce(getattr, name.split("."), module)
    except AttributeError:
        build = None
    if not callable(build):
        raise UserError(
            f"{where}: {name} should be a function of {reference.module} that returns a Keras model{_choice(module)}"
        )
    if isinstance(build, keras.Model):
        return build
    _refuse_arguments(build, where, name)
    seed_everything(seed)
    model = attempt(build, f"{where}: {name}() fails")
    if not isinstance(model, keras.Model):
        kind = type(model)
        full = kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"
        raise UserError(f"{where}: {name}() should return a Keras model, not {full}")
    return model


def load_keras():
    """The module `keras`. Raises UserError if the backend is not installed or is neither TensorFlow nor JAX."""
    backend = os.environ.get("KERAS_BACKEND", "")
    advice = f"should be {' or '.join(BACKENDS)}"
    try:
        import keras
    except (ImportError, ValueError) as error:
        if backend in BACKENDS:
            advice = f"Keras cannot load it; install it, or take KERAS_BACKEND={BACKENDS[backend == BACKENDS[0]]}"
        raise UserError(f"KERAS_BACKEND={backend}: {advice} ({reason(error)})") from error
    if keras.backend.backend() not in BACKENDS:
        raise UserError(f"KERAS_BACKEND={keras.backend.backend()}: {advice}")
    return keras


def new_kernel(model: keras.Model, examples: Examples, mode: str, data: object = "") -> CheckedKernel:
    """The model's kernel on the examples, through the gate that the public function has. mode: of batch norm.

    Raises UserError if the model or the data cannot be used, or if memory does not suffice.
    """
    from temperature_check.theory.gate.checks import checked_kernel

    count = len(examples.labels)
    fitting = fitting_examples(model, _machine_memory())
    if fitting < (count if mode == "training" else 1):
        raise _out_of_memory(count, fitting)
    with one_line_faults(f"--data {data}"):
        return checked_kernel(model, examples.inputs, examples.labels, mode, min(BATCH_SIZE, fitting, count))


@contextmanager
def kept_settings() -> Iterator[None]:
    """Restore Keras's settings at the end. A user's module may set them, and its function may count on it."""
    config = load_keras().config
    floatx, policy = config.floatx(), config.dtype_policy()
    try:
        yield
    finally:
        config.set_floatx(floatx)
        config.set_dtype_policy(policy)


@contextmanager
def one_line_faults(data: str = "--data") -> Iterator[None]:
    """Turn faults of the model or the data, and whatever ends the user's layers, into a UserError."""
    try:
        yield
    except ModelFault as error:
        raise UserError(f"--model: {error}") from error
    except DataFault as error:
        raise UserError(f"{data}: {error}") from error
    except (KeyboardInterrupt, UserError):
        raise
    except BaseException as error:
        if is_out_of_memory(error):
            raise
        raise UserError(f"--model: fails ({reason(error)})") from error


def within_memory(function: Callable, count: int):
    """What `function` returns. Raises UserError if the backend runs out of memory with `count` examples at once."""
    try:
        return function()
    except Exception as error:
        if is_out_of_memory(error):
            raise _out_of_memory(count, count // 2) from error
        raise


def fitting_examples(model: keras.Model, memory: int) -> int:
    """Number of examples that can be differentiated at once within `memory` bytes, from the size of layers' outputs.

    It is an upper bound, because layers inside layers whose outputs Keras does not know are not counted.
    """
    from temperature_check.theory.layers import layers_of

    outputs = [tensor for layer in layers_of(model) for tensor in _outputs(layer)]
    sizes = [int(np.prod([size or 1 for size in tensor.shape[1:]])) * _bytes(tensor.dtype) for tensor in outputs]
    return memory // max(COPIES_OF_ACTIVATIONS * sum(sizes), 1)


def _warn_of_other_backend(keras) -> None:
    wanted, backend = os.environ.get("KERAS_BACKEND", ""), keras.backend.backend()
    if wanted and wanted != backend:
        log.warning(
            "--model: the module sets KERAS_BACKEND=%s too late; set it before the command. This is %s", wanted, backend
        )


def _choice(module) -> str:
    file = getattr(module, "__file__", None)
    names = user_reference.models_in(Path(file)) if file else []
    return f"; it has {', '.join(names[:8])}" if names else ""


def _refuse_arguments(build: Callable, where: str, name: str) -> None:
    try:
        parameters = inspect.signature(build.__init__ if inspect.isclass(build) else build).parameters.values()
    except (TypeError, ValueError):
        return
    open_kinds = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    needed = [p.name for p in parameters if p.default is p.empty and p.kind not in open_kinds]
    needed = needed[inspect.isclass(build) :]
    if needed:
        call = f"{name}({', '.join(f'{one}=...' for one in needed)})"
        advice = f"write `def build(): return {call}` in the module and name build"
        raise UserError(f"{where}: {name} should need no arguments, not {', '.join(needed)}; {advice}")


def _outputs(layer) -> list:
    try:
        output = layer.output
    except (AttributeError, ValueError):
        return []
    return [tensor for tensor in (output if isinstance(output, list | tuple) else [output]) if hasattr(tensor, "shape")]


def _bytes(dtype: str) -> int:
    return {"float64": 8, "float16": 2, "bfloat16": 2}.get(dtype, 4)


def _machine_memory() -> int:
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def _out_of_memory(count: int, fitting: int) -> UserError:
    advice = f"take --examples {fitting}" if fitting else "not even one does: take a smaller model"
    return UserError(f"{count} examples do not fit into memory at once; {advice}")
