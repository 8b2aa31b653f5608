"""Arrays of unevaluated sums of two float64 numbers: about 106 bits, in plain NumPy.

The oracle that judges float64 must itself be better than float64. ``numpy.longdouble`` has 64 bits on
one machine and 53 on the next, and the extended dtypes that can be installed lose a value here and an
infinity there, so the few operations batch normalisation needs are made from error-free transformations
(Knuth's two-sum, Dekker's product): ``+ - * /``, ``sqrt``, sums over axes.

Infinities and NaNs come out as they do in float64: where the leading part is not finite, the trailing
part is zero.

Source: Dekker, *A floating-point technique for extending the available precision*, 1971; Joldes, Muller
and Popescu, *Tight and rigorous error bounds for basic building blocks of double-word arithmetic*, 2017.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

Float64: TypeAlias = NDArray[np.float64]
Operand: TypeAlias = "DoubleDouble | ArrayLike"

_UPPER_26_BITS = np.uint64(0xFFFF_FFFF_F800_0000)


class DoubleDouble:
    """An array ``hi + lo`` with ``|lo| <= ulp(hi) / 2``. Immutable by convention."""

    __slots__ = ("hi", "lo")
    __array_ufunc__ = None  # ndarray <op> DoubleDouble defers to the reflected operators below

    def __init__(self, hi: ArrayLike, lo: ArrayLike | None = None) -> None:
        self.hi: Float64 = np.asarray(hi, dtype=np.float64)
        self.lo: Float64 = np.zeros_like(self.hi) if lo is None else np.asarray(lo, dtype=np.float64)

    def __repr__(self) -> str:
        return f"DoubleDouble({self.hi!r}, {self.lo!r})"

    @property
    def shape(self) -> tuple[int, ...]:
        return self.hi.shape

    @property
    def ndim(self) -> int:
        return self.hi.ndim

    @property
    def dtype(self) -> np.dtype[np.float64]:
        """The dtype of each of the two parts."""
        return self.hi.dtype

    def reshape(self, *shape: int) -> DoubleDouble:
        return DoubleDouble(self.hi.reshape(*shape), self.lo.reshape(*shape))

    def __getitem__(self, key: Any) -> DoubleDouble:
        return DoubleDouble(self.hi[key], self.lo[key])

    def __float__(self) -> float:
        return float(self.hi)

    def to_float64(self) -> Float64:
        """The nearest float64 array."""
        return self.hi + self.lo

    # -- arithmetic

    def __neg__(self) -> DoubleDouble:
        return DoubleDouble(-self.hi, -self.lo)

    def __add__(self, other: Operand) -> DoubleDouble:
        with np.errstate(all="ignore"):
            if isinstance(other, DoubleDouble):
                total, e = _two_sum(self.hi, other.hi)
                t, f = _two_sum(self.lo, other.lo)
                s, e = _fast_two_sum(total, e + t)
                return _normalised(s, e + f, total)
            total, e = _two_sum(self.hi, np.asarray(other, dtype=np.float64))
            return _normalised(total, e + self.lo, total)

    __radd__ = __add__

    def __sub__(self, other: Operand) -> DoubleDouble:
        return self + (-other if isinstance(other, DoubleDouble) else -np.asarray(other, np.float64))

    def __rsub__(self, other: Operand) -> DoubleDouble:
        return -self + other

    def __mul__(self, other: Operand) -> DoubleDouble:
        with np.errstate(all="ignore"):
            if isinstance(other, DoubleDouble):
                p, e = _two_product(self.hi, other.hi)
                return _normalised(p, e + (self.hi * other.lo + self.lo * other.hi), p)
            b = np.asarray(other, dtype=np.float64)
            p, e = _two_product(self.hi, b)
            return _normalised(p, e + self.lo * b, p)

    __rmul__ = __mul__

    def __truediv__(self, other: Operand) -> DoubleDouble:
        divisor = other if isinstance(other, DoubleDouble) else DoubleDouble(other)
        with np.errstate(all="ignore"):
            first = self.hi / divisor.hi
            rest = self - divisor * first
            second = rest.hi / divisor.hi
            rest = rest - divisor * second
            third = rest.hi / divisor.hi
            q, e = _fast_two_sum(first, second)
            return _normalised(q, e + third, first)

    def __rtruediv__(self, other: ArrayLike) -> DoubleDouble:
        return DoubleDouble(other) / self

    def sqrt(self) -> DoubleDouble:
        """Karp's method: one float64 square root and one Newton step in double-double."""
        with np.errstate(all="ignore"):
            root = np.sqrt(self.hi)
            residual = self - DoubleDouble(*_two_product(root, root))
            correction = np.where(root > 0, residual.hi / (2 * root), 0.0)
            return _normalised(root, correction, root)

    def sum(self, axis: tuple[int, ...]) -> DoubleDouble:
        """Sum over ``axis`` by halving (pairwise); the sum of nothing is zero."""
        kept = tuple(k for k in range(self.ndim) if k not in axis)
        order = (*axis, *kept)
        shape = tuple(self.shape[k] for k in kept)
        count = int(np.prod([self.shape[k] for k in axis]))
        total = DoubleDouble(
            self.hi.transpose(order).reshape(count, *shape),
            self.lo.transpose(order).reshape(count, *shape),
        )
        if count == 0:
            return DoubleDouble(np.zeros(shape))
        while count > 1:
            half = count // 2
            paired = total[:half] + total[half : 2 * half]
            if count % 2:
                # The odd one out joins the first pair.
                paired.hi[:1], paired.lo[:1] = _parts(paired[:1] + total[2 * half :])
            total, count = paired, half
        return total[0]


def _parts(x: DoubleDouble) -> tuple[Float64, Float64]:
    return x.hi, x.lo


def _two_sum(a: Float64, b: Float64) -> tuple[Float64, Float64]:
    """a + b as the rounded sum and its exact error."""
    s = a + b
    t = s - a
    return s, (a - (s - t)) + (b - t)


def _fast_two_sum(a: Float64, b: Float64) -> tuple[Float64, Float64]:
    """The same where |a| >= |b|."""
    s = a + b
    return s, b - (s - a)


def _two_product(a: Float64, b: Float64) -> tuple[Float64, Float64]:
    """a * b as the rounded product and its error, to 2^-104 relatively.

    The factors are split by masking bits and not by Veltkamp's multiplication, which overflows above
    2^996.
    """
    p = a * b
    a_hi, b_hi = _upper(a), _upper(b)
    a_lo, b_lo = a - a_hi, b - b_hi
    return p, ((a_hi * b_hi - p) + a_hi * b_lo + a_lo * b_hi) + a_lo * b_lo


def _upper(a: Float64) -> Float64:
    bits = np.ascontiguousarray(a).view(np.uint64) & _UPPER_26_BITS
    return bits.view(np.float64).reshape(a.shape)


def _normalised(s: Float64, e: Float64, plain: Float64) -> DoubleDouble:
    """s + e, and ``plain``, the operation's result in float64, where that is not finite."""
    hi, lo = _fast_two_sum(s, e)
    if not np.isfinite(lo).all():
        # Either the result itself is not finite, or only the error term overflowed on the way.
        overflowed = ~np.isfinite(lo)
        hi, lo = np.where(overflowed, plain, hi), np.where(overflowed, 0.0, lo)
    return DoubleDouble(hi, lo)
