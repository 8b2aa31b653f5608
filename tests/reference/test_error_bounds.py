"""The error bounds mean something: sound arithmetic stays within them, and what cancels does not.

Soundness: every algorithm a careful author might choose, in NumPy's float32 and float16, for kappa up to 1e6.
Teeth: the classic mistakes, E[x^2] - E[x]^2 first, exceed the bound by far.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, get_args

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from numpy.typing import NDArray

from conformance.cases.arrays import realise
from conformance.cases.case import Beta, Case, Gamma, Recipe, Values
from conformance.judging.arithmetic import arithmetic
from conformance.judging.level import Level
from reference import batch_norm_grad, batch_norm_inference, batch_norm_training
from reference.error_bounds import (
    Arithmetic,
    any_order,
    gradient_bounds,
    inference_bound,
    probabilistic,
    running_bounds,
    training_bound,
)

Array = NDArray[Any]
Sum = Callable[[Array], Array]
Moments = Callable[[Array], tuple[Array, Array]]

VALUES: list[Values] = ["normal", "two-valued", "integer", "heavy-tailed", "constant"]
U = 2.0**-24

pytestmark = pytest.mark.filterwarnings("ignore:.*encountered in:RuntimeWarning")


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


# -- experiments: (N, n) arrays of many features under one recipe, and how far results are from the exact ones


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
    **recipe: Any,
) -> Case:
    """``n`` features of one recipe, ``count`` values each."""
    features = tuple(Recipe(stream=k, **recipe) for k in range(n))
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


each_sound_algorithm = pytest.mark.parametrize("moments", SOUND.values(), ids=SOUND.keys())


# -- soundness


#: Where updates of a moving mean (Welford, Chan) err more than two passes do.
MOVING_MEAN = alike(8, epsilon=1e-8, kappa=1e4, scale=2.0**-10, seed=119)
#: Where the error of the mean is of the size of s, and second-order terms count.
NEARLY_LOST = alike(16, values="constant", kappa=1e4, scale=0.003, gamma="small", seed=88579)


@each_sound_algorithm
@given(case=cases())
@example(case=MOVING_MEAN)
@example(case=alike(16, kappa=1e3, n=400))
def test_sound_float32_algorithm_is_within_the_bound(moments: Moments, case: Case) -> None:
    it = Experiment(case)
    mean, var = moments(it.x)
    assert mean.dtype == var.dtype == np.float32
    for affine in AFFINE:
        y = affine(it.x, mean, var, it.gamma, it.beta, it.epsilon)
        assert it.ratio_of_output(y) <= 1
    assert max(it.ratios_of_statistics(mean, var)) <= 1


@pytest.mark.parametrize("affine", AFFINE, ids=lambda f: f.__name__)
@given(case=cases())
def test_sound_float32_inference_is_within_the_bound(affine: Callable[..., Array], case: Case) -> None:
    it = Experiment(case)
    assert it.ratio_of_inference(affine(it.x, *it.given, it.gamma, it.beta, it.epsilon)) <= 1


@each_sound_algorithm
@given(case=cases("float16"))
def test_float16_arithmetic_throughout_is_within_the_bound_at_must(moments: Moments, case: Case) -> None:
    it = Experiment(case)
    mean, var = moments(it.x)
    assert mean.dtype == var.dtype == np.float16
    for affine in AFFINE:
        y = affine(it.x, mean, var, it.gamma, it.beta, it.epsilon)
        assert it.ratio_of_output(y) <= 1


@each_sound_algorithm
@given(case=cases("float16"))
def test_float16_data_with_float32_statistics_is_within_the_bound_at_should(
    moments: Moments, case: Case
) -> None:
    it = Experiment(case, Level.SHOULD)
    x, gamma, beta = (each.astype(np.float32) for each in (it.x, it.gamma, it.beta))
    for affine in AFFINE:
        y = affine(x, *moments(x), gamma, beta, np.float32(case.epsilon)).astype(np.float16)
        assert it.ratio_of_output(y) <= 1


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


@pytest.mark.parametrize("backward", [textbook_backward, xla_backward], ids=lambda f: f.__name__)
@pytest.mark.parametrize("total", [sequential, pairwise, blocked], ids=lambda f: f.__name__)
@given(case=cases(), name=st.sampled_from(sorted(SOUND)))
@example(case=MOVING_MEAN, name="Welford")
@example(case=NEARLY_LOST, name="two-pass, sequential")
def test_sound_float32_backward_is_within_the_bounds(
    backward: Callable[[Experiment, Moments, Sum], Backward], total: Sum, case: Case, name: str
) -> None:
    it = Experiment(case)
    assert max(it.ratios_of_gradients(backward(it, SOUND[name], total))) <= 1


# -- teeth


@pytest.mark.parametrize("kappa", [1e2, 1e3, 1e4, 1e5])
@pytest.mark.parametrize("total", [sequential, pairwise, blocked], ids=lambda f: f.__name__)
def test_one_pass_variance_is_out_of_bounds_from_kappa_100_on(kappa: float, total: Sum) -> None:
    """At level MUST, whose sums may err the most, and by however careful a sum the two moments are taken."""
    it = Experiment(alike(64, kappa=kappa))
    mean, var = one_pass(total)(it.x)
    assert it.ratio_of_output(centred(it.x, mean, var, it.gamma, it.beta, it.epsilon)) > 3
    assert it.ratios_of_statistics(mean, var)[1] > 1.5


def test_the_excess_of_one_pass_variance_grows_with_kappa() -> None:
    """Its error grows with kappa squared and the bound with kappa; that of two passes keeps its distance."""

    def ratios(moments: Moments) -> list[float]:
        found = []
        for kappa in (1e1, 1e2, 1e3):
            it = Experiment(alike(64, kappa=kappa))
            found.append(it.ratio_of_output(centred(it.x, *moments(it.x), it.gamma, it.beta, it.epsilon)))
        return found

    ten, hundred, thousand = ratios(one_pass(sequential))
    assert hundred > 4 * ten
    assert thousand > 4 * hundred
    sound = ratios(two_pass(sequential))
    assert max(sound) < 0.5


def test_epsilon_outside_the_root_is_out_of_bounds_where_the_variance_is_near_epsilon() -> None:
    it = Experiment(alike(64, epsilon=1e-3, scale=1e-3**0.5))
    mean, var = SOUND["two-pass, pairwise"](it.x)
    root = np.sqrt(var) + it.epsilon
    assert it.ratio_of_output((it.x - mean) / root) > 1e4


@pytest.mark.parametrize("epsilon", [1e-5, 1e-3])
@pytest.mark.parametrize("count", [2, 16, 256])
def test_unbiased_variance_is_out_of_bounds(count: int, epsilon: float) -> None:
    it = Experiment(alike(count, epsilon=epsilon))
    mean, var = SOUND["two-pass, pairwise"](it.x)
    unbiased = var * np.float32(count / (count - 1))
    assert it.ratio_of_output(centred(it.x, mean, unbiased, it.gamma, it.beta, it.epsilon)) > 100
    assert it.ratios_of_statistics(mean, unbiased)[1] > 50


def test_float16_statistics_are_out_of_bounds_at_should() -> None:
    """At MUST they are allowed: half precision that computes in half precision is not wrong, only careless."""
    for level, verdict in ((Level.MUST, False), (Level.SHOULD, True)):
        it = Experiment(alike(32, dtype="float16", kappa=10.0), level)
        mean, var = SOUND["two-pass, sequential"](it.x)
        y = centred(it.x, mean, var, it.gamma, it.beta, it.epsilon)
        assert (it.ratio_of_output(y) > 5) is verdict


def test_backward_without_the_statistics_terms_is_out_of_bounds() -> None:
    """dx = gamma / s * dy is the gradient with fixed statistics, not that of training."""
    it = Experiment(alike(64))
    sound = textbook_backward(it, SOUND["two-pass, pairwise"], pairwise)
    inverse = 1 / np.sqrt(it.exact.var + float(it.epsilon))
    careless = [(it.dy * inverse).astype(np.float32), sound.gamma, sound.beta]
    dx, dgamma, dbeta = it.ratios_of_gradients(careless)
    assert dx > 1e3
    assert max(dgamma, dbeta) <= 1


# -- where nothing can be known, and where it can


@given(count=st.integers(2, 200), epsilon=st.sampled_from([1e-8, 1e-5, 1e-3, 1.0]), feature=st.integers(0, 4))
def test_bound_is_infinite_where_the_error_of_the_mean_exceeds_the_normalising_scale(
    count: int, epsilon: float, feature: int
) -> None:
    """Constant features, growing: the bound turns infinite where g u |c| passes s = sqrt(epsilon), in it alone."""
    edge = epsilon**0.5 / (any_order(count) * U)
    sizes = edge * np.array([0.01, 0.5, 0.99, 1.01, 100.0])
    x = np.broadcast_to(sizes, (count, 5)).astype(np.float64)
    bound = training_bound(
        x,
        np.ones(5),
        np.zeros(5),
        sizes,
        np.zeros(5),
        epsilon=epsilon,
        axis=1,
        arithmetic=arithmetic("float32", count),
    )
    assert np.isinf(bound[:, feature]).all() == (feature >= 3)
    assert np.isfinite(bound[:, feature]).all() == (feature < 3)


@pytest.mark.parametrize("constant", [0.0, 1.0, -3.0, 100.0])
@pytest.mark.parametrize("epsilon", [1e-5, 1e-3])
def test_bound_of_a_constant_feature_is_finite_with_ordinary_epsilon(constant: float, epsilon: float) -> None:
    """Its kappa is infinite, but epsilon keeps the scale: batch norm must still give beta, nearly."""
    x = np.full((64, 1), constant, np.float32)
    mean, var = np.array([constant]), np.zeros(1)
    one, zero = np.ones(1), np.zeros(1)
    granted = arithmetic("float32", 64)
    bound = training_bound(x, one, zero, mean, var, epsilon=epsilon, axis=1, arithmetic=granted)
    assert np.isfinite(bound).all()
    assert bound.max() < 2 * abs(constant) * 72 * U / epsilon**0.5 + 1e-30


def test_bound_is_infinite_where_epsilon_and_the_variance_are_zero() -> None:
    x, one, zero = np.full((8, 1), 3.0, np.float32), np.ones(1), np.zeros(1)
    granted = arithmetic("float32", 8)
    bound = training_bound(x, one, zero, 3 * one, zero, epsilon=0.0, axis=1, arithmetic=granted)
    assert np.isinf(bound).all()


# -- the formula


@given(case=cases())
def test_bound_follows_its_formula(case: Case) -> None:
    """The module's text, transcribed; the code works in blocks, and in float32 where the data are."""
    it = Experiment(case)
    x, (mean, var), (gamma, beta) = wide(it.x), it.statistics, it.parameters
    u, g, tiny = it.granted.u, it.granted.growth, it.granted.tiny
    s = np.sqrt(var + case.epsilon)
    delta = g * u * np.abs(x).mean(axis=0)
    rho = ((g + 4) * u * var + delta**2 + 4 * tiny) / s**2
    eta = 1 / np.sqrt(1 - np.minimum(rho, 1)) - 1
    xhat = (x - mean) / s
    e = (1 + eta) * (delta + 4 * u * (np.abs(x) + np.abs(mean))) / s + np.abs(xhat) * (eta + 4 * u)
    expected = np.abs(gamma) * e + 4 * u * np.abs(beta) + it.granted.u_out * np.abs(it.exact.y) + 4 * tiny
    expected = np.where(rho < 1, expected, np.inf)
    expected[:, rho >= 1] = np.inf
    for data in (it.x, x):
        bound = training_bound(data, gamma, beta, mean, var, **it.bounding)
        assert bound.shape == x.shape
        judged = np.abs(rho - 1) > 0.01  # at the edge itself a rounding decides
        np.testing.assert_allclose(bound[:, judged], expected[:, judged], rtol=0.05)


