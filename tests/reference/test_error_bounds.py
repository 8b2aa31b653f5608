"""The error bounds mean something: sound arithmetic stays within them.

Every algorithm a careful author might choose, in NumPy's float32 and float16, for kappa up to 1e6.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from conformance.cases.case import Case
from conformance.judging.arithmetic import arithmetic
from conformance.judging.level import Level
from reference import batch_norm_training
from reference.error_bounds import (
    Arithmetic,
    any_order,
    probabilistic,
    training_bound,
)
from tests.reference.algorithms import (
    AFFINE,
    SOUND,
    Array,
    Backward,
    Experiment,
    Moments,
    Sum,
    U,
    alike,
    blocked,
    cases,
    pairwise,
    sequential,
    textbook_backward,
    wide,
    xla_backward,
)

pytestmark = pytest.mark.filterwarnings("ignore:.*encountered in:RuntimeWarning")

each_sound_algorithm = pytest.mark.parametrize("moments", SOUND.values(), ids=SOUND.keys())


# -- soundness


#: Where updates of a moving mean (Welford, Chan) err more than two passes do.
MOVING_MEAN = alike(8, epsilon=1e-8, kappa=1e4, scale=2.0**-10, seed=119)
#: Where the error of the mean is of the size of s, and second-order terms count.
NEARLY_LOST = alike(16, values="constant", kappa=1e4, scale=0.003, gamma="small", seed=88579)


@each_sound_algorithm
@given(case=cases())
@example(case=MOVING_MEAN)
@example(case=alike(16, kappa=1e3, n=400))
def test_sound_float32_algorithm_is_within_the_bound(moments: Moments, case: Case) -> None:
    it = Experiment(case)
    mean, var = moments(it.x)
    assert mean.dtype == var.dtype == np.float32
    for affine in AFFINE:
        y = affine(it.x, mean, var, it.gamma, it.beta, it.epsilon)
        assert it.ratio_of_output(y) <= 1
    assert max(it.ratios_of_statistics(mean, var)) <= 1


@pytest.mark.parametrize("affine", AFFINE, ids=lambda f: f.__name__)
@given(case=cases())
def test_sound_float32_inference_is_within_the_bound(affine: Callable[..., Array], case: Case) -> None:
    it = Experiment(case)
    assert it.ratio_of_inference(affine(it.x, *it.given, it.gamma, it.beta, it.epsilon)) <= 1


@each_sound_algorithm
@given(case=cases("float16"))
def test_float16_arithmetic_throughout_is_within_the_bound_at_must(moments: Moments, case: Case) -> None:
    it = Experiment(case)
    mean, var = moments(it.x)
    assert mean.dtype == var.dtype == np.float16
    for affine in AFFINE:
        y = affine(it.x, mean, var, it.gamma, it.beta, it.epsilon)
        assert it.ratio_of_output(y) <= 1


@each_sound_algorithm
@given(case=cases("float16"))
def test_float16_data_with_float32_statistics_is_within_the_bound_at_should(
    moments: Moments, case: Case
) -> None:
    it = Experiment(case, Level.SHOULD)
    x, gamma, beta = (each.astype(np.float32) for each in (it.x, it.gamma, it.beta))
    for affine in AFFINE:
        y = affine(x, *moments(x), gamma, beta, np.float32(case.epsilon)).astype(np.float16)
        assert it.ratio_of_output(y) <= 1


@pytest.mark.parametrize("backward", [textbook_backward, xla_backward], ids=lambda f: f.__name__)
@pytest.mark.parametrize("total", [sequential, pairwise, blocked], ids=lambda f: f.__name__)
@given(case=cases(), name=st.sampled_from(sorted(SOUND)))
@example(case=MOVING_MEAN, name="Welford")
@example(case=NEARLY_LOST, name="two-pass, sequential")
def test_sound_float32_backward_is_within_the_bounds(
    backward: Callable[[Experiment, Moments, Sum], Backward], total: Sum, case: Case, name: str
) -> None:
    it = Experiment(case)
    assert max(it.ratios_of_gradients(backward(it, SOUND[name], total))) <= 1


# -- where nothing can be known, and where it can


@given(count=st.integers(2, 200), epsilon=st.sampled_from([1e-8, 1e-5, 1e-3, 1.0]), feature=st.integers(0, 4))
def test_bound_is_infinite_where_the_error_of_the_mean_exceeds_the_normalising_scale(
    count: int, epsilon: float, feature: int
) -> None:
    """Constant features, growing: the bound turns infinite where g u |c| passes s = sqrt(epsilon), in it alone."""
    edge = epsilon**0.5 / (any_order(count) * U)
    sizes = edge * np.array([0.01, 0.5, 0.99, 1.01, 100.0])
    x = np.broadcast_to(sizes, (count, 5)).astype(np.float64)
    bound = training_bound(
        x,
        np.ones(5),
        np.zeros(5),
        sizes,
        np.zeros(5),
        epsilon=epsilon,
        axis=1,
        arithmetic=arithmetic("float32", count),
    )
    assert np.isinf(bound[:, feature]).all() == (feature >= 3)
    assert np.isfinite(bound[:, feature]).all() == (feature < 3)


@pytest.mark.parametrize("constant", [0.0, 1.0, -3.0, 100.0])
@pytest.mark.parametrize("epsilon", [1e-5, 1e-3])
def test_bound_of_a_constant_feature_is_finite_with_ordinary_epsilon(constant: float, epsilon: float) -> None:
    """Its kappa is infinite, but epsilon keeps the scale: batch norm must still give beta, nearly."""
    x = np.full((64, 1), constant, np.float32)
    mean, var = np.array([constant]), np.zeros(1)
    one, zero = np.ones(1), np.zeros(1)
    granted = arithmetic("float32", 64)
    bound = training_bound(x, one, zero, mean, var, epsilon=epsilon, axis=1, arithmetic=granted)
    assert np.isfinite(bound).all()
    assert bound.max() < 2 * abs(constant) * 72 * U / epsilon**0.5 + 1e-30


def test_bound_is_infinite_where_epsilon_and_the_variance_are_zero() -> None:
    x, one, zero = np.full((8, 1), 3.0, np.float32), np.ones(1), np.zeros(1)
    granted = arithmetic("float32", 8)
    bound = training_bound(x, one, zero, 3 * one, zero, epsilon=0.0, axis=1, arithmetic=granted)
    assert np.isinf(bound).all()


# -- the formula


@given(case=cases())
def test_bound_follows_its_formula(case: Case) -> None:
    """The module's text, transcribed; the code works in blocks, and in float32 where the data are."""
    it = Experiment(case)
    x, (mean, var), (gamma, beta) = wide(it.x), it.statistics, it.parameters
    u, g, tiny = it.granted.u, it.granted.growth, it.granted.tiny
    s = np.sqrt(var + case.epsilon)
    delta = g * u * np.abs(x).mean(axis=0)
    rho = ((g + 4) * u * var + delta**2 + 4 * tiny) / s**2
    eta = 1 / np.sqrt(1 - np.minimum(rho, 1)) - 1
    xhat = (x - mean) / s
    e = (1 + eta) * (delta + 4 * u * (np.abs(x) + np.abs(mean))) / s + np.abs(xhat) * (eta + 4 * u)
    expected = np.abs(gamma) * e + 4 * u * np.abs(beta) + it.granted.u_out * np.abs(it.exact.y) + 4 * tiny
    expected = np.where(rho < 1, expected, np.inf)
    expected[:, rho >= 1] = np.inf
    for data in (it.x, x):
        bound = training_bound(data, gamma, beta, mean, var, **it.bounding)
        assert bound.shape == x.shape
        judged = np.abs(rho - 1) > 0.01  # at the edge itself a rounding decides
        np.testing.assert_allclose(bound[:, judged], expected[:, judged], rtol=0.05)


