"""Double-double arithmetic, proved operation by operation against balls of 700 bits.

What the oracle for float64 leans on: every operation is right to 100 bits wherever its result is far from
overflow and underflow, sums are right to 100 bits of the sum of their magnitudes, and infinities and NaNs
come out as they do in float64.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterator
from typing import Any

import flint
import numpy as np
import pytest
from flint import arb
from hypothesis import given
from hypothesis import strategies as st

from reference import DoubleDouble

BITS = 100
OPERATIONS = [operator.add, operator.sub, operator.mul, operator.truediv]
SPECIAL = [0.0, -0.0, 1.0, -2.5, math.inf, -math.inf, math.nan, np.finfo(float).max, 5e-324]

each_operation = pytest.mark.parametrize("operation", OPERATIONS, ids=lambda f: f.__name__)
ignoring_warnings = np.errstate(all="ignore")


@pytest.fixture(autouse=True, scope="module")
def seven_hundred_bits() -> Iterator[None]:
    before, flint.ctx.prec = flint.ctx.prec, 700
    yield
    flint.ctx.prec = before


def numbers(most: int = 200) -> st.SearchStrategy[DoubleDouble]:
    """Double-doubles of magnitude 2^-most to 2^most, their trailing parts anything from none to half an ulp."""
    leading = st.floats(1, 2) | st.floats(-2, -1)
    trailing = st.integers(-(2**53), 2**53).map(lambda bits: bits * 2.0**-53)
    exponent = st.integers(-most, most) | st.integers(-2, 2)
    return st.builds(_number, leading, trailing, exponent)


def _number(leading: float, trailing: float, exponent: int) -> DoubleDouble:
    return DoubleDouble(math.ldexp(leading, exponent), math.ldexp(trailing, exponent - 53))


def exactly(x: DoubleDouble | float) -> arb:
    if isinstance(x, DoubleDouble):
        return arb(float(x.hi)) + arb(float(x.lo))
    return arb(x)


def assert_close(got: DoubleDouble, exact: arb, size: arb | None = None) -> None:
    """``got`` is within 2^-100 of the exact value, relatively to ``size``."""
    allowed = abs(exact if size is None else size) * arb(2) ** -BITS
    error = abs(exactly(got) - exact)
    assert error <= allowed, f"off by {error}, allowed {allowed}"
    assert abs(got.lo) <= np.spacing(abs(got.hi)) / 2, "the two parts overlap"


# -- accuracy


@each_operation
@given(a=numbers(), b=numbers())
def test_operation_is_right_to_100_bits(
    operation: Callable[[Any, Any], Any], a: DoubleDouble, b: DoubleDouble
) -> None:
    assert_close(operation(a, b), operation(exactly(a), exactly(b)))


@each_operation
@given(a=numbers(), b=st.floats(2.0**-200, 2.0**200))
def test_operation_with_a_float64_is_right_to_100_bits_on_either_side(
    operation: Callable[[Any, Any], Any], a: DoubleDouble, b: float
) -> None:
    assert_close(operation(a, b), operation(exactly(a), arb(b)))
    assert_close(operation(b, a), operation(arb(b), exactly(a)))


@given(a=numbers(), tilt=st.floats(-1, 1), distance=st.integers(30, 110))
def test_cancellation_loses_nothing(a: DoubleDouble, tilt: float, distance: int) -> None:
    """The difference of neighbours is as precise as that of strangers: centring depends on it."""
    near = a * (1 + math.ldexp(tilt, -distance))
    assert_close(near - a, exactly(near) - exactly(a))


@given(a=numbers(400))
def test_square_root_is_right_to_100_bits(a: DoubleDouble) -> None:
    positive = a if a.hi > 0 else -a
    assert_close(positive.sqrt(), exactly(positive).sqrt())


@given(
    seed=st.integers(0, 2**32 - 1),
    shape=st.tuples(st.integers(0, 7), st.integers(1, 3), st.integers(0, 9)),
    spread=st.integers(0, 60),
)
def test_sum_is_right_to_100_bits_of_the_sum_of_magnitudes(
    seed: int, shape: tuple[int, int, int], spread: int
) -> None:
    """Over the outer axes, as batch normalisation sums; the sum of nothing is zero."""
    draw = np.random.default_rng(seed)
    hi = draw.uniform(-1, 1, shape) * 2.0 ** draw.integers(-spread, spread + 1, shape)
    x = DoubleDouble(hi, np.spacing(hi) * draw.uniform(-0.5, 0.5, shape))
    total = x.sum(axis=(0, 2))
    assert total.shape == (shape[1],)
    for k in range(shape[1]):
        terms = [exactly(x[i, k, j]) for i in range(shape[0]) for j in range(shape[2])]
        size = sum((abs(term) for term in terms), arb(0))
        assert_close(total[k], sum(terms, arb(0)), size)


def test_a_third_has_two_words() -> None:
    """float64 stops at 53 bits; the second word goes on where the first one stops."""
    third = DoubleDouble(1.0) / 3
    assert third.lo != 0
    assert_close(third, arb(1) / 3)
    assert third.to_float64() == 1 / 3


# -- infinities and NaNs


@each_operation
@ignoring_warnings
def test_infinities_and_nans_come_out_as_in_float64(
    operation: Callable[[Any, Any], Any],
) -> None:
    a, b = (m.ravel() for m in np.meshgrid(SPECIAL, SPECIAL))
    expected = operation(a, b)
    for got in (
        operation(DoubleDouble(a), DoubleDouble(b)),
        operation(DoubleDouble(a), b),
        operation(a, DoubleDouble(b)),
    ):
        np.testing.assert_array_equal(got.hi, expected)
        np.testing.assert_array_equal(got.lo[~np.isfinite(expected)], 0)


@ignoring_warnings
def test_square_roots_of_infinities_and_nans_come_out_as_in_float64() -> None:
    a = np.array(SPECIAL)
    np.testing.assert_allclose(DoubleDouble(a).sqrt().hi, np.sqrt(a), rtol=2.0**-52)


@pytest.mark.parametrize(
    "terms", [(1.0, math.inf, 2.0), (math.inf, -math.inf), (1.0, math.nan), (math.inf,) * 5]
)
@ignoring_warnings
def test_sum_of_infinities_and_nans_comes_out_as_in_float64(terms: tuple[float, ...]) -> None:
    a = np.array(terms)
    np.testing.assert_array_equal(DoubleDouble(a).sum(axis=(0,)).hi, a.sum())


def test_arithmetic_warns_of_nothing() -> None:
    with np.errstate(all="raise"):
        zero = DoubleDouble(0.0)
        assert np.isnan((zero / zero).hi)
        assert np.isnan((-DoubleDouble(1.0)).sqrt().hi)
        assert np.isinf((DoubleDouble(1e300) * 1e300).hi)


# -- behaving like an array


@each_operation
@pytest.mark.parametrize(
    "other",
    [3, 3.0, np.float32(3), np.float64(3), np.int64(3), np.uint8(3), np.full(2, 3.0), np.full((4, 1), 3.0)],
    ids=lambda value: f"{type(value).__name__}{np.shape(value) or ''}",
)
def test_operators_take_scalars_and_arrays_on_either_side(
    operation: Callable[[Any, Any], Any], other: Any
) -> None:
    """Every result is a DoubleDouble, broadcast as NumPy broadcasts; never an object array."""
    x = np.array([0.5, -7.0])
    for got, expected in (
        (operation(DoubleDouble(x), other), operation(x, other)),
        (operation(other, DoubleDouble(x)), operation(other, x)),
    ):
        assert isinstance(got, DoubleDouble)
        assert got.shape == np.shape(expected)
        np.testing.assert_array_equal(got.to_float64(), expected)


def test_operators_leave_their_operands_alone() -> None:
    a, b = DoubleDouble([1.0, 2.0], [1e-17, 0.0]), DoubleDouble([3.0, 4.0])
    before = a.hi.copy(), a.lo.copy(), b.hi.copy(), b.lo.copy()
    a.sum(axis=(0,))
    for operation in OPERATIONS:
        c = a
        c = operation(c, b)
        assert c is not a
    for part, copy in zip((a.hi, a.lo, b.hi, b.lo), before, strict=True):
        np.testing.assert_array_equal(part, copy)


def test_takes_shape_views_and_parts_like_an_array() -> None:
    x = DoubleDouble(np.arange(6.0).reshape(2, 3))
    assert (x.shape, x.ndim) == ((2, 3), 2)
    assert x.dtype == np.float64
    assert x.reshape(3, 2).shape == (3, 2)
    assert float(x[1, 2]) == 5.0
    assert repr(DoubleDouble(1.5)) == "DoubleDouble(array(1.5), array(0.))"
