"""The reference does what batch normalisation is defined to do: the definition, precision, memory and edges.

That it does so to the last digit worth having is proved in test_oracle_proof.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from reference import (
    DoubleDouble,
    batch_norm_grad,
    batch_norm_inference,
    batch_norm_training,
    best_scalar_parameters,
    identity_parameters,
    update_running_statistics,
)
from tests.reference.batches import (
    EVERY_RANK_AND_AXIS,
    EXTENTS,
    Array,
    Batch,
    float64,
    normal,
    seeds,
    textbook,
)

# -- the definition, in every layout


@given(seed=seeds, n=st.integers(1, 4), count=st.integers(1, 9), epsilon=st.sampled_from([1e-5, 1e-2, 1.0]))
def test_training_is_algorithm_1(seed: int, n: int, count: int, epsilon: float) -> None:
    it = Batch(seed, n, count)
    y, mean, var = batch_norm_training(it.x, it.gamma, it.beta, epsilon=epsilon, axis=0)
    assert_allclose(y, textbook(it.x, it.gamma, it.beta, epsilon), rtol=1e-10, atol=1e-10)
    assert_allclose(mean, it.x.mean(axis=1))
    assert_allclose(var, it.x.var(axis=1), atol=1e-12)


@given(seed=seeds, epsilon=st.sampled_from([1e-5, 1.0]))
def test_training_is_inference_with_the_batch_s_own_statistics(seed: int, epsilon: float) -> None:
    it = Batch(seed, 3, 7)
    where: Any = {"epsilon": epsilon, "axis": 0}
    y, mean, var = batch_norm_training(it.x, it.gamma, it.beta, **where)
    assert_array_equal(y, batch_norm_inference(it.x, it.gamma, it.beta, mean, var, **where))


@pytest.mark.parametrize("rank, axis", EVERY_RANK_AND_AXIS)
def test_every_rank_and_axis_gives_the_same_numbers(rank: int, axis: int) -> None:
    """Whatever the axes around the features, they are one set of N values for each."""
    shape = EXTENTS[:rank]
    n, others = shape[axis], [extent for k, extent in enumerate(shape) if k != axis % rank]
    it = Batch(rank, n, int(np.prod(others)))

    def placed(rows: Array) -> Array:
        """(n, N) rows as x of this shape."""
        return np.moveaxis(rows.reshape(n, *others), 0, axis)

    def rows(x: Array) -> Array:
        return np.moveaxis(x, axis, 0).reshape(n, -1)

    epsilon: Any = {"epsilon": 1e-3}
    here, first = epsilon | {"axis": axis}, epsilon | {"axis": 0}
    x, dy = placed(it.x), placed(it.dy)
    assert x.shape == shape

    there = batch_norm_training(it.x, it.gamma, it.beta, **first)
    y, mean, var = batch_norm_training(x, it.gamma, it.beta, **here)
    assert y.shape == shape
    assert mean.shape == var.shape == (n,)
    for got, expected in zip((rows(y), mean, var), there, strict=True):
        assert_allclose(got, expected, rtol=1e-12, atol=1e-12)

    given = it.mean, it.var
    y = batch_norm_inference(x, it.gamma, it.beta, *given, **here)
    assert_allclose(
        rows(y), batch_norm_inference(it.x, it.gamma, it.beta, *given, **first), rtol=1e-12, atol=1e-12
    )

    for training in (True, False):
        got = batch_norm_grad(x, it.gamma, mean, var, dy, **here, training=training)
        expected = batch_norm_grad(it.x, it.gamma, mean, var, it.dy, **first, training=training)
        assert got.x.shape == shape
        assert_allclose(rows(got.x), expected.x, rtol=1e-10, atol=1e-12)
        assert_allclose(got.gamma, expected.gamma, rtol=1e-12, atol=1e-12)
        assert_allclose(got.beta, expected.beta, rtol=1e-12, atol=1e-12)


@given(seed=seeds, kept=st.integers(0, 3))
def test_features_are_independent(seed: int, kept: int) -> None:
    """Dropping the other features, or changing them, changes nothing in this one."""
    it = Batch(seed, 4, 6)
    whole = batch_norm_training(it.x, it.gamma, it.beta, epsilon=1e-5, axis=0)
    one = slice(kept, kept + 1)
    alone = batch_norm_training(it.x[one], it.gamma[one], it.beta[one], epsilon=1e-5, axis=0)
    for got, expected in zip(alone, whole, strict=True):
        assert_allclose(got, expected[one], rtol=1e-13, atol=1e-13)


# -- precision, arguments and memory


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.longdouble])
def test_computes_in_the_precision_of_its_input(dtype: type) -> None:
    """Whatever the dtype of the parameters."""
    it = Batch(0, 3, 8)
    x: Array = it.x.astype(dtype)
    dy: Array = it.dy.astype(dtype)
    where: Any = {"epsilon": 1e-5, "axis": 0}
    training = batch_norm_training(x, it.gamma, it.beta, **where)
    inference = batch_norm_inference(x, it.gamma, it.beta, it.mean, it.var, **where)
    gradients = batch_norm_grad(x, it.gamma, it.mean, it.var, dy, **where)
    for result in (*training, inference, *gradients):
        assert result.dtype == dtype
    precision = float(np.finfo(dtype).eps)
    wide = batch_norm_training(x.astype(np.longdouble), it.gamma, it.beta, **where)
    for got, expected in zip(training, wide, strict=True):
        assert_allclose(got, expected.astype(dtype), rtol=200 * precision, atol=200 * precision)


@given(seed=seeds)
def test_one_code_for_double_double(seed: int) -> None:
    """A DoubleDouble in, a DoubleDouble out, of which float64's result is the rounding."""
    it = Batch(seed, 3, 8)
    where: Any = {"epsilon": 1e-5, "axis": 0}
    x, dy = DoubleDouble(it.x), DoubleDouble(it.dy)
    given = it.mean, it.var
    running: Any = {"count": 8, "momentum": 0.1, "momentum_weighs": "new", "variance": "unbiased"}
    for got, expected in (
        (
            batch_norm_training(x, it.gamma, it.beta, **where),
            batch_norm_training(it.x, it.gamma, it.beta, **where),
        ),
        (
            [batch_norm_inference(x, it.gamma, it.beta, *given, **where)],
            [batch_norm_inference(it.x, it.gamma, it.beta, *given, **where)],
        ),
        (
            batch_norm_grad(x, it.gamma, *given, dy, **where),
            batch_norm_grad(it.x, it.gamma, *given, it.dy, **where),
        ),
        (
            update_running_statistics(given, (DoubleDouble(it.mean), DoubleDouble(it.var)), **running),
            update_running_statistics(given, given, **running),
        ),
        (
            identity_parameters(*map(DoubleDouble, given), epsilon=0.1),
            identity_parameters(*given, epsilon=0.1),
        ),
    ):
        for fine, coarse in zip(got, expected, strict=True):
            assert isinstance(fine, DoubleDouble)
            assert fine.shape == coarse.shape
            assert_allclose(fine.to_float64(), coarse, rtol=1e-10, atol=1e-12)


