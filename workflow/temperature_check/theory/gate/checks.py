"""The gate for a user's network: every check before its time scales, and a kernel whose failures are one line.

The public function and the command both go through here. Faults are ModelFault and DataFault, which are ValueErrors.
"""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np
from keras import ops

from temperature_check.theory.gate import derivatives
from temperature_check.theory.gate.batch_norm import batch_norm_modes
from temperature_check.theory.gate.calls import Call, Called, kept_state, recorded
from temperature_check.theory.gate.faults import MODES, DataFault, ModelFault, is_out_of_memory, reason
from temperature_check.theory.gate.randomness import random_layers
from temperature_check.theory.kernel import EmpiricalKernel

FEW = 4
"""Number of examples on which layers are looked at one by one."""


class CheckedKernel(EmpiricalKernel):
    """A kernel that says which layer has no derivatives. If only second ones fail, τ_nl is left out: it is NaN.

    batch_norm: the modes of the batch-norm layers, in words. left_out: why τ_nl is NaN, or "".
    """

    def __init__(self, network: Called, inputs, training: bool, batch_size: int | None, calls: list[Call]):
        super().__init__(network, inputs, training, batch_size)
        self._calls, self.left_out, self.batch_norm = calls, "", ""

    def logits(self, weights):
        return self._named(lambda: super(CheckedKernel, self).logits(weights))

    def vjp(self, weights, cotangent):
        return self._named(lambda: super(CheckedKernel, self).vjp(weights, cotangent))

    def kernel_product(self, weights, vector):
        product = self._named(lambda: super(CheckedKernel, self).kernel_product(weights, vector))
        if not np.isfinite(product).all():
            raise ModelFault(
                "the model's derivatives are not finite at these weights and inputs, though its logits are"
            )
        return product

    def kernel_velocity(self, weights, direction, vector):
        try:
            if not self.left_out:
                return super().kernel_velocity(weights, direction, vector)
        except Exception as error:
            if is_out_of_memory(error):
                raise
            self.left_out = derivatives.fault(self._calls, True, error)
        return np.full(self.shape, np.nan)

    def _named(self, compute: Callable):
        try:
            return compute()
        except Exception as error:
            if is_out_of_memory(error):
                raise
            raise ModelFault(derivatives.fault(self._calls, False, error)) from error


def checked_kernel(
    model: keras.Model, inputs: np.ndarray, labels: np.ndarray, mode: str, batch_size: int | None = None
) -> CheckedKernel:
    """The kernel of any Keras model on any inputs, after all checks. mode: `training` or `inference`.

    batch_size: number of inputs at once, if no batch norm uses their statistics. Raises ModelFault or DataFault.
    """
    training = mode == "training"
    if not isinstance(model, keras.Model):
        raise ModelFault(f"should be a Keras model, not {type(model).__module__}.{type(model).__name__}")
    _refuse_other_shape(model, inputs)
    _refuse_overflow(model, inputs)
    _build(model, inputs)
    network, few = Called(model), inputs[:FEW]
    outputs, calls = _attempt(lambda: recorded(network, few, training), inputs)
    _refuse_no_logits(outputs, labels)
    _refuse_unknown_tokens(network, inputs, calls)
    if not model.trainable_variables:
        raise ModelFault("all weights are frozen; set trainable = True on the layers that you train")
    _refuse_strange_weights(model)
    _refuse_random(network, few, training)
    modes = batch_norm_modes(calls)
    with kept_state(network):
        kernel = CheckedKernel(
            network, inputs, training, None if training or modes.uses_examples else batch_size, calls
        )
    kernel.batch_norm = modes.text(mode)
    _refuse_strange_logits(kernel.logits(network.get_weights()), inputs)
    return kernel


def _build(model: keras.Model, inputs: np.ndarray) -> None:
    if not model.built:
        _attempt(lambda: model(inputs[:FEW], training=False), inputs)


