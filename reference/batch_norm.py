"""Batch normalisation, written to be read and to be trusted.

For n features and N values per feature, with every sum over one feature's N values,

    mean = sum(x) / N      var = sum((x - mean)^2) / N      xhat = (x - mean) / sqrt(var + epsilon)
    y = gamma * xhat + beta

``gamma``, ``beta``, ``mean`` and ``var`` are n-vectors: one number for each feature, whatever the batch.

The functions have the names and the meaning of the StableHLO operations. They take a real floating-point
NumPy array, or a :class:`~reference.double_double.DoubleDouble`, and compute in that precision; it is the
caller who chooses one good enough to judge by. They never modify their arguments.

At the edges: an empty batch has statistics NaN (the mean of nothing) and an empty output; one value per
feature gives ``beta``; a constant feature gives ``beta`` to within the rounding of its mean; with
``epsilon = 0`` a constant feature is 0 / 0, NaN; a NaN or an infinity makes its own feature NaN and no
other.

Source: Ioffe and Szegedy, *Batch Normalization*, 2015, Algorithm 1 and section 3; the StableHLO
specification of batch_norm_training, batch_norm_inference and batch_norm_grad.
"""

from __future__ import annotations

import math
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from reference.double_double import DoubleDouble

Array: TypeAlias = NDArray[Any] | DoubleDouble


class Training(NamedTuple):
    """What the training step gives: ``y`` shaped as x, and the batch's (n,) mean and biased variance."""

    y: Any
    mean: Any
    var: Any


class Gradients(NamedTuple):
    """Gradients of a loss: ``x`` shaped as the input, ``gamma`` and ``beta`` n-vectors (n,)."""

    x: Any
    gamma: Any
    beta: Any


def batch_norm_training(x: Array, gamma: Array, beta: Array, *, epsilon: float, axis: int) -> Training:
    """Normalise by the statistics of the batch itself.

    :param x: any rank from 2 up; ``axis`` is the feature axis, n = x.shape[axis].
    :param gamma: scale, (n,).
    :param beta: offset, (n,).
    :raises ValueError: a shape, an axis or an epsilon that does not fit.
    :raises TypeError: an array that is not of a real floating-point dtype.
    """
    view = _FeatureView(x, axis)
    _check_epsilon(epsilon)
    gamma, beta = view.vector("gamma", gamma), view.vector("beta", beta)
    with np.errstate(all="ignore"):
        mean = view.mean(view.x)
        y = view.x - mean[:, None]
        var = view.mean_product(y, y)
        y *= (gamma / _sqrt(var + epsilon))[:, None]
        y += beta[:, None]
    return Training(y.reshape(*x.shape), mean, var)


def batch_norm_inference(
    x: Array, gamma: Array, beta: Array, mean: Array, var: Array, *, epsilon: float, axis: int
) -> Any:
    """Normalise by given statistics ``mean`` and ``var``, each (n,). Returns y, shaped as x.

    :raises ValueError: a shape, an axis or an epsilon that does not fit.
    :raises TypeError: an array that is not of a real floating-point dtype.
    """
    view = _FeatureView(x, axis)
    _check_epsilon(epsilon)
    gamma, beta = view.vector("gamma", gamma), view.vector("beta", beta)
    mean, var = view.vector("mean", mean), view.vector("var", var)
    with np.errstate(all="ignore"):
        y = view.x - mean[:, None]
        y *= (gamma / _sqrt(var + epsilon))[:, None]
        y += beta[:, None]
    return y.reshape(*x.shape)


def batch_norm_grad(
    x: Array,
    gamma: Array,
    mean: Array,
    var: Array,
    dy: Array,
    *,
    epsilon: float,
    axis: int,
    training: bool = True,
) -> Gradients:
    """Gradients of a loss whose gradient with respect to y is ``dy`` (shaped as x).

    With ``training`` the statistics are functions of x (``mean`` and ``var`` are then the batch's own, as
    :func:`batch_norm_training` returned them) and

        dx = gamma / s * (dy - mean(dy) - xhat * mean(dy * xhat)),   s = sqrt(var + epsilon);

    without it they are constants, and dx = gamma / s * dy.

    :raises ValueError: a shape, an axis or an epsilon that does not fit.
    :raises TypeError: an array that is not of a real floating-point dtype.
    """
    view = _FeatureView(x, axis)
    _check_epsilon(epsilon)
    gamma = view.vector("gamma", gamma)
    mean, var = view.vector("mean", mean), view.vector("var", var)
    if dy.shape != x.shape:
        raise ValueError(f"dy must have the shape of x, {x.shape}; it has {dy.shape}")
    upstream: Any = view.fold("dy", dy)
    with np.errstate(all="ignore"):
        inverse = 1.0 / _sqrt(var + epsilon)
        xhat = view.x - mean[:, None]
        xhat *= inverse[:, None]
        dbeta = view.sum(upstream)
        dgamma = view.sum_product(upstream, xhat)
        if training and view.count:
            dx = upstream - (dbeta / view.count)[:, None]
            xhat *= (dgamma / view.count)[:, None]
            dx -= xhat
            dx *= (gamma * inverse)[:, None]
        else:
            dx = upstream * (gamma * inverse)[:, None]
    return Gradients(dx.reshape(*x.shape), dgamma, dbeta)