def test_given_statistics_are_used_to_the_precision_of_x() -> None:
    """The statistics of inference come in float64 even where x is a DoubleDouble; 1 / 3 is then not enough."""
    x = DoubleDouble(np.ones((2, 1)))
    one, zero = np.ones(1), np.zeros(1)
    y = batch_norm_inference(x, one, zero, zero, np.array([9.0]), epsilon=0.0, axis=1)
    assert y.lo.ravel().tolist() == [(1 / DoubleDouble(3.0)).lo] * 2
    running = (np.array([1.0]), one), (DoubleDouble(zero), DoubleDouble(one))
    mean, _ = update_running_statistics(
        *running, count=2, momentum=0.1, momentum_weighs="new", variance="biased"
    )
    assert mean.lo != 0, "1 - 0.1 has more than 53 bits"


def test_arguments_are_not_modified() -> None:
    it = Batch(0, 3, 8)
    given = [it.x, it.gamma, it.beta, it.mean, it.var, it.dy]
    copies = [each.copy() for each in given]
    for each in given:
        each.flags.writeable = False
    where: Any = {"epsilon": 1e-5, "axis": 0}
    y, mean, var = batch_norm_training(it.x, it.gamma, it.beta, **where)
    batch_norm_inference(it.x, it.gamma, it.beta, it.mean, it.var, **where)
    batch_norm_grad(it.x, it.gamma, it.mean, it.var, it.dy, **where)
    batch_norm_grad(it.x, it.gamma, it.mean, it.var, it.dy, **where, training=False)
    update_running_statistics(
        (it.mean, it.var), (mean, var), count=8, momentum=0.9, momentum_weighs="old", variance="unbiased"
    )
    best_scalar_parameters(it.mean, it.var, epsilon=1e-5)
    assert not any(np.shares_memory(y, each) for each in given)
    for each, copy in zip(given, copies, strict=True):
        assert_array_equal(each, copy)


