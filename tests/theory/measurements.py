"""What the tests of this folder look at, measured in float64 in one process for each backend.

python -m tests.theory.measurements OUTPUT writes a JSON object: by measurement its result, or the error it ended in.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import sys
import tempfile
import time
import traceback
from pathlib import Path

import keras
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import ops
from scipy.integrate import solve_ivp

from temperature_check.base.files import write_text
from temperature_check.initialization.correlated import CorrelatedPair, correlated_weights
from temperature_check.initialization.draw import draw_weights
from temperature_check.initialization.linearized import Linearized
from temperature_check.initialization.shifted import Shifted
from temperature_check.networks.gru import build as gru
from temperature_check.networks.mlp import build as mlp
from temperature_check.networks.wide_resnet import build as wide_resnet
from temperature_check.study.engine import EngineSettings
from temperature_check.theory import events
from temperature_check.theory.autodiff import vjp
from temperature_check.theory.kernel import EmpiricalKernel
from temperature_check.theory.loss import softmax_cross_entropy
from temperature_check.theory.time_scales import largest_stable_rate, norm, probabilities, residual, time_scales

BACKEND = keras.backend.backend()
SHAPE, CLASSES, EXAMPLES = (4, 4, 1), 3, 4
MEASUREMENTS = {}


def measurement(function):
    MEASUREMENTS[function.__name__] = function
    return function


def smooth_mlp(width: int = 8):
    return mlp((width, width), "gelu", SHAPE, CLASSES)


NETWORKS = {
    "mlp": (smooth_mlp, False),
    "gru": (lambda: gru(4, 1, SHAPE, CLASSES), False),
    "plain_resnet": (lambda: wide_resnet(10, 1, False, SHAPE, CLASSES), False),
    "resnet_training": (lambda: wide_resnet(10, 1, True, SHAPE, CLASSES), True),
    "resnet_inference": (lambda: wide_resnet(10, 1, True, SHAPE, CLASSES), False),
}


def examples(seed: int = 0, count: int = EXAMPLES) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Inputs, labels and a vector of the logits' shape."""
    random = np.random.default_rng(seed)
    inputs, labels = random.uniform(size=(count, *SHAPE)), random.integers(CLASSES, size=count)
    return inputs, labels, random.normal(size=(count, CLASSES))


def difference(value, expected) -> float:
    """The largest difference, relative to the largest value expected."""
    return float(np.abs(np.asarray(value) - expected).max() / np.abs(expected).max())


def explicit_jacobian(network, inputs: np.ndarray, training: bool) -> np.ndarray:
    """∂z/∂θ, shape [n K, parameters], a row at a time by the backend's reverse mode on its own."""
    weights, others = (
        [v.value for v in group] for group in (network.trainable_variables, network.non_trainable_variables)
    )

    def logits(weights):
        return network.stateless_call(weights, others, inputs, training=training)[0]

    if BACKEND == "jax":
        import jax

        pullback = jax.jit(lambda cotangent: jax.vjp(logits, weights)[1](cotangent)[0])
        basis = np.eye(len(inputs) * CLASSES).reshape(-1, len(inputs), CLASSES)
        return np.array([np.concatenate([np.ravel(part) for part in pullback(cotangent)]) for cotangent in basis])
    import tensorflow as tf

    with tf.GradientTape(persistent=True) as tape:
        values = [tf.identity(weight) for weight in weights]
        tape.watch(values)
        outputs = [tf.identity(component) for component in tf.unstack(tf.reshape(logits(values), [-1]))]
    rows = [tape.gradient(output, values, unconnected_gradients="zero") for output in outputs]
    return np.array([np.concatenate([np.ravel(part) for part in row]) for row in rows])


def moved(network, weights: list[np.ndarray], direction: list, step: float) -> list[np.ndarray]:
    """The weights after a step along a direction of the trainable ones."""
    steps = {id(v): step * np.asarray(d) for v, d in zip(network.trainable_variables, direction)}
    return [weight + steps.get(id(v), 0) for v, weight in zip(network.weights, weights)]


