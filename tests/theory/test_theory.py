"""Products with the kernel, time scales, linearized and shifted networks, on both backends."""

from __future__ import annotations

import pytest

NETWORKS = ("mlp", "gru", "plain_resnet", "resnet_training", "resnet_inference")


def is_exact(backend: str, network: str) -> bool:
    """Whether Keras computes the network in float64 throughout: on JAX it takes tanh and means in float32."""
    return backend == "tensorflow" or network == "mlp"


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("what", ["product", "vjp"])
def test_products_are_those_of_an_explicit_jacobian(measured, backend, network, what):
    assert measured(network)[what] < (1e-12 if is_exact(backend, network) else 1e-5)


@pytest.mark.parametrize("network", NETWORKS)
def test_velocity_of_the_kernel_is_its_finite_difference(measured, backend, network):
    assert measured(network)["velocity"] < (1e-6 if is_exact(backend, network) else 0.02)


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("what", ["largest", "curvature"])
def test_largest_eigenvalue_is_that_of_the_explicit_matrix(measured, network, what):
    assert measured(network)[what] < 1e-4


@pytest.mark.parametrize("network", ["mlp", "gru"])
@pytest.mark.parametrize("what", ["batched_product", "batched_velocity"])
def test_batches_change_rounding_alone(measured, backend, network, what):
    assert measured(network)[what] < (1e-12 if is_exact(backend, network) else 1e-5)


def test_training_mode_in_batches_is_refused(measured):
    assert measured("training_mode_in_batches") == "refused"


def test_other_weights_cost_no_compilation(measured):
    assert measured("traces_of_other_weights") == [True, 0]


def test_small_step_follows_the_flow_of_the_logits(measured):
    assert measured("flow_step") < 1e-4


def test_time_scales_of_random_networks_are_those_of_finite_differences(measured):
    errors = measured("properties")
    assert errors["residual"] < 1e-6
    assert errors["speed"] < 1e-5
    assert errors["learning"] < 1e-5
    assert errors["nonlinear"] < 1e-4


def test_time_scales_computed_by_hand(measured):
    result = measured("hand_computable")
    assert result.pop("nonlinear") == "inf"
    assert result == {name: pytest.approx(0, abs=1e-6) for name in result}


def test_velocity_of_the_kernel_vanishes_as_the_root_of_delta(measured):
    assert measured("correlated_velocity") == pytest.approx(0.5, abs=0.02)


def test_kernels_of_correlated_and_independent_copies_agree_in_wide_networks(measured):
    assert measured("correlated_kernels") == pytest.approx(-0.5, abs=0.15)


def test_linearized_curves_do_not_depend_on_beta(measured, backend):
    result = measured("linearized_curves")
    assert result["status"] == ["finished"] * 3
    assert result["learned"] > 0.1
    tolerance = 1e-10 if backend == "tensorflow" else 1e-5
    assert result["losses"] < tolerance
    assert result["logits"] < tolerance
    assert result["start"] < 1e-6


def test_linearized_training_follows_the_dynamics_of_the_kernel(measured):
    result = measured("linearized_against_kernel_dynamics")
    assert result["learned"] > 0.05
    assert result["apart"] < 0.02


def test_linearized_network_is_first_order(measured):
    result = measured("linearized_network")
    assert result["logits"] < 1e-12
    assert result["saved"] < 1e-12
    assert result["trainable"] == 0


def test_shifted_network_starts_as_asked_at_every_beta(measured, backend):
    result = measured("shifted_network")
    tolerance = 1e-12 if backend == "tensorflow" else 1e-5
    assert result["between"] < tolerance
    assert result["target"] < tolerance


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_gradient_descent_on_a_quadratic_is_stable_to_the_limit(measured, momentum):
    sizes = measured("heavy_ball")
    assert sizes[f"{momentum} 0.95"] < 0.5
    assert sizes[f"{momentum} 1.05"] > 2


def test_recurrent_layer_with_a_loop_has_the_kernel_of_the_unrolled_one(measured, backend):
    assert measured("looped_gru") < (1e-12 if backend == "tensorflow" else 1e-5)


def test_change_of_the_kernel_is_relative_to_the_start(measured):
    result = measured("probe_of_kernel_change")
    assert result["start"] == 0
    assert result["scaled"] == pytest.approx(0.5)
    assert result["after"] > 1e-3