@pytest.mark.parametrize(
    "view",
    [
        np.asfortranarray,
        lambda x: np.repeat(x, 2, axis=-1)[..., ::2],
        lambda x: x[:, :, ::-1].copy()[:, :, ::-1],
        lambda x: x.astype(x.dtype.newbyteorder()),
    ],
    ids=["column-major", "every other one", "backwards", "other byte order"],
)
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_any_memory_layout_gives_the_same_numbers(view: Callable[[Array], Array], axis: int) -> None:
    x = normal(3, 4, 4, 4)
    there = view(x)
    assert_array_equal(there, x)
    gamma, beta, dy = normal(4, 4), normal(5, 4), normal(6, 4, 4, 4)
    where: Any = {"epsilon": 1e-5, "axis": axis}
    expected = batch_norm_training(x, gamma, beta, **where)
    got = batch_norm_training(there, gamma, beta, **where)
    expected_grad = batch_norm_grad(x, gamma, *expected[1:], dy, **where)
    got_grad = batch_norm_grad(there, gamma, *expected[1:], view(dy), **where)
    for a, b in zip((*got, *got_grad), (*expected, *expected_grad), strict=True):
        assert_allclose(a, b, rtol=1e-12, atol=1e-12)


# -- the edges


@pytest.mark.parametrize("shape, axis", [((0, 3), 1), ((3, 0), 0), ((2, 3, 0, 4), 1)])
def test_empty_batch_has_an_empty_output_and_statistics_nan(shape: tuple[int, ...], axis: int) -> None:
    x, gamma, beta = np.zeros(shape), np.ones(3), np.zeros(3)
    where: Any = {"epsilon": 1e-5, "axis": axis}
    for data in (x, DoubleDouble(x)):
        y, mean, var = batch_norm_training(data, gamma, beta, **where)
        assert y.shape == shape
        assert np.isnan(float64(mean)).all()
        assert np.isnan(float64(var)).all()
        assert batch_norm_inference(data, gamma, beta, beta, gamma, **where).shape == shape
        dx, dgamma, dbeta = batch_norm_grad(data, gamma, beta, gamma, data, **where)
        assert dx.shape == shape
        assert_array_equal(float64(dgamma), np.zeros(3))
        assert_array_equal(float64(dbeta), np.zeros(3))


def test_no_features_give_an_empty_output() -> None:
    x, none = np.zeros((4, 0)), np.zeros(0)
    y, mean, var = batch_norm_training(x, none, none, epsilon=1e-5, axis=1)
    assert (y.shape, mean.shape, var.shape) == ((4, 0), (0,), (0,))


def test_running_statistics_do_not_move_on_an_empty_batch() -> None:
    running, nothing = (np.ones(3), np.ones(3)), (np.full(3, np.nan), np.full(3, np.nan))
    moved = update_running_statistics(
        running, nothing, count=0, momentum=0.9, momentum_weighs="old", variance="unbiased"
    )
    for got, expected in zip(moved, running, strict=True):
        assert_array_equal(got, expected)


