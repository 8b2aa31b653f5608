"""How far a sound implementation may be from the exact value, element by element, from the data itself.

A verdict is ``|got - exact| <= bound``. The bounds are a-priori error bounds of the textbook kind: they
follow the roundings of the two-pass algorithm in an :class:`Arithmetic`, and every other sound algorithm
(Welford's, Chan's merge, a shifted single pass, folded coefficients) stays within them too. What does not
is arithmetic that cancels, E[x^2] - E[x]^2 above all, whose error grows with the square of the condition
kappa = |mean| / sqrt(var) of the data and not with kappa itself.

Per feature, with N values, s = sqrt(var + epsilon), A = mean|x|, u the unit roundoff and g the growth of a
sum of N terms:

    delta = g u A                                                       error of the mean
    rho   = ((g + 4) u var + delta^2 + 4 tiny) / (var + epsilon)        relative error of var + epsilon
    eta   = 1 / sqrt(1 - rho) - 1                                       relative error of 1 / s
    e     = (1 + eta) (delta + 4 u (|x| + |mean|)) / s + |xhat| (eta + 4 u)

delta enters rho squared: that is the virtue of centring before squaring. Where rho >= 1 the computed
variance may be anything and the bound is infinite: then the output need only be finite.

Welford's and Chan's updates multiply by means that still move, and their standard deviation may be off by delta
itself. In y the first term of e makes room for that; in a gradient, and in a variance that is returned, nothing
else does, and it is granted: drift = delta sqrt(var) / (var + epsilon).

All functions take and return NumPy arrays, computed in float64. Source: Higham, *Accuracy and Stability of
Numerical Algorithms*, 2nd ed., chapters 1 and 3; Chan, Golub and LeVeque, 1983; the derivations are in
docs/numerics.md.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

Float64: TypeAlias = NDArray[np.float64]

_C = 4.0  # a handful of roundings
_BLOCK = 1 << 17  # elements worked on at a time, so that temporaries stay in cache


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """The arithmetic an implementation is granted.

    :ivar u: unit roundoff of its operations.
    :ivar u_out: unit roundoff of the dtype the result is rounded to.
    :ivar growth: g, how the error of a sum grows with its number of terms.
    :ivar tiny: smallest normal number of its operations; squares below it may be lost.
    :ivar tiny_out: smallest number of the dtype of the result.
    """

    u: float
    u_out: float
    growth: float
    tiny: float
    tiny_out: float


class GradientBounds(NamedTuple):
    """Bounds for :class:`reference.Gradients`, of the same shapes."""

    x: Float64
    gamma: Float64
    beta: Float64


class _Spread(NamedTuple):
    """Per-feature quantities of the bound, each (n,)."""

    delta: Any
    rho: Any
    eta: Any
    inverse: Any  # 1 / s
    drift: Any  # relative error of s where the mean moves while squares are added up, as Welford's does


def any_order(count: int) -> float:
    """The growth g at MUST: any order of summation, so that no one is accused for adding up plainly."""
    return float(max(8, count))


def probabilistic(count: int) -> float:
    """The growth g at SHOULD: pairwise, blocked or compensated sums (Higham and Mary, 2019)."""
    return max(8.0, math.sqrt(count))


def training_bound(
    x: NDArray[Any],
    gamma: Float64,
    beta: Float64,
    mean: Float64,
    var: Float64,
    *,
    epsilon: float,
    axis: int,
    arithmetic: Arithmetic,
) -> NDArray[Any]:
    """Bound of the training forward pass, shaped as x. ``mean`` and ``var`` are the exact values."""
    x3 = _fold(x, axis)
    spread = _training_spread(x3, mean, var, epsilon, arithmetic)
    return _forward(x3, gamma, beta, mean, spread, arithmetic).reshape(x.shape)


def inference_bound(
    x: NDArray[Any],
    gamma: Float64,
    beta: Float64,
    mean: Float64,
    var: Float64,
    *,
    epsilon: float,
    axis: int,
    arithmetic: Arithmetic,
) -> NDArray[Any]:
    """Bound of the inference pass, shaped as x: the statistics are given, so delta = 0 and rho = 4 u."""
    x3 = _fold(x, axis)
    spread = _given_spread(var, epsilon, arithmetic)
    return _forward(x3, gamma, beta, mean, spread, arithmetic).reshape(x.shape)


def gradient_bounds(
    x: NDArray[Any],
    gamma: Float64,
    mean: Float64,
    var: Float64,
    dy: NDArray[Any],
    gradients: tuple[Float64, Float64, Float64],
    *,
    epsilon: float,
    axis: int,
    arithmetic: Arithmetic,
    training: bool = True,
) -> GradientBounds:
    """Bounds of the gradients (x, gamma, beta), whose exact values are ``gradients``."""
    x3, dy3 = _fold(x, axis).astype(np.float64), _fold(dy, axis).astype(np.float64)
    dx, dgamma, dbeta = _fold(gradients[0], axis), gradients[1], gradients[2]
    u, g, u_out = arithmetic.u, arithmetic.growth, arithmetic.u_out
    count = max(1, x3.shape[0] * x3.shape[2])
    with np.errstate(all="ignore"):
        if training:
            spread = _training_spread(x3, mean, var, epsilon, arithmetic)
        else:
            spread = _given_spread(var, epsilon, arithmetic)
        xhat = np.abs((x3 - mean[:, None]) * spread.inverse[:, None])
        e = ((1 + spread.eta) * spread.inverse)[:, None] * (
            spread.delta[:, None] + _C * u * (np.abs(x3) + np.abs(mean)[:, None])
        ) + xhat * (spread.eta + _C * u)[:, None]
        size = np.abs(dy3)
        total, moment = size.sum(axis=(0, 2)), (size * xhat).sum(axis=(0, 2))
        carried = (size * e).sum(axis=(0, 2))
        floor = _C * arithmetic.tiny + arithmetic.tiny_out
        t_beta = (g + _C) * u * total + u_out * np.abs(dbeta) + floor
        t_gamma = (g + _C) * u * moment + carried + np.abs(dgamma) * (spread.drift + u_out) + floor
        a = (np.abs(gamma) * spread.inverse)[:, None]
        t_x = _C * u * size
        if training:
            t_x += (
                (g + _C) * u * total[:, None]
                + (xhat + e) * ((g + _C) * u * moment + carried)[:, None]
                + e * np.abs(dgamma)[:, None]
            ) / count
        t_x = a * (1 + spread.eta)[:, None] * t_x
        t_x += np.abs(dx) * (spread.eta + spread.drift + _C * u + u_out)[:, None] + floor
    return GradientBounds(_or_infinite(t_x).reshape(x.shape), _or_infinite(t_gamma), _or_infinite(t_beta))


def running_bounds(
    x: NDArray[Any],
    mean: Float64,
    var: Float64,
    old: tuple[Float64, Float64],
    new: tuple[Float64, Float64],
    *,
    weight: float | Float64,
    axis: int,
    arithmetic: Arithmetic,
) -> tuple[Float64, Float64]:
    """Bounds, each (n,), of a moving average's (mean, var) after one step in which the batch weighs ``weight``.

    For k weights at once, (k, 1), the statistics after the step and the bounds are (k, n).

    :param old: the exact statistics before, ``new``: after the step.
    """
    x3 = _fold(x, axis)
    count = max(1, x3.shape[0] * x3.shape[2])
    u, g, u_out = arithmetic.u, arithmetic.growth, arithmetic.u_out
    with np.errstate(all="ignore"):
        magnitude = _mean_magnitude(x3)
        delta = g * u * magnitude
        unbiased = count / max(1, count - 1)
        # Two passes are off by delta^2 alone. Welford's and Chan's updates multiply by means that are still
        # moving, whose errors do not cancel: the standard deviation is off by delta, as it is by their theory.
        error = (g + 4) * u * var + 2 * delta * np.sqrt(var) + delta**2 + _C * arithmetic.tiny
        error *= unbiased
        floor = _C * arithmetic.tiny + arithmetic.tiny_out
        # The weight itself, 1 - momentum perhaps, is known to u and not to u times itself.
        t_mean = weight * (delta + _C * u * magnitude) + _C * u * np.abs(old[0]) + u * magnitude
        t_var = weight * error + _C * u * np.abs(old[1]) + u * unbiased * var
        return (
            _or_infinite(t_mean + u_out * np.abs(new[0]) + floor),
            _or_infinite(t_var + u_out * np.abs(new[1]) + floor),
        )


def _fold(x: NDArray[Any], axis: int) -> NDArray[Any]:
    """X as (before, n, after), a view where x is contiguous."""
    axis %= x.ndim
    before, after = math.prod(x.shape[:axis]), math.prod(x.shape[axis + 1 :])
    return x.reshape(before, x.shape[axis], after)


def _training_spread(
    x3: NDArray[Any], mean: Float64, var: Float64, epsilon: float, arithmetic: Arithmetic
) -> _Spread:
    u, g = arithmetic.u, arithmetic.growth
    with np.errstate(all="ignore"):
        delta = g * u * _mean_magnitude(x3)
        lost = (g + 4) * u * var + delta**2 + _C * arithmetic.tiny
        return _spread(delta, lost, var, epsilon)


def _mean_magnitude(x3: NDArray[Any]) -> Float64:
    """A = mean|x| of each feature."""
    total = np.zeros(x3.shape[1])
    work = np.float64 if x3.dtype == np.float64 else np.float32
    for block in _blocks(x3):
        total += np.einsum("bnr->n", np.abs(x3[block], dtype=work))
    mean: Float64 = total / max(1, x3.shape[0] * x3.shape[2])
    return mean


def _given_spread(var: Float64, epsilon: float, arithmetic: Arithmetic) -> _Spread:
    with np.errstate(all="ignore"):
        lost = _C * arithmetic.u * (var + epsilon) + _C * arithmetic.tiny
        return _spread(np.zeros_like(var), lost, var, epsilon)


def _spread(delta: Float64, lost: Float64, var: Float64, epsilon: float) -> _Spread:
    total = var + epsilon
    rho = np.where(lost < total, lost / total, 1.0)
    root = np.sqrt(1 - rho)
    # 1 / root - 1, written so that a small rho keeps its digits.
    eta = rho / (root * (1 + root))
    return _Spread(delta, rho, eta, 1 / np.sqrt(total), delta * np.sqrt(var) / total)


def _forward(
    x3: NDArray[Any],
    gamma: Float64,
    beta: Float64,
    mean: Float64,
    spread: _Spread,
    arithmetic: Arithmetic,
) -> NDArray[Any]:
    """|gamma| e + 4 u |beta| + u_out |y| + floor = p |x| + q |d| + u_out |a d + beta| + r, block by block.

    A bound needs few digits, so float32 and narrower data are bounded in float32: the traffic halves.
    """
    u = arithmetic.u
    work = np.float64 if x3.dtype == np.float64 else np.float32
    with np.errstate(all="ignore"):
        a = gamma * spread.inverse
        p = np.abs(a) * (1 + spread.eta) * _C * u
        q = np.abs(a) * (spread.eta + _C * u)
        r = np.abs(a) * (1 + spread.eta) * (spread.delta + _C * u * np.abs(mean))
        r += _C * u * np.abs(beta) + _C * arithmetic.tiny + arithmetic.tiny_out
        out = a * arithmetic.u_out, beta * arithmetic.u_out
        p, q, r, centre, slope, offset = (each.astype(work)[:, None] for each in (p, q, r, mean, *out))
        bound = np.empty(x3.shape, dtype=work)
        for block in _blocks(x3):
            x, t = x3[block], bound[block]
            d = np.subtract(x, centre, dtype=work)
            np.multiply(d, slope, out=t)
            t += offset
            np.abs(t, out=t)
            np.abs(d, out=d)
            d *= q
            t += d
            np.abs(x, out=d)
            d *= p
            t += d
            t += r
    return _or_infinite(bound)


def _blocks(x3: NDArray[Any]) -> list[slice]:
    rows = max(1, _BLOCK // max(1, x3.shape[1] * x3.shape[2]))
    return [slice(start, start + rows) for start in range(0, x3.shape[0], rows)]


def _or_infinite(bound: NDArray[Any]) -> NDArray[Any]:
    """A bound that is 0 * inf, nothing known times nothing there, is infinite."""
    if not np.isfinite(bound).all():
        bound[np.isnan(bound)] = np.inf
    return bound