@pytest.mark.parametrize(
    "shape, axis", [((20, 500, 40), 1), ((150, 3, 500), 1), ((5000, 30), 1), ((30, 5000), 0)]
)
def test_bound_is_the_same_however_the_data_are_cut_into_blocks(shape: tuple[int, ...], axis: int) -> None:
    x = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    n = shape[axis]
    gamma, beta = np.linspace(-2, 2, n), np.linspace(0, 1, n)
    _, mean, var = batch_norm_training(wide(x), gamma, beta, epsilon=1e-5, axis=axis)
    granted = arithmetic("float32", 64)
    for k in (0, n // 2, n - 1):
        one = slice(k, k + 1)
        column: Any = tuple(one if a == axis else slice(None) for a in range(x.ndim))
        whole, alone = (
            training_bound(part, *each, epsilon=1e-5, axis=axis, arithmetic=granted)
            for part, each in (
                (x, (gamma, beta, mean, var)),
                (x[column], (gamma[one], beta[one], mean[one], var[one])),
            )
        )
        np.testing.assert_allclose(whole[column], alone, rtol=1e-6)


@given(case=cases())
def test_bound_is_wider_for_wider_arithmetic_and_even_in_gamma(case: Case) -> None:
    it = Experiment(case)
    x, (gamma, beta) = wide(it.x), it.parameters

    def bound(granted: Arithmetic, sign: int = 1) -> Array:
        parameters = sign * gamma, sign * beta, *it.statistics
        return training_bound(x, *parameters, **it.where, arithmetic=granted)

    plain = bound(it.granted)
    assert (plain > 0).all()
    np.testing.assert_array_equal(bound(it.granted, -1), plain)
    for dtype in ("float16", "bfloat16"):
        assert (bound(arithmetic(dtype, case.count)) >= plain).all()
        assert (bound(arithmetic(dtype, case.count, Level.SHOULD)) >= plain).all()


def test_growth_of_a_sum_of_n_terms() -> None:
    assert [any_order(n) for n in (1, 8, 100)] == [8, 8, 100]
    assert [probabilistic(n) for n in (1, 64, 10_000)] == [8, 8, 100]
    assert math.isclose(probabilistic(1000), 1000**0.5)