@given(seed=seeds, epsilon=st.sampled_from([1e-8, 1e-5, 1.0]))
def test_one_value_per_feature_gives_beta(seed: int, epsilon: float) -> None:
    x, gamma, beta = normal(seed, 1, 3) * 100, normal(seed + 1, 3), normal(seed + 2, 3)
    y, mean, var = batch_norm_training(x, gamma, beta, epsilon=epsilon, axis=1)
    assert_array_equal(y[0], beta)
    assert_array_equal(mean, x[0])
    assert_array_equal(var, 0)
    dx = batch_norm_grad(x, gamma, mean, var, normal(seed, 1, 3), epsilon=epsilon, axis=1).x
    assert_array_equal(dx, 0)


@given(seed=seeds, count=st.integers(1, 50))
def test_constant_feature_gives_beta_to_within_the_rounding_of_its_mean(seed: int, count: int) -> None:
    level, gamma, beta = normal(seed, 3) * 100, normal(seed + 1, 3), normal(seed + 2, 3)
    y, _, var = batch_norm_training(np.tile(level, (count, 1)), gamma, beta, epsilon=1e-5, axis=1)
    rounding = count * 2.0**-53 * abs(level)
    assert (abs(y - beta) <= 2 * rounding * abs(gamma) / 1e-5**0.5 + 1e-15 * abs(beta)).all()
    assert (var <= rounding**2).all()


def test_zero_epsilon_is_taken_at_its_word() -> None:
    """A feature that varies is normalised to variance 1; one that does not is 0 / 0."""
    x = np.array([[1.0, 5.0], [3.0, 5.0]])
    y = batch_norm_training(x, np.ones(2), np.zeros(2), epsilon=0.0, axis=1).y
    assert_array_equal(y, [[-1.0, np.nan], [1.0, np.nan]])


@pytest.mark.parametrize("intruder", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("lift", [np.asarray, DoubleDouble], ids=["float64", "double-double"])
def test_nan_and_infinity_stay_in_their_own_feature(lift: Callable[[Array], Any], intruder: float) -> None:
    it = Batch(7, 3, 8)
    where: Any = {"epsilon": 1e-5, "axis": 0}
    clean = batch_norm_training(lift(it.x), it.gamma, it.beta, **where)
    clean_grad = batch_norm_grad(lift(it.x), it.gamma, *clean[1:], lift(it.dy), **where)
    it.x[1, 4] = intruder
    got = batch_norm_training(lift(it.x), it.gamma, it.beta, **where)
    got_grad = batch_norm_grad(lift(it.x), it.gamma, *got[1:], lift(it.dy), **where)
    assert np.isnan(float64(got.y)[1]).all()
    assert_array_equal(float64(got.mean)[1], intruder)
    assert np.isnan(float64(got.var)[1])
    assert np.isnan(float64(got_grad.x)[1]).all()
    for k in (0, 2):
        for a, b in zip((*got, *got_grad), (*clean, *clean_grad), strict=True):
            assert_array_equal(float64(a)[k], float64(b)[k])
    y = batch_norm_inference(lift(it.x), it.gamma, it.beta, it.mean, it.var, **where)
    assert np.isfinite(np.delete(float64(y), 12)).all(), "in inference it is alone"


def test_edges_warn_of_nothing() -> None:
    x = np.array([[np.nan, np.inf, 5.0], [1.0, 2.0, 5.0]])
    one = np.ones(3)
    with np.errstate(all="raise"):
        for data in (x, x[:0]):
            _, mean, var = batch_norm_training(data, one, one, epsilon=0.0, axis=1)
            batch_norm_grad(data, one, mean, var, data, epsilon=0.0, axis=1)
            update_running_statistics(
                (one, one), (mean, var), count=1, momentum=0.5, momentum_weighs="new", variance="unbiased"
            )