@pytest.mark.parametrize(
    "shape, axis", [((20, 500, 40), 1), ((150, 3, 500), 1), ((5000, 30), 1), ((30, 5000), 0)]
)
def test_bound_is_the_same_however_the_data_are_cut_into_blocks(shape: tuple[int, ...], axis: int) -> None:
    x = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    n = shape[axis]
    gamma, beta = np.linspace(-2, 2, n), np.linspace(0, 1, n)
    _, mean, var = batch_norm_training(wide(x), gamma, beta, epsilon=1e-5, axis=axis)
    granted = arithmetic("float32", 64)
    for k in (0, n // 2, n - 1):
        one = slice(k, k + 1)
        column: Any = tuple(one if a == axis else slice(None) for a in range(x.ndim))
        whole, alone = (
            training_bound(part, *each, epsilon=1e-5, axis=axis, arithmetic=granted)
            for part, each in (
                (x, (gamma, beta, mean, var)),
                (x[column], (gamma[one], beta[one], mean[one], var[one])),
            )
        )
        np.testing.assert_allclose(whole[column], alone, rtol=1e-6)


@given(case=cases())
def test_bound_is_wider_for_wider_arithmetic_and_even_in_gamma(case: Case) -> None:
    it = Experiment(case)
    x, (gamma, beta) = wide(it.x), it.parameters

    def bound(granted: Arithmetic, sign: int = 1) -> Array:
        parameters = sign * gamma, sign * beta, *it.statistics
        return training_bound(x, *parameters, **it.where, arithmetic=granted)

    plain = bound(it.granted)
    assert (plain > 0).all()
    np.testing.assert_array_equal(bound(it.granted, -1), plain)
    for dtype in ("float16", "bfloat16"):
        assert (bound(arithmetic(dtype, case.count)) >= plain).all()
        assert (bound(arithmetic(dtype, case.count, Level.SHOULD)) >= plain).all()


def test_growth_of_a_sum_of_n_terms() -> None:
    assert [any_order(n) for n in (1, 8, 100)] == [8, 8, 100]
    assert [probabilistic(n) for n in (1, 64, 10_000)] == [8, 8, 100]
    assert math.isclose(probabilistic(1000), 1000**0.5)
