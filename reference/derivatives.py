"""Derivatives of batch normalisation with respect to x, of any order, along given directions.

With d = x - mean(x), u = mean(d d) + epsilon and r = u^(-1/2), in training

    y = gamma r d + beta        and, for a loss L = sum(w y),        grad L = gamma (r Pw - mean(w d) u^(-3/2) d),

where Pv = v - mean(v). Of d no more than its first derivative along v is not zero: it is Pv. Of u there are two:
2 mean(d Pv) and 2 mean(Pv Pw). So the derivatives of both are sums over the subsets of the directions, with those of
powers of u by the chain rule. All are symmetric in the directions. In which order, and by which mode of automatic
differentiation, a program arrives at one makes no difference: each reverse pass after the first, and each forward
pass, adds a direction.

In inference y is linear in x: the first derivative is gamma / s times the direction, and the others are 0.

Source: the chain rule; Griewank and Walther, *Evaluating Derivatives*, 2nd ed., chapters 3 and 13.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reference.batch_norm import Array, _check_epsilon, _FeatureView, _sqrt
from reference.error_bounds import Arithmetic

Float64 = NDArray[np.float64]
Set = frozenset[int]


def batch_norm_derivative(
    x: Array,
    gamma: Array,
    along: Sequence[Array],
    *,
    epsilon: float,
    axis: int,
    upstream: Array | None = None,
    var: Array | None = None,
) -> Any:
    """The derivative of y along the directions ``along``; with ``upstream`` that of the gradient of sum(upstream y).

    :param x: any rank from 2 up; ``axis`` is the feature axis, n = x.shape[axis].
    :param gamma: scale, (n,).
    :param along: directions shaped as x, one for each order; with ``upstream`` there may be none.
    :param upstream: shaped as x.
    :param var: in inference the variance that x is normalised by, (n,); in training None.
    :returns: an array shaped as x.
    :raises ValueError: a shape, an axis or an epsilon that does not fit.
    :raises TypeError: an array that is not of a real floating-point dtype.
    """
    view = _FeatureView(x, axis)
    _check_epsilon(epsilon)
    gamma = view.vector("gamma", gamma)
    vectors = [view.fold("a direction", each) for each in along]
    loss = None if upstream is None else view.fold("upstream", upstream)
    with np.errstate(all="ignore"):
        if var is not None:
            return _linear(view, gamma / _sqrt(view.vector("var", var) + epsilon), vectors, loss, x.shape)

        def centred(v: Any) -> Any:
            return v - view.mean(v)[:, None]

        parts = _Parts(
            view.mean_product,
            centred(view.x),
            [centred(v) for v in vectors],
            None if loss is None else centred(loss),
        )
        u = parts.mean(parts.d, parts.d) + epsilon
        return (gamma[:, None] * _derivative(parts, u, signed=True)).reshape(*x.shape)


def derivative_bound(
    x: NDArray[Any],
    gamma: Float64,
    along: Sequence[NDArray[Any]],
    *,
    epsilon: float,
    axis: int,
    arithmetic: Arithmetic,
    exact: Float64,
    upstream: NDArray[Any] | None = None,
    var: Float64 | None = None,
) -> Float64:
    """How far a sound implementation may be from :func:`batch_norm_derivative`, shaped as x.

    Every term of the exact value is a product of a few factors, each of which a program knows to (g + 4) u of its
    majorant: the same expression with the absolute values of what is added or subtracted. Differentiation of other
    sound forms of y, such as division by a root, has the same terms several times, which ``_OTHER_FORMS`` allows for.

    :param exact: the exact value.
    """
    view = _FeatureView(x.astype(np.float64), axis)
    order = len(along) + (upstream is not None)

    def size(v: NDArray[Any]) -> Any:
        wide = np.abs(view.fold("a direction", v.astype(np.float64)))
        return wide + view.mean(wide)[:, None]

    with np.errstate(all="ignore"):
        loss = None if upstream is None else size(upstream)
        if var is None:
            d = view.x - view.mean(view.x)[:, None]
            u = view.mean_product(d, d) + epsilon
            parts = _Parts(view.mean_product, size(x), [size(v) for v in along], loss)
            majorant = np.abs(gamma)[:, None] * _derivative(parts, u, signed=False)
        else:
            scale = np.abs(gamma) / np.sqrt(var + epsilon)
            majorant = _linear(view, scale, [size(v) for v in along], loss, view.x.shape)
        relative = _OTHER_FORMS * (order + 1) ** 2 * (arithmetic.growth + 4) * arithmetic.u
        bound = relative * majorant.reshape(x.shape) + arithmetic.u_out * np.abs(exact)
        bound = bound + arithmetic.tiny_out + 4 * arithmetic.tiny
        return np.where(np.isnan(bound), np.inf, bound)


_OTHER_FORMS = 4.0


def _linear(view: _FeatureView, scale: Any, along: list[Any], loss: Any, shape: tuple[int, ...]) -> Any:
    """The derivative of scale x + offset."""
    if len(along) + (loss is not None) > 1:
        return (0.0 * view.x).reshape(*shape)
    return (scale[:, None] * (along[0] if loss is None else loss)).reshape(*shape)


@dataclass(frozen=True, slots=True)
class _Parts:
    """What a derivative is made of, each (before, n, after), or the majorants of that.

    :ivar mean: of a product, over each feature. :ivar w: the upstream gradient, if there is one.
    """

    mean: Callable[[Any, Any], Any]
    d: Any
    along: list[Any]
    w: Any


def _derivative(parts: _Parts, u: Any, *, signed: bool) -> Any:
    """That of d u^(-1/2), or of the gradient of mean(w d u^(-1/2)) N, along all directions.

    :param signed: False for the sum of the absolute values of all terms.
    """
    every = frozenset(range(len(parts.along)))
    powers = _Powers(parts, u, signed)
    if parts.w is None:
        return _product(parts, lambda s: powers.of(0, s), every)

    def coefficient(s: Set) -> Any:
        """The derivative of 2 mean(w d) times that of u^(-1/2) with respect to u."""
        total = parts.mean(parts.w, parts.d) * powers.of(1, s)
        for i in s:
            total = total + parts.mean(parts.w, parts.along[i]) * powers.of(1, s - {i})
        return 2.0 * total

    return parts.w * powers.of(0, every)[:, None] + _product(parts, coefficient, every)


def _product(parts: _Parts, factor: Callable[[Set], Any], s: Set) -> Any:
    """The derivative of d times a factor of each feature."""
    total = parts.d * factor(s)[:, None]
    for i in s:
        total = total + parts.along[i] * factor(s - {i})[:, None]
    return total


class _Powers:
    """Derivatives of the j-th derivative of u^(-1/2) with respect to u."""

    def __init__(self, parts: _Parts, u: Any, signed: bool) -> None:
        self._parts, self._u, self._signed = parts, u, signed
        self._known: dict[tuple[int, Set], Any] = {}

    def of(self, j: int, s: Set) -> Any:
        """Along the directions in s, (n,)."""
        if (j, s) not in self._known:
            self._known[j, s] = self._made(j, s)
        return self._known[j, s]

    def _made(self, j: int, s: Set) -> Any:
        if not s:
            value = 1.0 / _sqrt(self._u)
            for k in range(j):
                value = value / self._u * ((-0.5 - k) if self._signed else (0.5 + k))
            return value
        first = min(s)
        total: Any = None
        for rest in _subsets(s - {first}):
            moved = self._of_u(s - rest)
            if moved is not None:
                term = self.of(j + 1, rest) * moved
                total = term if total is None else total + term
        return total

    def _of_u(self, s: Set) -> Any:
        """The derivative of u, None where it is zero."""
        p = [self._parts.along[i] for i in sorted(s)]
        if len(p) == 1:
            return 2.0 * self._parts.mean(self._parts.d, p[0])
        return 2.0 * self._parts.mean(p[0], p[1]) if len(p) == 2 else None


def _subsets(s: Set) -> Iterator[Set]:
    for size in range(len(s) + 1):
        yield from map(frozenset, combinations(sorted(s), size))