def measure_kernel(name: str) -> dict[str, float]:
    (build, training), count = NETWORKS[name], 20 if name == "mlp" else EXAMPLES
    network, weights = build(), draw_weights(build(), seed=1).weights
    network.set_weights(weights)
    inputs, _, vector = examples(count=count)
    kernel = EmpiricalKernel(network, inputs, training)
    jacobian = explicit_jacobian(network, inputs, training)
    theta = jacobian @ jacobian.T / count
    product = kernel.kernel_product(weights, vector)
    p = probabilities(kernel.logits(weights))
    hessian = np.zeros_like(theta)
    for i, row in enumerate(p):
        block = slice(i * CLASSES, (i + 1) * CLASSES)
        hessian[block, block] = np.diag(row) - np.outer(row, row)
    curvature = np.linalg.eigvals(theta @ hessian).real.max()
    if name == "mlp":
        curvature = np.linalg.eigvalsh(jacobian.T @ hessian @ jacobian / count).max()
    direction = kernel.vjp(weights, vector)
    length = norm(kernel.jvp(weights, direction)[1])
    # Steps over which few units of a ReLU switch; on JAX, Keras takes the means of batch norm in float32.
    step = (1e-4 if BACKEND == "jax" and name != "mlp" else 1e-7) / length
    ahead, behind = (kernel.kernel_product(moved(network, weights, direction, s), vector) for s in (step, -step))
    result = {
        "product": difference(product.ravel(), theta @ vector.ravel()),
        "vjp": difference(np.concatenate([np.ravel(part) for part in direction]), jacobian.T @ vector.ravel()),
        "largest": difference(kernel.largest_eigenvalue(weights), np.linalg.eigvalsh(theta).max()),
        "curvature": difference(kernel.largest_eigenvalue(weights, p), curvature),
        "velocity": difference(kernel.kernel_velocity(weights, direction, vector), (ahead - behind) / (2 * step)),
    }
    if name in ("mlp", "gru"):
        parts = EmpiricalKernel(network, inputs, training, batch_size=count // 2)
        result["batched_product"] = difference(parts.kernel_product(weights, vector), product)
        whole = kernel.kernel_velocity(weights, direction, vector)
        result["batched_velocity"] = difference(parts.kernel_velocity(weights, direction, vector), whole)
    return result


for _name in NETWORKS:
    MEASUREMENTS[_name] = lambda name=_name: measure_kernel(name)


@measurement
def training_mode_in_batches():
    with contextlib.suppress(ValueError):
        EmpiricalKernel(smooth_mlp(), examples()[0], training=True, batch_size=2)
        return "accepted"
    return "refused"


@measurement
def flow_step():
    """(Z after a small step of gradient descent - Z0)/time, against η̃ Θ r with η̃ = 1: equation (3)."""
    network, (inputs, labels, _) = smooth_mlp(), examples()
    kernel, weights, beta, duration = EmpiricalKernel(network, inputs, False), network.get_weights(), 0.3, 1e-6
    values = [v.value for v in network.trainable_variables]

    def loss(values):
        return ops.mean(softmax_cross_entropy(labels, network.stateless_call(values, [], inputs)[0], beta))

    gradient = vjp(loss, values, ops.ones_like(loss(values)))
    after = kernel.logits(moved(network, weights, gradient, -duration / beta**2))
    r = residual(probabilities(beta * kernel.logits(weights)), labels)
    return difference(beta * (after - kernel.logits(weights)) / duration, kernel.kernel_product(weights, r))


@measurement
def properties():
    """Equations (1) to (3), (9) and (10) on random networks, examples and β; the largest relative errors."""
    errors = {"residual": 0.0, "speed": 0.0, "learning": 0.0, "nonlinear": 0.0}

    @settings(max_examples=4, deadline=None, database=None, derandomize=True)
    @given(st.integers(2, 9), st.integers(2, 6), st.floats(-2, 1), st.integers(0, 100))
    def check(width, count, log_beta, seed):
        network, (inputs, labels, _) = smooth_mlp(width), examples(seed, count)
        kernel, weights, beta, step = EmpiricalKernel(network, inputs, False), network.get_weights(), 10**log_beta, 1e-5
        z = beta * kernel.logits(weights)
        r = residual(probabilities(z), labels)
        scales = time_scales(kernel, weights, labels, beta)
        direction = kernel.vjp(weights, r / (count * beta))
        ends = [moved(network, weights, direction, s) for s in (step, -step)]
        logits = [beta * kernel.logits(end) for end in ends]
        products = [kernel.kernel_product(end, r) for end in ends]
        speed = norm(logits[0] - logits[1]) / (2 * step)
        bent = norm(products[0] - products[1]) / (2 * step)
        found = {
            "residual": difference(loss_slope(z, labels), -r),
            "speed": abs(scales.speed / speed - 1),
            "learning": abs(scales.learning / (norm(z) / speed) - 1),
            "nonlinear": abs(scales.nonlinear / (speed / bent) - 1),
        }
        errors.update({name: max(errors[name], error) for name, error in found.items()})

    check()
    return errors


def loss_slope(scaled_logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """∂(nL)/∂Z by finite differences of equation (1) in NumPy."""
    slope = np.zeros_like(scaled_logits)
    for index in np.ndindex(slope.shape):
        step = np.zeros_like(slope)
        step[index] = 1e-6
        ahead, behind = (
            -np.log(np.take_along_axis(probabilities(scaled_logits + s), labels[:, None], -1)).sum()
            for s in (step, -step)
        )
        slope[index] = (ahead - behind) / 2e-6
    return slope


@measurement
def hand_computable():
    """z = W x, x = 2, one example: Θ = 4, Z0 = (1, 0) at β = 1, y = 1, so r = (-p, p) with p = e/(1 + e)."""
    from tests.commands.user_models import hand_computable

    network = hand_computable()
    kernel = EmpiricalKernel(network, np.array([[2.0]]), False)
    scales = time_scales(kernel, network.get_weights(), np.array([1]), 1.0)
    p = np.e / (1 + np.e)
    return {
        "speed": scales.speed - 4 * np.sqrt(2) * p,
        "learning": scales.learning - 1 / (4 * np.sqrt(2) * p),
        "linear": scales.linear - 1 / (8 * p * (1 - p)),
        "curvature": scales.curvature - 8 * p * (1 - p),
        "stable": scales.largest_stable_rate(0.9) - 3.8 / (8 * p * (1 - p)),
        "steps": scales.steps(3.0, learning_rate=0.5) - 6,
        "nonlinear": str(scales.nonlinear),
    }


@measurement
def correlated_velocity():
    """The slope of ‖(dΘ/dt) r‖ in δ = 1 - c as c → 1."""
    inputs, labels, _ = examples()
    pair, draw = CorrelatedPair(smooth_mlp(), smooth_mlp()), draw_weights(smooth_mlp(), 0)
    kernel, deltas, speeds = EmpiricalKernel(pair, inputs, False), (1e-4, 1e-6, 1e-8), []
    for delta in deltas:
        weights = correlated_weights(draw, delta)
        r = residual(probabilities(kernel.logits(weights)), labels)
        speeds.append(norm(kernel.kernel_velocity(weights, kernel.vjp(weights, r), r)))
    return float(np.polyfit(np.log(deltas), np.log(speeds), 1)[0])


@measurement
def correlated_kernels():
    """The slope in width of the relative difference of the kernels at c = 0 and c → 1."""
    inputs, _, vector = examples()
    widths, differences = (32, 128, 512), []
    for width in widths:
        build = lambda width=width: smooth_mlp(width)  # noqa: E731
        kernel = EmpiricalKernel(CorrelatedPair(build(), build()), inputs, False)
        draws = [draw_weights(build(), seed) for seed in range(8)]
        pairs = [[kernel.kernel_product(correlated_weights(draw, d), vector) for d in (1.0, 1e-12)] for draw in draws]
        differences.append(np.mean([events.kernel_change(far[None], near[None]) for far, near in pairs]))
    return float(np.polyfit(np.log(widths), np.log(differences), 1)[0])


def new_engine(initialization: str, linearized: bool, epochs: int):
    """An engine for full batches without momentum."""
    from temperature_check.data.prepare import prepare_dataset
    from temperature_check.study.data import DigitsData
    from temperature_check.study.engine import EngineSettings
    from temperature_check.study.networks import MLP
    from temperature_check.study.recipe import Training
    from tests.builders import new_engine as engine_of
    from tests.conftest import SMALL_STUDY

    dataset = prepare_dataset(DigitsData(**SMALL_STUDY["data"]["digits"]))
    training = Training(
        model=MLP(kind="mlp", widths=[16], activation="gelu"),
        initialization=initialization,
        momentum=0,
        epochs=epochs,
        batch_size=60,
        examples=60,
        linearized=linearized,
        kernel_vectors=0,
    )
    return engine_of(training, dataset, EngineSettings(backend=BACKEND)), dataset


@measurement
def linearized_curves():
    """Linearized runs at equal η̃ and equal vector Z0, β over four decades: the largest differences of their curves."""
    from temperature_check.runs.run import Run

    engine, _ = new_engine("shifted", True, 20)
    runs = [Run("mlp", "tune", beta, 0.1, 0.5 / beta, 0) for beta in (0.01, 1.0, 100.0)]
    records = [engine.train(run) for run in runs]
    losses = [record.arrays["history_loss"] for record in records]
    logits = [run.beta * record.arrays["validation_logits"] for run, record in zip(runs, records)]
    return {
        "status": [record.facts["status"] for record in records],
        "learned": float(losses[0][0] - losses[0][-1]),
        "losses": max(difference(other, losses[1]) for other in losses),
        "logits": max(difference(other, logits[1]) for other in logits),
        "start": difference(losses[0][0], engine_loss_at_start(engine, 0.1)),
    }


def engine_loss_at_start(engine, z0: float) -> float:
    """The loss of the shifted network itself, from which the linearized one starts."""
    start = engine.initialization._initialization
    start.network.set_weights(start.weights(1.0, z0, _weight_seed(0)))
    inputs, labels = engine.program.training_examples
    return float(np.mean(softmax_cross_entropy(labels, start.network(inputs, training=True), 1.0)))


def _weight_seed(seed: int) -> int:
    from temperature_check.base.seeds import weight_seed

    return weight_seed(seed)


@measurement
def linearized_against_kernel_dynamics():
    """The engine's linearized losses beside dZ/dt = η̃ Θ r integrated; the difference relative to what was learned."""
    from temperature_check.runs.run import Run

    engine, dataset = new_engine("plain", True, 32)
    beta, effective_rate = 0.5, 0.02
    record = engine.train(Run("mlp", "tune", beta, None, effective_rate / beta, 0))
    network = engine.initialization._initialization.network
    weights = engine.initialization._initialization.weights(beta, None, _weight_seed(0))
    inputs, labels = dataset.inputs["train"].astype(np.float64), dataset.labels["train"]
    kernel = EmpiricalKernel(network, inputs, False)
    basis = np.eye(labels.size * 10).reshape(-1, labels.size, 10)
    theta = np.stack([kernel.kernel_product(weights, vector).ravel() for vector in basis], axis=1)

    def velocity(_, z):
        return theta @ residual(probabilities(z.reshape(-1, 10)), labels).ravel()

    times, start = effective_rate * record.arrays["history_step"], beta * kernel.logits(weights).ravel()
    solution = solve_ivp(velocity, (0, times[-1]), start, t_eval=times, rtol=1e-8, atol=1e-10)
    p = [probabilities(z.reshape(-1, 10)) for z in solution.y.T]
    expected = np.array([-np.mean(np.log(each[np.arange(60), labels])) for each in p])
    losses = record.arrays["history_loss"]
    return {
        "learned": losses[0] - losses[-1],
        "apart": float(np.abs(losses - expected).max() / (losses[0] - losses[-1])),
    }


@measurement
def linearized_network():
    """Its logits beside J(θ - θ0) of the explicit Jacobian; second-order agreement with the network; saving."""
    network, (inputs, _, vector) = smooth_mlp(), examples()
    linearized, start = Linearized(network), network.get_weights()
    linearized.set_weights(linearized.start_weights(start))
    jacobian, kernel = explicit_jacobian(network, inputs, False), EmpiricalKernel(network, inputs, False)
    direction = kernel.vjp(start, vector)
    far, z0 = moved(network, start, direction, 0.1), kernel.logits(start)
    change = np.concatenate([np.ravel(part) for part in direction]) * 0.1
    network.set_weights(far)
    outputs = ops.convert_to_numpy(linearized(inputs))
    with tempfile.TemporaryDirectory() as folder:
        linearized.save(f"{folder}/model.keras")
        again = ops.convert_to_numpy(keras.models.load_model(f"{folder}/model.keras")(inputs))
    return {
        "logits": difference(outputs.ravel(), z0.ravel() + jacobian @ change),
        "saved": difference(again, outputs),
        "trainable": len(linearized.trainable_variables) - len(network.trainable_variables),
    }


@measurement
def shifted_network():
    """At its start Z is the same at every β, of the norm asked for; Θ is the network's; batch norm keeps its mode."""
    build = lambda: wide_resnet(10, 1, True, SHAPE, CLASSES)  # noqa: E731
    network, (inputs, _, _) = Shifted(build()), examples()
    weights, other = (draw_weights(build(), seed).weights for seed in (0, 1))
    logits = []
    for beta in (0.01, 1.0):
        network.set_weights(network.start_weights(weights, other, 0.5 / beta))
        logits.append(beta * ops.convert_to_numpy(network(inputs, training=True)))
    network.network.set_weights(other)
    expected = 0.5 * ops.convert_to_numpy(network.network(inputs, training=True))
    return {"between": difference(logits[0], logits[1]), "target": difference(logits[1], expected)}


@measurement
def heavy_ball():
    """The size after 150 steps of Keras's SGD on λθ²/2 a little below and above the limit of stability."""
    result = {}
    for momentum in (0.0, 0.9):
        for factor in (0.95, 1.05):
            theta = keras.Variable(1.0)
            optimizer = keras.optimizers.SGD(factor * largest_stable_rate(7.0, 1.0, momentum), momentum=momentum)
            optimizer.build([theta])
            for _ in range(150):
                optimizer.apply([7.0 * theta.value])
            result[f"{momentum} {factor}"] = abs(float(theta.value))
    return result


class Counting(keras.layers.Layer):
    """Counts how often it is traced or called."""

    calls = 0

    def call(self, inputs):
        Counting.calls += 1
        return inputs


@measurement
def traces_of_other_weights():
    """How often the network is traced again for other weights: for logits, products and velocities."""
    inputs, _, vector = examples()
    network = keras.Sequential([keras.Input(SHAPE), keras.layers.Flatten(), Counting(), keras.layers.Dense(CLASSES)])
    kernel, weights = EmpiricalKernel(network, inputs, False), network.get_weights()
    calls = []
    for _ in range(3):
        kernel.logits(weights)
        kernel.kernel_product(weights, vector)
        kernel.kernel_velocity(weights, kernel.vjp(weights, vector), vector)
        weights = [weight + 0.1 for weight in weights]
        calls.append(Counting.calls)
    return [calls[0] > 3, calls[2] - calls[0]]


@measurement
def looped_gru():
    """A recurrent layer that is not unrolled: Θv beside that of the same weights unrolled."""
    inputs, _, vector = examples()

    def build(unroll):
        layers = [keras.layers.Reshape((4, 4)), keras.layers.GRU(3, unroll=unroll), keras.layers.Dense(CLASSES)]
        return keras.Sequential([keras.Input(SHAPE), *layers])

    networks = [build(unroll) for unroll in (False, True)]
    weights = networks[0].get_weights()
    products = [EmpiricalKernel(network, inputs, False).kernel_product(weights, vector) for network in networks]
    return difference(*products)


@measurement
def probe_of_kernel_change():
    """No change at the start, and a change after a step, equal for equal probe vectors."""
    network, (inputs, _, vector) = smooth_mlp(), examples()
    kernel, weights = EmpiricalKernel(network, inputs, False), network.get_weights()
    vectors = events.probe_vectors(kernel, 3, seed=0)
    initial = events.kernel_products(kernel, weights, vectors)
    after = moved(network, weights, kernel.vjp(weights, vector), 0.1)
    return {
        "start": events.kernel_change(initial, initial),
        "scaled": events.kernel_change(1.5 * initial, initial),
        "after": events.kernel_change(events.kernel_products(kernel, after, vectors), initial),
    }


@measurement
def command():
    """Exit code and output of the command for every case of `test_time_scales.CASES`."""
    from tests.commands.test_time_scales import CASES, write_data

    with tempfile.TemporaryDirectory() as folder:
        write_data(Path(folder))
        names = dict.fromkeys(CASES, "time-scales") | {"former name": "timescales"}
        return {name: run_command(folder, names[name], case) for name, case in CASES.items()}


def run_command(folder: str, command: str, arguments: list[str]) -> list:
    from temperature_check import cli

    sys.argv = ["temperature-check", command, *(argument.replace("FOLDER", folder) for argument in arguments)]
    output = io.StringIO()
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
        try:
            cli.main()
            code = 0
        except SystemExit as end:
            code = end.code
    return [code, output.getvalue()]


def main(output: Path) -> None:
    """Measure everything and write it."""
    results, started = {}, time.perf_counter()
    for name, measure in MEASUREMENTS.items():
        try:
            results[name] = measure()
        except Exception:
            results[name] = {"error": traceback.format_exc()}
        print(f"{time.perf_counter() - started:.1f} s until after {name}", flush=True)
    write_text(output, json.dumps(results))


if __name__ == "__main__":
    keras.config.set_floatx("float64")
    importlib.import_module(f"temperature_check.training.{BACKEND}").use_device(EngineSettings())
    main(Path(sys.argv[1]))
