"""Loads and checks the Keras model and the examples of a user. Each error is one line."""

from __future__ import annotations

import importlib
import os
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from temperature_check.base.errors import UserError, one_line

if TYPE_CHECKING:
    import keras

    from temperature_check.theory.kernel import EmpiricalKernel

BACKENDS = ("tensorflow", "jax")
BATCH_SIZE = 64
LONGEST_REASON = 300
COPIES_OF_ACTIVATIONS = 7
"""Number of copies of all layers' outputs that the largest product, the velocity of the kernel, holds at once. It was
measured on a wide ResNet in TensorFlow; JAX holds 3."""


@dataclass(frozen=True)
class Examples:
    """Inputs of shape [n, ...] and integer labels of shape [n]."""

    inputs: np.ndarray
    labels: np.ndarray


def load_model(reference: str) -> keras.Model:
    """The model that function `pkg.module:function` returns. Modules in the current directory can be imported.

    Raises UserError if there is no such function, if it fails or returns no Keras model, or if the backend is neither
    TensorFlow nor JAX.
    """
    keras = _load_keras()
    where, (module, _, name) = f"--model {reference}", reference.partition(":")
    if not (module and name):
        raise UserError(f"{where}: should be module:function, such as package.module:build")
    sys.path.insert(0, os.getcwd())
    imported = _attempt(lambda: importlib.import_module(module), f"{where}: {module} cannot be imported")
    build = getattr(imported, name, None)
    if not callable(build) or isinstance(build, keras.Model):
        raise UserError(f"{where}: {name} should be a function of {module} that returns a Keras model")
    model = _attempt(build, f"{where}: {name}() fails")
    if not isinstance(model, keras.Model):
        raise UserError(f"{where}: {name}() should return a Keras model, not {type(model).__name__}")
    return model


def load_examples(path: Path, limit: int) -> Examples:
    """The first `limit` examples of an npz file with arrays x and y.

    Raises UserError if the file is not an npz file or holds objects, or if x and y are not finite numbers and equally
    many integer labels.
    """
    where = f"--data {path}"
    arrays = _read_arrays(path, where)
    if missing := [name for name in ("x", "y") if name not in arrays]:
        raise UserError(f"{where}: has no array {' and no '.join(missing)}; it should have x, inputs, and y, labels")
    inputs, labels = arrays["x"], arrays["y"]
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.ndim != 1 or labels.dtype.kind not in "iu":
        raise UserError(f"{where}: y, {labels.dtype} of shape {labels.shape}, should be integer labels of shape (n,)")
    if inputs.ndim < 2 or len(inputs) != len(labels) or not len(labels):
        raise UserError(f"{where}: x, of shape {inputs.shape}, should hold an input for each of {len(labels)} labels y")
    if inputs.dtype.kind not in "biuf" or not np.isfinite(inputs[:limit]).all():
        raise UserError(f"{where}: x should hold finite numbers")
    return Examples(inputs[:limit], labels[:limit])


def new_kernel(model: keras.Model, examples: Examples, training: bool) -> EmpiricalKernel:
    """The model's kernel on the examples, after checks that the two fit and that the model gives logits.

    Raises UserError if they do not, if a layer is random, or if memory does not suffice.
    """
    from temperature_check.theory.kernel import EmpiricalKernel

    count = len(examples.labels)
    fitting = fitting_examples(model, _machine_memory())
    if fitting < (count if training else 1):
        raise _out_of_memory(count, fitting)
    batch_size = None if training else min(BATCH_SIZE, fitting, count)
    _refuse_other_shape(model, examples.inputs)
    fits = f"--data: x of shape {examples.inputs.shape} does not fit the model"
    _refuse_no_logits(_attempt(lambda: model(examples.inputs[:2], training=False), fits), examples.labels)
    if training:
        _refuse_random_layers(model, examples.inputs[:2])
    kernel = EmpiricalKernel(model, examples.inputs, training, batch_size)
    _refuse_strange_logits(_attempt(lambda: kernel.logits(model.get_weights()), fits))
    return kernel


