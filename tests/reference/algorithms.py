"""Batch norm by the algorithms that careful authors choose, and by one that they do not, every rounding in its dtype;
and how far their results are from the exact ones.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, get_args

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from conformance.cases.arrays import realise
from conformance.cases.case import Beta, Case, Gamma, Regime, Values
from conformance.judging.arithmetic import arithmetic
from conformance.judging.level import Level
from reference import batch_norm_grad, batch_norm_inference, batch_norm_training
from reference.error_bounds import (
    gradient_bounds,
    inference_bound,
    running_bounds,
    training_bound,
)

Array = NDArray[Any]
Sum = Callable[[Array], Array]
Moments = Callable[[Array], tuple[Array, Array]]

VALUES: list[Values] = ["normal", "two-valued", "integer", "heavy-tailed", "constant"]
U = 2.0**-24


# -- sums over the first axis of an (N, n) array, every rounding in its dtype


def sequential(a: Array) -> Array:
    return np.asarray(np.add.accumulate(a, axis=0)[-1])


def pairwise(a: Array) -> Array:
    while len(a) > 1:
        odd = a[len(a) // 2 * 2 :]
        a = np.concatenate([a[0 : len(a) // 2 * 2 : 2] + a[1::2], odd])
    return np.asarray(a[0])


def numpy_pairwise(a: Array) -> Array:
    return np.asarray(np.ascontiguousarray(a.T).sum(axis=1, dtype=a.dtype))


def blocked(a: Array, lanes: int = 8) -> Array:
    """As a vector unit adds: ``lanes`` running sums, added up at the end."""
    padded = np.concatenate([a, np.zeros((-len(a) % lanes, a.shape[1]), a.dtype)])
    return sequential(sequential(padded.reshape(-1, lanes, a.shape[1])))


# -- mean and biased variance of each column


def two_pass(total: Sum) -> Moments:
    def moments(x: Array) -> tuple[Array, Array]:
        n = x.dtype.type(len(x))
        mean = total(x) / n
        centred = x - mean
        return mean, total(centred * centred) / n

    return moments


def welford(x: Array) -> tuple[Array, Array]:
    mean, squares = x[0], np.zeros_like(x[0])
    for k in range(1, len(x)):
        off = x[k] - mean
        mean = mean + off / x.dtype.type(k + 1)
        squares = squares + off * (x[k] - mean)
    return mean, squares / x.dtype.type(len(x))


def chan(x: Array) -> tuple[Array, Array]:
    """Blocks of 8, each in two passes, merged two by two (Chan, Golub and LeVeque)."""
    kind = x.dtype.type
    blocks = np.array_split(x, max(1, len(x) // 8))
    parts = [(len(b), mean, var * kind(len(b))) for b in blocks for mean, var in [two_pass(sequential)(b)]]
    while len(parts) > 1:
        merged = []
        for (na, ma, qa), (nb, mb, qb) in zip(parts[::2], parts[1::2], strict=False):
            off = mb - ma
            mean = ma + off * kind(nb / (na + nb))
            merged.append((na + nb, mean, qa + qb + off * off * kind(na * nb / (na + nb))))
        parts = merged + parts[len(merged) * 2 :]
    count, mean, squares = parts[0]
    return mean, squares / kind(count)


def shifted(x: Array) -> tuple[Array, Array]:
    """One pass over x - shift, with the mean of the first few values for a shift."""
    first = x[:8]
    n, shift = x.dtype.type(len(x)), sequential(first) / x.dtype.type(len(first))
    off = x - shift
    mean = sequential(off) / n
    return shift + mean, np.maximum(sequential(off * off) / n - mean * mean, 0)


def one_pass(total: Sum) -> Moments:
    """E[x^2] - E[x]^2: what must not pass."""

    def moments(x: Array) -> tuple[Array, Array]:
        n = x.dtype.type(len(x))
        mean = total(x) / n
        return mean, np.maximum(total(x * x) / n - mean * mean, 0)

    return moments


SOUND: dict[str, Moments] = {
    "two-pass, sequential": two_pass(sequential),
    "two-pass, pairwise": two_pass(pairwise),
    "two-pass, np.sum": two_pass(numpy_pairwise),
    "two-pass, blocked": two_pass(blocked),
    "Welford": welford,
    "Chan merge": chan,
    "shifted one-pass": shifted,
}


# -- the affine step


def centred(x: Array, mean: Array, var: Array, gamma: Array, beta: Array, epsilon: Any) -> Array:
    return np.asarray((x - mean) * (gamma / np.sqrt(var + epsilon)) + beta)


def normalised_first(x: Array, mean: Array, var: Array, gamma: Array, beta: Array, epsilon: Any) -> Array:
    return np.asarray(gamma * ((x - mean) / np.sqrt(var + epsilon)) + beta)


def folded(x: Array, mean: Array, var: Array, gamma: Array, beta: Array, epsilon: Any) -> Array:
    slope = gamma * (x.dtype.type(1) / np.sqrt(var + epsilon))
    return np.asarray(x * slope + (beta - mean * slope))


AFFINE = [centred, normalised_first, folded]


# -- experiments: (N, n) arrays of many features under one regime, and how far results are from the exact ones


class Experiment:
    """A case's arrays with their exact results, and ratios of error to bound."""

    def __init__(self, case: Case, level: Level = Level.MUST) -> None:
        arrays = realise(case)
        self.x, self.dy, self.gamma, self.beta = arrays.x, arrays.dy, arrays.gamma, arrays.beta
        self.given = arrays.mean, arrays.var
        self.epsilon = self.x.dtype.type(case.epsilon)
        self.where: Any = {"epsilon": case.epsilon, "axis": 1}
        self.parameters = wide(self.gamma), wide(self.beta)
        self.exact = batch_norm_training(wide(self.x), *self.parameters, **self.where)
        self.granted = arithmetic(case.dtype, case.count, level)
        self.bounding: Any = {**self.where, "arithmetic": self.granted}

    @property
    def statistics(self) -> tuple[Array, Array]:
        return self.exact.mean, self.exact.var

    def ratio_of_output(self, y: Array) -> float:
        bound = training_bound(wide(self.x), *self.parameters, *self.statistics, **self.bounding)
        return ratio(y, self.exact.y, bound)

    def ratio_of_inference(self, y: Array) -> float:
        given = wide(self.given[0]), wide(self.given[1])
        exact = batch_norm_inference(wide(self.x), *self.parameters, *given, **self.where)
        bound = inference_bound(wide(self.x), *self.parameters, *given, **self.bounding)
        return ratio(y, exact, bound)

    def ratios_of_statistics(self, mean: Array, var: Array) -> tuple[float, float]:
        """Judged as a moving average that takes the batch's statistics whole."""
        new, zero = self.statistics, np.zeros(len(self.gamma))
        bounds = running_bounds(
            wide(self.x), *new, (zero, zero), new, weight=1.0, axis=1, arithmetic=self.granted
        )
        return ratio(mean, new[0], bounds[0]), ratio(var, new[1], bounds[1])

    def ratios_of_gradients(self, got: Sequence[Array]) -> list[float]:
        gamma, dy = self.parameters[0], wide(self.dy)
        exact = batch_norm_grad(wide(self.x), gamma, *self.statistics, dy, **self.where)
        bounds = gradient_bounds(wide(self.x), gamma, *self.statistics, dy, exact, **self.bounding)
        return [ratio(*each) for each in zip(got, exact, bounds, strict=True)]


