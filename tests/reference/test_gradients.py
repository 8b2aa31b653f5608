"""The gradients of the reference, against finite differences and what holds of any gradient."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from reference import (
    DoubleDouble,
    batch_norm_grad,
    batch_norm_inference,
    batch_norm_training,
)
from tests.reference.batches import (
    Array,
    Batch,
    normal,
    seeds,
)


@given(
    seed=seeds,
    shape_axis=st.sampled_from([((5, 2), 1), ((2, 5), 0), ((2, 2, 3), 1), ((3, 2, 2), -1)]),
    epsilon=st.sampled_from([1e-5, 1e-2, 1.0]),
    training=st.booleans(),
)
def test_gradients_are_those_of_central_differences(
    seed: int, shape_axis: tuple[tuple[int, ...], int], epsilon: float, training: bool
) -> None:
    """Of the loss sum(dy * y), in double-double, where a difference over 2^-20 is good to nine digits."""
    shape, axis = shape_axis
    where: Any = {"epsilon": epsilon, "axis": axis}
    n, h = shape[axis], 2.0**-20
    x, dy = normal(seed, *shape), normal(seed + 1, *shape)
    gamma, beta, mean, var = normal(seed + 2, 4, n)
    var = 0.5 + abs(var)

    def loss(x: Array, gamma: Array, beta: Array) -> Any:
        lifted = DoubleDouble(x)
        if training:
            y = batch_norm_training(lifted, gamma, beta, **where).y
        else:
            y = batch_norm_inference(lifted, gamma, beta, mean, var, **where)
        return (y * dy).sum(axis=tuple(range(len(shape))))

    def differences(arguments: list[Array], which: int) -> Array:
        found = np.empty(arguments[which].shape)
        for index in itertools.product(*map(range, found.shape)):
            ends = []
            for step in (h, -h):
                moved = [each.copy() for each in arguments]
                moved[which][index] = arguments[which][index] + step
                ends.append((loss(*moved), moved[which][index]))
            (after, right), (before, left) = ends
            found[index] = float(after - before) / (right - left)
        return found

    if training:
        _, mean, var = batch_norm_training(x, gamma, beta, **where)
    got = batch_norm_grad(x, gamma, mean, var, dy, **where, training=training)
    # The third derivative of 1 / sqrt(var + epsilon) decides how far a difference is from the derivative.
    least = min(1.0, float(np.min(var)) + epsilon)
    for which, gradient in enumerate(got):
        expected = differences([x, gamma, beta], which)
        assert_allclose(gradient, expected, rtol=1e-8, atol=1e3 * h**2 / least**2)


@given(seed=seeds, n=st.integers(1, 3), count=st.integers(2, 9))
def test_training_gradient_is_orthogonal_to_shift_and_scale(seed: int, n: int, count: int) -> None:
    """The output does not change as x is shifted, nor (epsilon = 0) scaled: so neither does the loss."""
    it = Batch(seed, n, count)
    _, mean, var = batch_norm_training(it.x, it.gamma, it.beta, epsilon=0.0, axis=0)
    dx = batch_norm_grad(it.x, it.gamma, mean, var, it.dy, epsilon=0.0, axis=0).x
    off = it.x - mean[:, None]
    size = abs(it.gamma) * abs(it.dy).sum(axis=1) / np.sqrt(var)
    assert (abs(dx.sum(axis=1)) <= 1e-10 * size).all()
    assert (abs((dx * off).sum(axis=1)) <= 1e-10 * size * abs(off).max(axis=1)).all()


@given(seed=seeds)
def test_with_fixed_statistics_the_gradient_passes_each_value_by_itself(seed: int) -> None:
    it = Batch(seed, 3, 5)
    got = batch_norm_grad(it.x, it.gamma, it.mean, it.var, it.dy, epsilon=1e-3, axis=0, training=False)
    slope = it.gamma / np.sqrt(it.var + 1e-3)
    assert_allclose(got.x, slope[:, None] * it.dy)