def within_memory(function: Callable, count: int):
    """What `function` returns. Raises UserError if the backend runs out of memory with `count` examples at once."""
    try:
        return function()
    except Exception as error:
        if _is_out_of_memory(error):
            raise _out_of_memory(count, count // 2) from error
        raise


def fitting_examples(model: keras.Model, memory: int) -> int:
    """Number of examples that can be differentiated at once within `memory` bytes, from the size of layers' outputs.

    It is an upper bound, because layers inside layers whose outputs Keras does not know are not counted.
    """
    from temperature_check.networks.build import layers_of

    outputs = [tensor for layer in layers_of(model) for tensor in _outputs(layer)]
    sizes = [int(np.prod([size or 1 for size in tensor.shape[1:]])) * _bytes(tensor.dtype) for tensor in outputs]
    return memory // max(COPIES_OF_ACTIVATIONS * sum(sizes), 1)


def _load_keras():
    advice = f"should be {' or '.join(BACKENDS)}"
    try:
        import keras
    except (ImportError, ValueError) as error:
        backend = os.environ.get("KERAS_BACKEND", "")
        raise UserError(f"KERAS_BACKEND={backend}: {advice}; Keras cannot load it ({_reason(error)})") from error
    if keras.backend.backend() not in BACKENDS:
        raise UserError(f"KERAS_BACKEND={keras.backend.backend()}: {advice}")
    return keras


def _read_arrays(path: Path, where: str) -> dict[str, np.ndarray]:
    try:
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in ("x", "y") if name in file.files}
    except OSError:
        raise
    except Exception as error:
        advice = "should be an npz file of numbers, as np.savez(file, x=inputs, y=labels) writes it"
        raise UserError(f"{where}: {advice} ({_reason(error)})") from error


def _refuse_other_shape(model: keras.Model, inputs: np.ndarray) -> None:
    expected = getattr(model, "input_shape", None)
    if not isinstance(expected, tuple) or not expected or isinstance(expected[0], tuple):
        return
    fits = all(size in (None, given) for size, given in zip(expected[1:], inputs.shape[1:]))
    if len(expected) != inputs.ndim or not fits:
        taken = ", ".join("any" if size is None else str(size) for size in expected[1:])
        raise UserError(f"--data: x of shape {inputs.shape} does not fit the model, which takes (n, {taken})")


def _refuse_random_layers(model: keras.Model, inputs: np.ndarray) -> None:
    """Refuse layers that draw random numbers in training mode, which is detected by a change of their seeds."""
    from temperature_check.networks.build import layers_of

    groups = (model.trainable_variables, model.non_trainable_variables)
    _, states = model.stateless_call(*([v.value for v in group] for group in groups), inputs, training=True)
    after = {id(v): np.asarray(state) for v, state in zip(groups[1], states)}

    def draws(layer: keras.Layer) -> bool:
        seeds = [generator.state for generator in layer._seed_generators]
        return any(not np.array_equal(np.asarray(seed.value), after[id(seed)]) for seed in seeds)

    layers = [layer.name for layer in layers_of(model) if draws(layer)]
    if layers:
        raise UserError(
            f"--model: layer {', '.join(layers)} is random in training mode; take --batch-norm inference, or build the"
            " model without it (rate 0)"
        )


def _refuse_no_logits(outputs, labels: np.ndarray) -> None:
    shape = getattr(outputs, "shape", None)
    if shape is None or len(shape) != 2 or shape[1] < 2:
        raise UserError(f"--model: should return logits of shape (n, classes), not {shape or type(outputs).__name__}")
    wrong = labels[(labels < 0) | (labels >= shape[1])]
    if len(wrong):
        raise UserError(f"--data: label {wrong[0]} in y; the model has classes 0 to {shape[1] - 1}")


def _refuse_strange_logits(logits: np.ndarray) -> None:
    if not np.isfinite(logits).all():
        raise UserError("--model: returns logits that are not finite; check weights, and tokens against vocabulary")
    if (logits >= 0).all() and np.allclose(logits.sum(-1), 1, atol=1e-3):
        raise UserError("--model: returns probabilities (rows sum to one); leave out the last softmax")


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


def _is_out_of_memory(error: Exception) -> bool:
    named = type(error).__name__ in ("ResourceExhaustedError", "MemoryError")
    return named or "RESOURCE_EXHAUSTED" in str(error)


def _attempt(function: Callable, failure: str):
    """Call `function`, which runs a user's code. All errors except a lack of memory become a UserError."""
    try:
        return function()
    except Exception as error:
        if _is_out_of_memory(error):
            raise
        raise UserError(f"{failure} ({_reason(error)})") from error


def _reason(error: Exception) -> str:
    """The type and the message of an error of a user's code or a library, without colors."""
    text = re.sub(r"\x1b\[\d*m", "", one_line(error))
    return f"{type(error).__name__}: {text}"[:LONGEST_REASON]
