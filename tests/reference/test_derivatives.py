"""Derivatives of any order: against nested dual numbers, exact rational points, and what has to hold of any."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.gallery import dual
from reference import DoubleDouble, batch_norm_grad, batch_norm_training
from reference.derivatives import batch_norm_derivative, derivative_bound
from reference.error_bounds import Arithmetic, any_order

DOUBLE = Arithmetic(2.0**-53, 2.0**-53, any_order(6), 2.0**-1022, 2.0**-1074)


def arrays(seed: int, count: int) -> list[Any]:
    """So many arrays of shape (3, 2, 2), features second."""
    return list(np.random.default_rng(seed).normal(size=(count, 3, 2, 2)))


GAMMA = np.array([1.5, -0.5])
WHERE: dict[str, Any] = {"epsilon": 0.25, "axis": 1}


def first(x: Any) -> Any:
    """Features first: (n, batch, space)."""
    return np.moveaxis(x, 1, 0)


def by_dual_numbers(x: Any, along: list[Any], upstream: Any = None) -> Any:
    """The same by the definition, through y or through the formula of its gradient."""
    t = dual.along(first(x), tuple(map(first, along)))
    d = t - dual.mean(t)
    r = dual.inverse_root(dual.mean(d * d) + 0.25)
    gamma = GAMMA[:, None, None]
    if upstream is None:
        return np.moveaxis(dual.derivative(d * r * gamma), 0, 1)
    w, xhat = first(upstream), d * r
    if not along:
        return np.moveaxis(gamma * r * (w - w.mean((1, 2), keepdims=True) - xhat * dual.mean(xhat * w)), 0, 1)
    slope = -(xhat * dual.mean(xhat * w) + dual.mean(w) - w) * r * gamma
    return np.moveaxis(dual.derivative(slope), 0, 1)


@given(st.integers(0, 10_000), st.integers(1, 4))
def test_along_directions_it_is_that_of_dual_numbers(seed: int, order: int) -> None:
    x, *along = arrays(seed, order + 1)
    found = batch_norm_derivative(x, GAMMA, along, **WHERE)
    np.testing.assert_allclose(found, by_dual_numbers(x, along), rtol=1e-9, atol=1e-9)


@given(st.integers(0, 10_000), st.integers(0, 3))
def test_so_is_that_of_the_gradient(seed: int, order: int) -> None:
    x, w, *along = arrays(seed, order + 2)
    found = batch_norm_derivative(x, GAMMA, along, upstream=w, **WHERE)
    np.testing.assert_allclose(found, by_dual_numbers(x, along, w), rtol=1e-9, atol=1e-9)


@given(st.integers(0, 10_000))
def test_of_no_direction_it_is_the_gradient(seed: int) -> None:
    x, w = arrays(seed, 2)
    batch = batch_norm_training(x, GAMMA, np.zeros(2), **WHERE)
    gradients = batch_norm_grad(x, GAMMA, batch.mean, batch.var, w, **WHERE)
    np.testing.assert_allclose(
        batch_norm_derivative(x, GAMMA, [], upstream=w, **WHERE), gradients.x, atol=1e-13
    )


@given(st.integers(0, 10_000))
def test_the_order_of_directions_makes_no_difference(seed: int) -> None:
    x, *along = arrays(seed, 4)
    for other in permutations(along):
        found = batch_norm_derivative(x, GAMMA, other, **WHERE)
        np.testing.assert_allclose(found, batch_norm_derivative(x, GAMMA, along, **WHERE), atol=1e-11)


@given(st.integers(0, 10_000))
def test_nothing_changes_along_a_constant(seed: int) -> None:
    """y does not depend on the mean of x, nor does any derivative."""
    x, v = arrays(seed, 2)
    assert np.abs(batch_norm_derivative(x, GAMMA, [v, np.ones_like(x)], **WHERE)).max() < 1e-13


def test_the_cases_that_were_reported_of_pytorch() -> None:
    """Values as the reports have them, to six places."""
    t, i = -6.0, np.arange(8.0)
    x = ((i + 1) * t + (i % 3 - 1) * t**2 + i).reshape(2, 2, 2)
    w, one = (i + 1).reshape(2, 2, 2), 1.0
    way = ((i + 1) * one + (i % 3 - 1) * 2 * t).reshape(2, 2, 2)
    bend = ((i % 3 - 1) * 2).reshape(2, 2, 2)
    # Along the curve x(t): the second and third derivative of sum(w y).
    second = (w * batch_norm_derivative(x, GAMMA, [way, way], **WHERE)).sum()
    second += (w * batch_norm_derivative(x, GAMMA, [bend], **WHERE)).sum()
    third = (w * batch_norm_derivative(x, GAMMA, [way] * 3, **WHERE)).sum()
    third += 3 * (w * batch_norm_derivative(x, GAMMA, [way, bend], **WHERE)).sum()
    assert second == pytest.approx(-0.207030, abs=1e-6)
    assert third == pytest.approx(-0.120882, abs=1e-6)


@given(st.integers(0, 10_000), st.integers(1, 3), st.booleans())
def test_double_double_stays_within_a_bound_a_float64_program_keeps(
    seed: int, order: int, slope: bool
) -> None:
    x, w, *along = arrays(seed, order + 2)
    upstream = w if slope else None
    lifted = [DoubleDouble(v) for v in along]
    exact = batch_norm_derivative(
        DoubleDouble(x), GAMMA, lifted, upstream=None if upstream is None else DoubleDouble(upstream), **WHERE
    ).to_float64()
    found = by_dual_numbers(x, along, upstream)
    bound = derivative_bound(x, GAMMA, along, upstream=upstream, exact=exact, arithmetic=DOUBLE, **WHERE)
    assert (np.abs(found - exact) <= bound).all()
    # And no more than a part in a million of what is there at all.
    assert bound.max() < 1e-6 * max(1.0, np.abs(exact).max())


def test_with_fixed_statistics_y_is_linear() -> None:
    x, v, w = arrays(0, 3)
    var = np.array([1.75, 0.75])
    once = batch_norm_derivative(x, GAMMA, [v], var=var, **WHERE)
    np.testing.assert_allclose(once, (GAMMA / np.sqrt(var + 0.25))[:, None] * v)
    assert not batch_norm_derivative(x, GAMMA, [v, w], var=var, **WHERE).any()
    assert not batch_norm_derivative(x, GAMMA, [v], upstream=w, var=var, **WHERE).any()
