"""The reference does what batch normalisation is defined to do.

That it does so to the last digit worth having is proved in test_oracle_proof.py; here are its behaviour, its
edges, the examples other specifications publish, and gradients against finite differences.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any, Literal

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from numpy.typing import NDArray

from reference import (
    DoubleDouble,
    batch_norm_grad,
    batch_norm_inference,
    batch_norm_training,
    best_scalar_parameters,
    identity_parameters,
    update_running_statistics,
)

Array = NDArray[Any]
seeds = st.integers(0, 2**32 - 1)
EVERY_RANK_AND_AXIS = [(rank, axis) for rank in range(2, 6) for axis in range(-rank, rank)]
EXTENTS = (4, 3, 2, 2, 3)


def normal(seed: int, *shape: int) -> Array:
    return np.random.default_rng(seed).standard_normal(shape)


class Batch:
    """Features first, (n, N): the textbook's layout, one row for each feature."""

    def __init__(self, seed: int, n: int, count: int) -> None:
        self.x, self.dy = normal(seed, n, count) * 3 + 5, normal(seed + 1, n, count)
        self.gamma, self.beta, self.mean, self.var = normal(seed + 2, 4, n)
        self.var = 0.5 + abs(self.var)


def textbook(x: Array, gamma: Array, beta: Array, epsilon: float) -> Array:
    """Algorithm 1 of Ioffe and Szegedy for one feature after another, in scalars."""
    y = np.empty_like(x)
    for k, values in enumerate(x):
        mu = sum(values) / len(values)
        variance = sum((value - mu) ** 2 for value in values) / len(values)
        for i, value in enumerate(values):
            y[k, i] = gamma[k] * (value - mu) / (variance + epsilon) ** 0.5 + beta[k]
    return y


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


# -- what does not fit is refused, in words that say what came and what was expected


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


def float64(value: Any) -> Array:
    return value.to_float64() if isinstance(value, DoubleDouble) else np.asarray(value)


# -- gradients


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


# -- published examples


STABLEHLO_X = np.array([[[1.0, 2.0], [3.0, 4.0]], [[3.0, 4.0], [1.0, 2.0]]])
STABLEHLO_Y = [[[0.0, 0.0], [2.0, 2.0]], [[2.0, 2.0], [0.0, 0.0]]]
STABLEHLO: Any = {"epsilon": 0.0, "axis": 2}

each_precision = pytest.mark.parametrize(
    "lift",
    [lambda x: x, lambda x: x.astype(np.float32), DoubleDouble],
    ids=["float64", "float32", "double-double"],
)


@each_precision
def test_stablehlo_example_of_batch_norm_training(lift: Callable[[Array], Any]) -> None:
    """openxla/stablehlo, docs/spec.md, batch_norm_training."""
    y, mean, var = batch_norm_training(lift(STABLEHLO_X), np.ones(2), np.ones(2), **STABLEHLO)
    assert_array_equal(float64(y), STABLEHLO_Y)
    assert_array_equal(float64(mean), [2.0, 3.0])
    assert_array_equal(float64(var), [1.0, 1.0])


@each_precision
def test_stablehlo_example_of_batch_norm_inference(lift: Callable[[Array], Any]) -> None:
    """openxla/stablehlo, docs/spec.md, batch_norm_inference."""
    one, mean = np.ones(2), np.array([2.0, 3.0])
    y = batch_norm_inference(lift(STABLEHLO_X), one, one, mean, one, **STABLEHLO)
    assert_array_equal(float64(y), STABLEHLO_Y)


@each_precision
def test_stablehlo_example_of_batch_norm_grad(lift: Callable[[Array], Any]) -> None:
    """openxla/stablehlo, docs/spec.md, batch_norm_grad."""
    one, mean = np.ones(2), np.array([2.0, 3.0])
    dx, dgamma, dbeta = batch_norm_grad(
        lift(STABLEHLO_X), one, mean, one, lift(np.full((2, 2, 2), 0.1)), **STABLEHLO
    )
    assert_allclose(float64(dx), np.zeros((2, 2, 2)), atol=1e-7)
    assert_allclose(float64(dgamma), [0.0, 0.0], atol=1e-7)
    assert_allclose(float64(dbeta), [0.4, 0.4], rtol=1e-6)


ONNX_X = np.array([[[[-1.0, 0.0, 1.0]], [[2.0, 3.0, 4.0]]]])
ONNX_SCALE, ONNX_BIAS = np.array([1.0, 1.5]), np.array([0.0, 1.0])
ONNX_MEAN, ONNX_VAR = np.array([0.0, 3.0]), np.array([1.0, 1.5])
ONNX: Any = {"epsilon": 1e-5, "axis": 1}


@each_precision
def test_onnx_example_of_inference(lift: Callable[[Array], Any]) -> None:
    """ONNX operator documentation, BatchNormalization, test_batchnorm_example: s (x - mean) / sqrt(var) + bias."""
    y = batch_norm_inference(lift(ONNX_X), ONNX_SCALE, ONNX_BIAS, ONNX_MEAN, ONNX_VAR, **ONNX)
    expected = [[[[-0.999995, 0.0, 0.999995]], [[-0.22474076, 1.0, 2.22474076]]]]
    assert_allclose(float64(y), expected, rtol=1e-6)


@each_precision
def test_onnx_example_of_training(lift: Callable[[Array], Any]) -> None:
    """ONNX opset 14 and 15, test_batchnorm_example_training_mode: momentum 0.9 weighs the old, variance biased."""
    y, mean, var = batch_norm_training(lift(ONNX_X), ONNX_SCALE, ONNX_BIAS, **ONNX)
    assert_allclose(float64(mean), [0.0, 3.0], atol=1e-7)
    assert_allclose(float64(var), [2 / 3, 2 / 3], rtol=1e-6)
    step = 1.2247357
    expected = [[[[-step, 0.0, step]], [[1 - 1.5 * step, 1.0, 1 + 1.5 * step]]]]
    assert_allclose(float64(y), expected, rtol=1e-6, atol=1e-7)
    output_mean, output_var = update_running_statistics(
        (ONNX_MEAN, ONNX_VAR), (mean, var), count=3, momentum=0.9, momentum_weighs="old", variance="biased"
    )
    assert_allclose(float64(output_mean), [0.0, 3.0], rtol=1e-6, atol=1e-7)
    assert_allclose(float64(output_var), [0.9 + 0.2 / 3, 1.35 + 0.2 / 3], rtol=1e-6)


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