def _attempt(call: Callable, inputs: np.ndarray):
    try:
        return call()
    except Exception as error:
        if is_out_of_memory(error) or isinstance(error, DataFault | ModelFault):
            raise
        raise DataFault(f"x of shape {inputs.shape} does not fit the model ({reason(error)})") from error


def _refuse_other_shape(model: keras.Model, inputs: np.ndarray) -> None:
    expected = getattr(model, "input_shape", None) if model.built else None
    if not isinstance(expected, tuple) or not expected or isinstance(expected[0], tuple):
        return
    fits = all(size in (None, given) for size, given in zip(expected[1:], inputs.shape[1:]))
    if len(expected) != inputs.ndim or not fits:
        taken = ", ".join("any" if size is None else str(size) for size in expected[1:])
        raise DataFault(f"x of shape {inputs.shape} does not fit the model, which takes (n, {taken})")


def _refuse_overflow(model: keras.Model, inputs: np.ndarray) -> None:
    """Refuse inputs that are not finite, as they are and in the types that the model turns them into."""
    if not np.isfinite(inputs).all():
        raise DataFault("x should hold finite numbers")
    given = getattr(model, "inputs", None) or []
    types = {model.compute_dtype, *(tensor.dtype for tensor in given)}
    for kind in sorted(filter(keras.backend.is_float_dtype, types)):
        with np.errstate(all="ignore"):
            finite = np.isfinite(ops.convert_to_numpy(ops.cast(inputs, kind)).astype(np.float64)).all()
        if not finite:
            raise DataFault(f"x, up to {np.abs(inputs).max():.3g} in size, is not finite in the model's type, {kind}")


def _refuse_unknown_tokens(network: Called, inputs: np.ndarray, calls: list[Call]) -> None:
    if any(isinstance(call.operation, keras.layers.Embedding) for call in calls):
        for start in range(0, len(inputs), 64):
            batch = inputs[start : start + 64]
            _attempt(lambda batch=batch: recorded(network, batch, False), inputs)


def _refuse_random(network: Called, few: np.ndarray, training: bool) -> None:
    if not (names := random_layers(network, few, training)):
        return
    random = f"layer {', '.join(names)} is random in {MODES[not training]} mode"
    if training and not random_layers(network, few, False):
        raise ModelFault(f"{random}; take --batch-norm inference, or build the model without it (rate 0)")
    raise ModelFault(f"{random}{', as in inference mode' * training}; build the model without it")


def _refuse_no_logits(outputs, labels: np.ndarray) -> None:
    shape = getattr(outputs, "shape", None)
    if shape is None or len(shape) != 2 or shape[1] < 2:
        found = type(outputs).__name__ if shape is None else tuple(shape)
        raise ModelFault(f"should return logits of shape (n, classes) with two classes or more, not {found}")
    wrong = labels[(labels < 0) | (labels >= shape[1])]
    if len(wrong):
        raise DataFault(f"label {wrong[0]} in y; the model has classes 0 to {shape[1] - 1}")


def _refuse_strange_weights(model: keras.Model) -> None:
    for weight in model.weights:
        value = ops.convert_to_numpy(weight.value)
        if keras.backend.is_float_dtype(weight.dtype) and not np.isfinite(value.astype(np.float64)).all():
            raise ModelFault(f"returns logits that are not finite: weight {weight.path} is not finite")


def _refuse_strange_logits(logits: np.ndarray, inputs: np.ndarray) -> None:
    logits = logits.astype(np.float64)
    if not np.isfinite(logits).all():
        largest = f"x is up to {np.abs(inputs).max():.3g} in size"
        raise ModelFault(f"returns logits that are not finite, though its weights are finite; {largest}: scale x")
    if (logits >= 0).all() and np.allclose(logits.sum(-1), 1, atol=1e-3):
        raise ModelFault("returns probabilities (rows sum to one); leave out the last softmax")
