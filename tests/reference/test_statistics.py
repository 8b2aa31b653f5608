"""Running statistics of the reference under every convention, and the parameters that give the identity."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from reference import (
    batch_norm_training,
    best_scalar_parameters,
    identity_parameters,
    update_running_statistics,
)
from tests.reference.batches import (
    Batch,
    normal,
    seeds,
)

# -- running statistics


@pytest.mark.parametrize(
    "weighs, variance, expected_mean, expected_var",
    [
        ("old", "biased", 0.75 * 8 + 0.25 * 4, 0.75 * 16 + 0.25 * 6),
        ("old", "unbiased", 0.75 * 8 + 0.25 * 4, 0.75 * 16 + 0.25 * 8),
        ("new", "biased", 0.25 * 8 + 0.75 * 4, 0.25 * 16 + 0.75 * 6),
        ("new", "unbiased", 0.25 * 8 + 0.75 * 4, 0.25 * 16 + 0.75 * 8),
    ],
)
def test_running_statistics_under_every_convention(
    weighs: Literal["old", "new"],
    variance: Literal["biased", "unbiased"],
    expected_mean: float,
    expected_var: float,
) -> None:
    """Keras and ONNX keep the momentum's share, PyTorch takes it; of 4 values 6 is the biased variance, 8 not."""
    running, batch = (np.array([8.0]), np.array([16.0])), (np.array([4.0]), np.array([6.0]))
    mean, var = update_running_statistics(
        running, batch, count=4, momentum=0.75, momentum_weighs=weighs, variance=variance
    )
    assert_array_equal(mean, [expected_mean])
    assert_array_equal(var, [expected_var])


@given(seed=seeds, momentum=st.floats(0, 1))
def test_the_two_meanings_of_momentum_are_each_other_s_complement(seed: int, momentum: float) -> None:
    running, batch = normal(seed, 2, 3), normal(seed + 1, 2, 3)
    rest: Any = {"count": 5, "variance": "unbiased"}
    old = update_running_statistics(
        (running[0], running[1]), (batch[0], batch[1]), momentum=momentum, momentum_weighs="old", **rest
    )
    new = update_running_statistics(
        (running[0], running[1]), (batch[0], batch[1]), momentum=1 - momentum, momentum_weighs="new", **rest
    )
    for a, b in zip(old, new, strict=True):
        assert_allclose(a, b, rtol=1e-12, atol=1e-12)


def test_unbiased_variance_of_one_value_is_not_finite() -> None:
    one = np.array([1.0, 1.0])
    _, var = update_running_statistics(
        (one, one),
        (one, np.array([0.0, 2.0])),
        count=1,
        momentum=0.5,
        momentum_weighs="old",
        variance="unbiased",
    )
    assert not np.isfinite(var).any()


# -- the identity


@given(seed=seeds, n=st.integers(1, 4), count=st.integers(2, 20), epsilon=st.sampled_from([0.0, 1e-5, 1.0]))
def test_identity_parameters_give_back_the_input(seed: int, n: int, count: int, epsilon: float) -> None:
    """Why gamma and beta are n-vectors: each feature has its own variance and mean to be given back."""
    it = Batch(seed, n, count)
    it.x *= 10.0 ** np.arange(n)[:, None]
    _, mean, var = batch_norm_training(it.x, it.gamma, it.beta, epsilon=epsilon, axis=0)
    gamma, beta = identity_parameters(mean, var, epsilon=epsilon)
    assert gamma.shape == beta.shape == (n,)
    y = batch_norm_training(it.x, gamma, beta, epsilon=epsilon, axis=0).y
    assert_allclose(y, it.x, rtol=1e-10, atol=1e-10 * 10.0**n)


@given(seed=seeds, n=st.integers(1, 4), epsilon=st.sampled_from([1e-5, 1e-2, 1.0]))
def test_best_scalar_parameters_are_the_least_squares_solution(seed: int, n: int, epsilon: float) -> None:
    """Against lstsq on the normalised values themselves; no pair nearby does better."""
    it = Batch(seed, n, 12)
    it.x *= np.arange(1, n + 1)[:, None]
    one, zero = np.ones(n), np.zeros(n)
    xhat, mean, var = batch_norm_training(it.x, one, zero, epsilon=epsilon, axis=0)
    fit = best_scalar_parameters(mean, var, epsilon=epsilon)
    design = np.stack([xhat.ravel(), np.ones(xhat.size)], axis=1)
    (gamma, beta), *_ = np.linalg.lstsq(design, it.x.ravel())
    assert_allclose([fit.gamma, fit.beta], [gamma, beta], rtol=1e-9)
    residual = np.mean((xhat * gamma + beta - it.x) ** 2)
    assert_allclose(fit.residual, residual, rtol=1e-8, atol=1e-20)


def test_one_scalar_pair_cannot_give_back_two_different_features() -> None:
    """But it can give back features that share their mean and variance."""
    mean, var = np.array([0.0, 4.0]), np.array([1.0, 9.0])
    fit = best_scalar_parameters(mean, var, epsilon=0.0)
    assert (fit.gamma, fit.beta) == (2.0, 2.0)
    assert fit.residual == 4.0 + 1.0, "each mean is off by 2, each deviation by 1"
    same = best_scalar_parameters(np.full(3, 4.0), np.full(3, 9.0), epsilon=0.0)
    assert same == (3.0, 4.0, 0.0)


def test_constant_features_leave_only_the_mean_to_restore() -> None:
    fit = best_scalar_parameters(np.array([1.0, 3.0]), np.zeros(2), epsilon=1e-5)
    assert (fit.gamma, fit.beta, fit.residual) == (1.0, 2.0, 1.0)


def test_identity_parameters_keep_the_precision_of_the_statistics() -> None:
    var = np.array([1.0, 2.0], np.float32)
    gamma, _ = identity_parameters(var, var, epsilon=np.float64(1e-5))
    assert gamma.dtype == np.float32