def wide(a: Array) -> Array:
    return a.astype(np.float64)


def ratio(got: Array, exact: Array, bound: Array) -> float:
    """The worst |got - exact| / bound; where the bound is infinite nothing is asked."""
    assert got.shape == exact.shape == bound.shape
    off = np.abs(wide(got) - exact) / bound
    return float(np.where(np.isinf(bound), 0.0, np.where(np.isnan(off), np.inf, off)).max())


def alike(
    count: int,
    n: int = 64,
    dtype: str = "float32",
    epsilon: float = 1e-5,
    seed: int = 0,
    **regime: Any,
) -> Case:
    """``n`` features of one regime, ``count`` values each."""
    features = tuple(Regime(stream=k, **regime) for k in range(n))
    return Case((count, n), 1, dtype, epsilon, features=features, seed=seed)


def cases(dtype: str = "float32") -> st.SearchStrategy[Case]:
    half = dtype == "float16"  # its sums of squares end at 65504
    kappas = [0.0, 1.0, -3.0, 10.0, 30.0] + ([] if half else [1e2, -1e3, 1e4, 1e5, 1e6])
    return st.builds(
        alike,
        count=st.sampled_from([2, 3, 5, 8, 16, 32] + ([] if half else [100, 256])),
        dtype=st.just(dtype),
        epsilon=st.sampled_from([1e-3] if half else [1e-5, 1e-3, 1.0, 1e-8]),
        seed=st.integers(0, 2**32 - 1),
        values=st.sampled_from(VALUES),
        kappa=st.sampled_from(kappas),
        scale=st.sampled_from([1.0, 0.25] if half else [1.0, 2.0**10, 2.0**-10, 0.003]),
        # A folded slope of gamma / s overflows float16 where gamma is large.
        gamma=st.sampled_from([g for g in get_args(Gamma) if g != "large" or not half]),
        beta=st.sampled_from(get_args(Beta)),
    )


# -- the gradients


class Backward(NamedTuple):
    x: Array
    gamma: Array
    beta: Array


def textbook_backward(it: Experiment, moments: Moments, total: Sum) -> Backward:
    mean, var = moments(it.x)
    n, inverse = it.x.dtype.type(len(it.x)), it.x.dtype.type(1) / np.sqrt(var + it.epsilon)
    xhat = (it.x - mean) * inverse
    dbeta, dgamma = total(it.dy), total(it.dy * xhat)
    dx = it.gamma * inverse * (it.dy - dbeta / n - xhat * (dgamma / n))
    return Backward(dx, dgamma, dbeta)


def xla_backward(it: Experiment, moments: Moments, total: Sum) -> Backward:
    """In the order of XLA's batchnorm_expander, as the StableHLO specification has it."""
    mean, var = moments(it.x)
    n, off, spread = it.x.dtype.type(len(it.x)), it.x - mean, var + it.epsilon
    root = np.sqrt(spread)
    dbeta = total(it.dy)
    bend = total(it.dy * off) * off / spread
    dx = it.gamma / root / n * (it.dy * n - dbeta - bend)
    return Backward(dx, total(it.dy * (off / root)), dbeta)
