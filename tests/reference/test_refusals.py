"""The reference refuses what does not fit, in words that say what came and what was expected."""

from __future__ import annotations

from typing import Any

import ml_dtypes
import numpy as np
import pytest

from reference import (
    batch_norm_grad,
    batch_norm_inference,
    batch_norm_training,
    best_scalar_parameters,
    identity_parameters,
    update_running_statistics,
)


@pytest.mark.parametrize("shape", [(), (1,), (3, 4), (4,), (3, 1), (1, 3)], ids=str)
@pytest.mark.parametrize("which", ["gamma", "beta", "mean", "var"])
def test_a_parameter_that_is_not_an_n_vector_is_refused(shape: tuple[int, ...], which: str) -> None:
    """Neither a scalar for the layer nor a matrix (n, m) with the batch: n numbers, one for each feature."""
    parameters: dict[str, Any] = {name: np.ones(3) for name in ("gamma", "beta", "mean", "var")}
    parameters[which] = np.ones(shape)
    x = np.zeros((3, 4))
    with pytest.raises(ValueError) as refusal:
        if which in ("gamma", "beta"):
            batch_norm_training(x, parameters["gamma"], parameters["beta"], epsilon=1e-5, axis=0)
        else:
            batch_norm_inference(x, **parameters, epsilon=1e-5, axis=0)
    assert which in str(refusal.value)
    assert "(3,)" in str(refusal.value), "the shape expected"
    assert str(shape) in str(refusal.value), "the shape given"
    if which != "beta":
        del parameters["beta"]
        with pytest.raises(ValueError, match=which):
            batch_norm_grad(x, **parameters, dy=x, epsilon=1e-5, axis=0)


def test_a_python_scalar_for_gamma_is_refused() -> None:
    gamma: Any = 1.0
    with pytest.raises(ValueError, match=r"gamma must be an n-vector of shape \(3,\).*has shape \(\)"):
        batch_norm_training(np.zeros((4, 3)), gamma, np.zeros(3), epsilon=1e-5, axis=1)


@pytest.mark.parametrize("axis", [2, -3, 17])
def test_axis_out_of_range_is_refused(axis: int) -> None:
    with pytest.raises(ValueError, match=rf"axis {axis} is out of range for x of shape \(4, 3\)"):
        batch_norm_training(np.zeros((4, 3)), np.ones(3), np.zeros(3), epsilon=1e-5, axis=axis)


@pytest.mark.parametrize("shape", [(), (3,)], ids=str)
def test_fewer_than_two_axes_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="at least 2 axes") as refusal:
        batch_norm_training(np.zeros(shape), np.ones(3), np.zeros(3), epsilon=1e-5, axis=0)
    assert str(shape) in str(refusal.value)


@pytest.mark.parametrize("epsilon", [-1e-5, float("nan"), float("inf"), float("-inf")])
def test_epsilon_that_is_no_number_to_add_is_refused(epsilon: float) -> None:
    x, one = np.zeros((4, 3)), np.ones(3)
    for call in (
        lambda: batch_norm_training(x, one, one, epsilon=epsilon, axis=1),
        lambda: batch_norm_inference(x, one, one, one, one, epsilon=epsilon, axis=1),
        lambda: batch_norm_grad(x, one, one, one, x, epsilon=epsilon, axis=1),
        lambda: identity_parameters(one, one, epsilon=epsilon),
        lambda: best_scalar_parameters(one, one, epsilon=epsilon),
    ):
        with pytest.raises(ValueError, match=f"epsilon must be .*>= 0; it is {epsilon}"):
            call()


@pytest.mark.parametrize("dtype", [np.complex128, np.int64, np.bool_, ml_dtypes.bfloat16, object])
@pytest.mark.parametrize("which", ["x", "gamma", "beta", "dy"])
def test_what_is_no_real_floating_point_array_is_refused(which: str, dtype: type) -> None:
    """bfloat16 is not NumPy's own; its sums would be those of some extension. Widen it first."""
    arrays = {"x": np.ones((4, 3)), "dy": np.ones((4, 3)), "gamma": np.ones(3), "beta": np.ones(3)}
    arrays[which] = arrays[which].astype(dtype)
    name = np.dtype(dtype).name
    with pytest.raises(TypeError, match=f"{which} must be of a real floating-point .*it is {name}"):
        batch_norm_training(arrays["x"], arrays["gamma"], arrays["beta"], epsilon=1e-5, axis=1)
        one = np.ones(3)
        batch_norm_grad(arrays["x"], arrays["gamma"], one, one, arrays["dy"], epsilon=1e-5, axis=1)


def test_upstream_gradient_of_another_shape_is_refused() -> None:
    one = np.ones(3)
    with pytest.raises(ValueError, match=r"dy must have the shape of x, \(4, 3\); it has \(3, 4\)"):
        batch_norm_grad(np.zeros((4, 3)), one, one, one, np.zeros((3, 4)), epsilon=1e-5, axis=1)


def test_statistics_that_are_not_n_vectors_of_one_length_are_refused() -> None:
    step: Any = {"count": 4, "momentum_weighs": "old", "variance": "biased"}
    two, three = np.ones(2), np.ones(3)
    with pytest.raises(ValueError, match=r"batch var must be n-vectors .*\(3,\) and \(2,\)"):
        update_running_statistics((three, three), (three, two), momentum=0.9, **step)
    with pytest.raises(ValueError, match=r"n-vectors .*\(\) and \(\)"):
        update_running_statistics((np.ones(()),) * 2, (np.ones(()),) * 2, momentum=0.9, **step)
    with pytest.raises(ValueError, match=r"n-vectors .*\(2,\) and \(3,\)"):
        identity_parameters(two, three, epsilon=0.0)
    for momentum in (-0.1, 1.1, float("nan")):
        with pytest.raises(ValueError, match=f"between 0 and 1; it is {momentum}"):
            update_running_statistics((two, two), (two, two), momentum=momentum, **step)