def update_running_statistics(
    running: tuple[Array, Array],
    batch: tuple[Array, Array],
    *,
    count: int,
    momentum: float,
    momentum_weighs: Literal["old", "new"],
    variance: Literal["biased", "unbiased"],
) -> tuple[Any, Any]:
    """One step of the moving average of (mean, var), under any of the conventions in use.

    :param running: the statistics so far, two n-vectors.
    :param batch: the batch's mean and *biased* variance, two n-vectors.
    :param count: N, values per feature in the batch.
    :param momentum: from 0 to 1.
    :param momentum_weighs: ``"old"``: momentum is the weight kept (Keras, ONNX); ``"new"``: it is the weight
        of the new batch (PyTorch).
    :param variance: ``"unbiased"`` averages N / (N - 1) times the biased variance (Algorithm 2 of the
        paper); for N = 1 that is not finite.
    """
    if not 0 <= momentum <= 1:
        raise ValueError(f"momentum must lie between 0 and 1; it is {momentum}")
    for name, old, new in zip(("mean", "var"), running, batch, strict=True):
        if old.shape != new.shape or old.ndim != 1:
            raise ValueError(
                f"running and batch {name} must be n-vectors of one length; they have shapes "
                f"{old.shape} and {new.shape}"
            )
    if count < 1:
        return running
    weight: Any = momentum
    if any(isinstance(each, DoubleDouble) for each in (*running, *batch)):
        weight = DoubleDouble(momentum)
    kept, taken = (weight, 1 - weight) if momentum_weighs == "old" else (1 - weight, weight)
    (old_mean, old_var), (mean, var) = running, batch
    with np.errstate(all="ignore"):
        if variance == "unbiased":
            var = var * float(count) / float(count - 1)
        return old_mean * kept + mean * taken, old_var * kept + var * taken


class _FeatureView:
    """x folded to (before, n, after): the feature axis in the middle, the N = before * after values around it.

    Folding is a view where x is contiguous, so nothing is moved.
    """

    def __init__(self, x: Array, axis: int) -> None:
        if x.ndim < 2:
            raise ValueError(f"x must have at least 2 axes, features and batch; it has shape {x.shape}")
        if not -x.ndim <= axis < x.ndim:
            raise ValueError(f"axis {axis} is out of range for x of shape {x.shape}")
        self._shape = x.shape
        self._axis = axis % x.ndim
        self._dtype = x.dtype
        # einsum adds up one by one, which in float32 loses its way in a million terms.
        self._accumulator = np.float64 if x.dtype.itemsize < 8 else None
        self.features = x.shape[self._axis]
        self.x: Any = self.fold("x", x)
        self.count = self.x.shape[0] * self.x.shape[2]

    def fold(self, name: str, array: Array) -> Any:
        _check_real(name, array)
        before = math.prod(self._shape[: self._axis])
        after = math.prod(self._shape[self._axis + 1 :])
        return array.reshape(before, self.features, after)

    def vector(self, name: str, value: Array) -> Any:
        """``value`` as an n-vector in the precision of x, or a ValueError that names both shapes."""
        if not isinstance(value, DoubleDouble):
            value = np.asarray(value)
        _check_real(name, value)
        if value.shape != (self.features,):
            raise ValueError(
                f"{name} must be an n-vector of shape ({self.features},), one value for each feature of x "
                f"of shape {self._shape} along axis {self._axis}; it has shape {value.shape}"
            )
        if isinstance(value, DoubleDouble):
            return value
        value = value.astype(self._dtype, copy=False)
        return DoubleDouble(value) if isinstance(self.x, DoubleDouble) else value

    def sum(self, a: Any) -> Any:
        if isinstance(a, DoubleDouble):
            return a.sum(axis=(0, 2))
        return self._rounded(np.einsum("bnr->n", a, dtype=self._accumulator))

    def sum_product(self, a: Any, b: Any) -> Any:
        if isinstance(a, DoubleDouble) or isinstance(b, DoubleDouble):
            return (a * b).sum(axis=(0, 2))
        return self._rounded(np.einsum("bnr,bnr->n", a, b, dtype=self._accumulator))

    def _rounded(self, total: Any) -> Any:
        return total.astype(self._dtype, copy=False)

    def mean(self, a: Any) -> Any:
        return self.sum(a) / self._dtype.type(self.count)

    def mean_product(self, a: Any, b: Any) -> Any:
        return self.sum_product(a, b) / self._dtype.type(self.count)


def _sqrt(a: Any) -> Any:
    return a.sqrt() if isinstance(a, DoubleDouble) else np.sqrt(a)


def _check_real(name: str, array: Array) -> None:
    if not np.issubdtype(array.dtype, np.floating):
        raise TypeError(
            f"{name} must be of a real floating-point NumPy dtype; it is {array.dtype} (convert it first)"
        )


def _check_epsilon(epsilon: float) -> None:
    if not 0 <= epsilon < math.inf:
        raise ValueError(f"epsilon must be a finite number >= 0; it is {epsilon}")
