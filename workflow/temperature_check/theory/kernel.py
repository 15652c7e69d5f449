"""The empirical neural tangent kernel Θ = J Jᵀ / n of a Keras network, by products only. J and Θ are not formed.

Weights are arrays in the order of `network.get_weights()`. Directions and gradients are lists of tensors in the order
of `network.trainable_variables`. Logits and the vectors that Θ multiplies have shape [n, K].

Numbers have the network's type. Build the network in float64 (`keras.config.set_floatx`) if float32 would cancel. It
does so in two cases. The first is a correlated start with small ‖z0‖: float32 loses everything below 1e-7 of the
copies' logits, and still more of (dΘ/dt) r, the difference of two nearly equal halves. The second is the change of
logits or kernel over times much shorter than τ_nl. On JAX, Keras rounds tanh and means (batch norm, average pooling) to
float32 even in a float64 network.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import keras
import numpy as np
from keras import ops
from scipy.sparse.linalg import LinearOperator, eigsh

from temperature_check.theory.autodiff import compiled, jvp, twice_differentiable, vjp

TOLERANCE = 1e-4


class EmpiricalKernel:
    """Products with J = ∂z/∂θ and Θ of one network on one fixed set of inputs.

    training: whether batch norm is in training mode. Its statistics are then those of all n inputs, which must be one
        batch. No product changes the moving averages that inference mode uses.
    batch_size: number of inputs that are differentiated at once. It limits memory and changes results only by rounding.

    Each product is compiled at its first use. The weights are its arguments, so other weights need no compilation.
    Raises ValueError if training mode is combined with several batches.
    """

    def __init__(self, network: keras.Model, inputs: np.ndarray, training: bool, batch_size: int | None = None):
        self.network, self.training = network, training
        self._batch_size = batch_size or len(inputs)
        if training and len(inputs) > self._batch_size:
            raise ValueError(f"batch_size = {batch_size}: in training mode all {len(inputs)} inputs are one batch")
        self.use(inputs)
        example = network(self._batches[0][:1], training=False)
        self.shape, self.dtype = (len(inputs), example.shape[-1]), example.dtype
        self._logits, self._jvp, self._vjp = map(compiled, (self._logits_of, self._jvp_of, self._vjp_of))
        self._product, self._velocity = map(compiled, (self._product_of, self._velocity_of))
        self._vjp_velocity, self._jvp_velocity = map(compiled, (self._vjp_velocity_of, self._jvp_velocity_of))

    def use(self, inputs: np.ndarray) -> None:
        """Take other inputs of the same shape. Nothing is compiled anew."""
        starts = range(0, len(inputs), self._batch_size)
        self._batches = [ops.convert_to_tensor(inputs[start : start + self._batch_size]) for start in starts]

    def logits(self, weights: Sequence) -> np.ndarray:
        """z, shape [n, K]."""
        values = self._values(weights)
        return _joined(self._logits(values, inputs) for inputs in self._batches)

    def jvp(self, weights: Sequence, direction: list) -> tuple[np.ndarray, np.ndarray]:
        """z and J · direction, each of shape [n, K]."""
        values = self._values(weights)
        parts = [self._jvp(values, inputs, direction) for inputs in self._batches]
        return tuple(map(_joined, zip(*parts)))

    def vjp(self, weights: Sequence, cotangent: np.ndarray) -> list:
        """Jᵀ · cotangent, for a cotangent of shape [n, K]."""
        values = self._values(weights)
        return _total(self._vjp(values, *part) for part in self._with_inputs(cotangent))

    def kernel_product(self, weights: Sequence, vector: np.ndarray) -> np.ndarray:
        """Θv = J Jᵀ v / n for v of shape [n, K]: docs/theory.md, equation (7)."""
        scaled = vector / self.shape[0]
        if len(self._batches) > 1:
            return self.jvp(weights, self.vjp(weights, scaled))[1]
        return _joined(self._product(self._values(weights), *part) for part in self._with_inputs(scaled))

    def kernel_velocity(self, weights: Sequence, direction: list, vector: np.ndarray) -> np.ndarray:
        """The derivative of θ ↦ Θ(θ) v along `direction` at fixed v, shape [n, K]: equation (8).

        It omits the effect of ReLU units that switch on or off, which docs/theory.md measures.
        """
        values, parts = self._values(weights), list(self._with_inputs(vector / self.shape[0]))
        if len(parts) == 1:
            return _joined([self._velocity(values, *parts[0], direction)])
        gradients, velocities = zip(*(self._vjp_velocity(values, *part, direction) for part in parts))
        tangents = (direction, _total(gradients), _total(velocities))
        return _joined(self._jvp_velocity(values, inputs, *tangents) for inputs in self._batches)

    def largest_eigenvalue(self, weights: Sequence, probabilities: np.ndarray | None = None) -> float:
        """λmax of Θ or, given p of shape [n, K], of JᵀHJ/n with H = blockdiag(diag p - p pᵀ), as in equation (12).

        The Lanczos method has a relative tolerance of 1e-4 or the precision of the network. JᵀHJ/n has the
        eigenvalues of SᵀΘS with H = S Sᵀ and S = diag √p - p √pᵀ for each example.
        """
        weights = [ops.convert_to_tensor(value) for value in weights]
        root = None if probabilities is None else np.sqrt(np.asarray(probabilities, np.float64))

        def product(vector: np.ndarray) -> np.ndarray:
            scaled = vector if root is None else _hessian_factor(root, vector)
            result = self.kernel_product(weights, scaled)
            return result if root is None else _transposed_hessian_factor(root, result)

        return _largest_eigenvalue(product, self.shape)

    def _values(self, weights: Sequence) -> tuple[list, list]:
        """The values of trainable and of other variables. Variables that are not weights keep their values."""
        given = {id(variable): value for variable, value in zip(self.network.weights, weights, strict=True)}
        groups = (self.network.trainable_variables, self.network.non_trainable_variables)
        return tuple([ops.convert_to_tensor(given.get(id(v), v.value), v.dtype) for v in group] for group in groups)

    def _with_inputs(self, vector: np.ndarray) -> Iterator[tuple]:
        start = 0
        for inputs in self._batches:
            yield inputs, ops.convert_to_tensor(vector[start : start + len(inputs)], self.dtype)
            start += len(inputs)

    def _network(self, others: list, inputs) -> Callable[[list], object]:
        def logits(weights):
            with twice_differentiable():
                return self.network.stateless_call(weights, others, inputs, training=self.training)[0]

        return logits

    def _logits_of(self, values, inputs):
        return self._network(values[1], inputs)(values[0])

    def _jvp_of(self, values, inputs, direction):
        return jvp(self._network(values[1], inputs), values[0], direction)

    def _vjp_of(self, values, inputs, cotangent):
        return vjp(self._network(values[1], inputs), values[0], cotangent)

    def _product_of(self, values, inputs, cotangent):
        return self._jvp_of(values, inputs, self._vjp_of(values, inputs, cotangent))[1]

    def _velocity_of(self, values, inputs, cotangent, direction):
        """(dJ) Jᵀ v + J (dJ)ᵀ v."""
        gradient, velocity = self._vjp_velocity_of(values, inputs, cotangent, direction)
        return self._jvp_velocity_of(values, inputs, direction, gradient, velocity)

    def _vjp_velocity_of(self, values, inputs, cotangent, direction):
        """Jᵀ · cotangent, and its derivative along `direction`."""
        return jvp(lambda weights: self._vjp_of((weights, values[1]), inputs, cotangent), values[0], direction)

    def _jvp_velocity_of(self, values, inputs, direction, gradient, velocity):
        """The derivative of J · gradient as the weights move along `direction` and the gradient along `velocity`."""

        def product(point: list):
            weights, tangent = point[: len(direction)], point[len(direction) :]
            return self._jvp_of((weights, values[1]), inputs, tangent)[1]

        return jvp(product, [*values[0], *gradient], [*direction, *velocity])[1]


def _joined(parts: Iterable) -> np.ndarray:
    return np.concatenate([ops.convert_to_numpy(part) for part in parts])


def _total(lists: Iterable[list]) -> list:
    """The sum of lists of tensors."""
    return [sum(terms) for terms in zip(*lists)]


def _hessian_factor(root: np.ndarray, vector: np.ndarray) -> np.ndarray:
    """S v with S = diag √p - p √pᵀ. S Sᵀ = diag p - p pᵀ, because √p has norm 1."""
    return root * (vector - root * np.sum(root * vector, axis=-1, keepdims=True))


def _transposed_hessian_factor(root: np.ndarray, vector: np.ndarray) -> np.ndarray:
    """Sᵀ v."""
    return root * vector - root * np.sum(root**2 * vector, axis=-1, keepdims=True)


def _largest_eigenvalue(product: Callable[[np.ndarray], np.ndarray], shape: tuple[int, ...]) -> float:
    """The largest eigenvalue of a symmetric positive semidefinite operator on arrays of a shape."""
    start = np.random.default_rng(0).normal(size=shape)
    # ARPACK treats eigenvalues below 4e-11 as zero.
    scale = np.linalg.norm(product(start)) / np.linalg.norm(start)
    if scale == 0:
        return 0.0
    size = start.size
    operator = LinearOperator((size, size), lambda v: product(v.reshape(shape)).ravel() / scale, dtype=np.float64)
    values = eigsh(operator, k=1, which="LA", v0=start.ravel(), tol=TOLERANCE, return_eigenvectors=False)
    return float(scale * values[0])
