"""Proof, by ball arithmetic, that the reference is exact for the purpose of judging.

The verdict on an implementation is |got - exact| <= bound. The suite puts the reference's value where "exact"
stands, so the reference itself must be far within the bound of the exact value. Here every value it gives
is compared with an enclosure of the exact one (arb's balls of 400 bits, computed from the definition), for
random cases of every regime the suite draws from: its distance is below a 2^-20th part of the bound, at both
levels, in both precisions: float64 that judges float32, float16 and bfloat16; double-double that judges float64.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, get_args

import flint
import numpy as np
import pytest
from flint import arb
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from conformance.cases.arrays import realise
from conformance.cases.case import Beta, Case, Gamma, Regime
from conformance.judging.arithmetic import arithmetic
from conformance.judging.level import Level
from reference import (
    DoubleDouble,
    batch_norm_grad,
    batch_norm_inference,
    batch_norm_training,
    update_running_statistics,
)
from reference.error_bounds import (
    gradient_bounds,
    inference_bound,
    probabilistic,
    running_bounds,
    training_bound,
)

FRACTION = 2.0**-20
DTYPES = ["float32", "float16", "bfloat16", "float64"]
LEVELS = [Level.MUST, Level.SHOULD]
VALUES = ["normal", "two-valued", "integer", "heavy-tailed", "constant"]
KAPPAS = [0.0, 1.0, -0.5, 10.0, 1e2, -1e3, 1e4, 1e5, 1e6]
SHAPES = [((2, 3), 1), ((3, 40), 0), ((70, 2), -1), ((5, 3, 4), 1), ((4, 3, 3, 3), 3), ((3, 2, 5, 4, 5), 1)]
SHAPES += [((1, 4), 1), ((300, 1), 1)]

Balls = list[arb]


@pytest.fixture(autouse=True, scope="module")
def four_hundred_bits() -> Iterator[None]:
    before, flint.ctx.prec = flint.ctx.prec, 400
    yield
    flint.ctx.prec = before


def regimes(epsilon: float, dtype: str) -> st.SearchStrategy[Regime]:
    """Every regime: all values, kappa to 1e6, sizes from 2^-20 to 2^20 and near sqrt(epsilon).

    float16 ends at 65504: there kappa stays below 100 and the size below 64.
    """
    half = dtype == "float16"
    near = [epsilon**0.5 * factor for factor in (0.25, 1.0, 4.0)]
    scales = st.sampled_from([1.0, *near]) | st.integers(-20, 6 if half else 20).map(lambda k: 2.0**k)
    return st.builds(
        Regime,
        values=st.sampled_from(VALUES),
        kappa=st.sampled_from([kappa for kappa in KAPPAS if abs(kappa) <= 100 or not half]),
        scale=scales,
        gamma=st.sampled_from(get_args(Gamma)),
        beta=st.sampled_from(get_args(Beta)),
        stream=st.integers(0, 2**32 - 1),
    )


@st.composite
def cases(draw: st.DrawFn, dtype: str) -> Case:
    shape, axis = draw(st.sampled_from(SHAPES))
    epsilon = draw(st.sampled_from([1e-8, 1e-5, 1e-3, 1.0]))
    momentum = draw(st.sampled_from([0.9, 0.1, 0.5, 0.99, 0.0, 1.0]))
    features = tuple(draw(regimes(epsilon, dtype)) for _ in range(shape[axis]))
    return Case(shape, axis, dtype, epsilon, momentum, features, draw(st.integers(0, 2**32 - 1)))


# -- what the definition says, in balls: one feature at a time


@dataclass(frozen=True)
class Exact:
    """Batch normalisation of one feature's values, by its definition."""

    x: Balls
    gamma: arb
    beta: arb
    epsilon: arb
    mean: arb = field(init=False)
    var: arb = field(init=False)

    def __post_init__(self) -> None:
        mean = total(self.x) / len(self.x)
        object.__setattr__(self, "mean", mean)
        object.__setattr__(self, "var", total([(x - mean) ** 2 for x in self.x]) / len(self.x))

    def normalised(self, mean: arb, var: arb) -> Balls:
        s = (var + self.epsilon).sqrt()
        return [(x - mean) / s for x in self.x]

    def output(self, mean: arb, var: arb) -> Balls:
        return [self.gamma * xhat + self.beta for xhat in self.normalised(mean, var)]

    def gradients(self, dy: Balls, mean: arb, var: arb, *, training: bool) -> tuple[Balls, arb, arb]:
        s = (var + self.epsilon).sqrt()
        xhat = self.normalised(mean, var)
        products = [d * z for d, z in zip(dy, xhat, strict=True)]
        dbeta, dgamma = total(dy), total(products)
        if not training:
            return [self.gamma / s * d for d in dy], dgamma, dbeta
        n = len(dy)
        dx = [self.gamma / s * (d - dbeta / n - z * dgamma / n) for d, z in zip(dy, xhat, strict=True)]
        return dx, dgamma, dbeta


def total(terms: Balls) -> arb:
    return sum(terms, arb(0))


def balls(values: NDArray[Any]) -> Balls:
    """Each number exactly."""
    return [arb(value) for value in values.astype(np.float64).ravel().tolist()]


# -- what the suite computes


class Judge:
    """Everything the oracle uses of one case, its inputs lifted as the oracle lifts them."""

    def __init__(self, case: Case) -> None:
        arrays = realise(case)
        self.case, self.x, self.dy = case, arrays.x, arrays.dy
        self.gamma, self.beta, self.given_mean, self.given_var = (
            each.astype(np.float64) for each in (arrays.gamma, arrays.beta, arrays.mean, arrays.var)
        )
        self.where: Any = {"epsilon": case.epsilon, "axis": case.axis}
        x, dy = self.lift(self.x), self.lift(self.dy)
        self.training = batch_norm_training(x, self.gamma, self.beta, **self.where)
        given = self.given_mean, self.given_var
        self.inference = batch_norm_inference(x, self.gamma, self.beta, *given, **self.where)
        _, mean, var = self.training
        self.grad = batch_norm_grad(x, self.gamma, mean, var, dy, **self.where)
        self.frozen = batch_norm_grad(x, self.gamma, *given, dy, **self.where, training=False)
        # Both meanings of momentum and both variances, as the seed falls.
        self.keeps = case.seed % 2 == 0
        self.unbiased = case.count > 1 and case.seed % 4 < 2
        self.running = update_running_statistics(
            given,
            (mean, var),
            count=case.count,
            momentum=case.momentum,
            momentum_weighs="old" if self.keeps else "new",
            variance="unbiased" if self.unbiased else "biased",
        )

    def lift(self, x: NDArray[Any]) -> Any:
        return DoubleDouble(x) if self.case.dtype == "float64" else x.astype(np.float64)

    def bounds(self, level: Level) -> dict[str, NDArray[Any]]:
        granted = arithmetic(self.case.dtype, self.case.count, level)
        x = self.x if self.x.dtype in (np.float32, np.float64) else self.x.astype(np.float32)
        mean, var = lower(self.training.mean), lower(self.training.var)
        given, parameters = (self.given_mean, self.given_var), (self.gamma, self.beta)
        rest: Any = {**self.where, "arithmetic": granted}
        zero = np.zeros_like(mean), np.zeros_like(var)
        alone: Any = {"weight": 1.0, "axis": self.case.axis, "arithmetic": granted}
        momentum = self.case.momentum
        running: Any = alone | {"weight": 1 - momentum if self.keeps else momentum}
        dx, dgamma, dbeta = gradient_bounds(
            x, self.gamma, mean, var, self.dy, lowered(self.grad), **rest, training=True
        )
        frozen = gradient_bounds(x, self.gamma, *given, self.dy, lowered(self.frozen), **rest, training=False)
        statistics = running_bounds(x, mean, var, zero, (mean, var), **alone)
        moved = running_bounds(x, mean, var, given, lowered(self.running), **running)
        return {
            "y in training": training_bound(x, *parameters, mean, var, **rest),
            "y in inference": inference_bound(x, *parameters, *given, **rest),
            "mean": statistics[0],
            "var": statistics[1],
            "dx": dx,
            "dgamma": dgamma,
            "dbeta": dbeta,
            "dx with fixed statistics": frozen.x,
            "dgamma with fixed statistics": frozen.gamma,
            "running mean": moved[0],
            "running var": moved[1],
        }

    def values(self) -> dict[str, Any]:
        return {
            "y in training": self.training.y,
            "y in inference": self.inference,
            "mean": self.training.mean,
            "var": self.training.var,
            "dx": self.grad.x,
            "dgamma": self.grad.gamma,
            "dbeta": self.grad.beta,
            "dx with fixed statistics": self.frozen.x,
            "dgamma with fixed statistics": self.frozen.gamma,
            "running mean": self.running[0],
            "running var": self.running[1],
        }

    def exactly(self, k: int) -> dict[str, Balls]:
        """Enclosures of the same for feature k, each a list."""
        case = self.case
        exact = Exact(
            balls(column(self.x, case.axis, k)),
            arb(self.gamma[k]),
            arb(self.beta[k]),
            arb(case.epsilon),
        )
        mean, var = arb(self.given_mean[k]), arb(self.given_var[k])
        dy = balls(column(self.dy, case.axis, k))
        dx, dgamma, dbeta = exact.gradients(dy, exact.mean, exact.var, training=True)
        frozen, frozen_gamma, _ = exact.gradients(dy, mean, var, training=False)
        kept, n = arb(case.momentum) if self.keeps else 1 - arb(case.momentum), case.count
        averaged = exact.var * n / (n - 1) if self.unbiased else exact.var
        return {
            "y in training": exact.output(exact.mean, exact.var),
            "y in inference": exact.output(mean, var),
            "mean": [exact.mean],
            "var": [exact.var],
            "dx": dx,
            "dgamma": [dgamma],
            "dbeta": [dbeta],
            "dx with fixed statistics": frozen,
            "dgamma with fixed statistics": [frozen_gamma],
            "running mean": [mean * kept + exact.mean * (1 - kept)],
            "running var": [var * kept + averaged * (1 - kept)],
        }


def column(values: Any, axis: int, k: int) -> Any:
    """Feature k of an array shaped as x, or its element of a vector."""
    if values.ndim == 1:
        return values[k : k + 1]
    index: list[Any] = [slice(None)] * values.ndim
    index[axis] = k
    return values[tuple(index)]


def lower(value: Any) -> NDArray[np.float64]:
    lowered: NDArray[np.float64] = value.to_float64() if isinstance(value, DoubleDouble) else value
    return lowered


def lowered(values: Sequence[Any]) -> Any:
    return tuple(lower(value) for value in values)


def distances(got: Any, exact: Balls) -> NDArray[np.float64]:
    """Upper bounds of |got - exact|."""
    parts = balls(got.hi if isinstance(got, DoubleDouble) else got)
    if isinstance(got, DoubleDouble):
        parts = [hi + lo for hi, lo in zip(parts, balls(got.lo), strict=True)]
    return np.array([float(abs(g - e).upper()) for g, e in zip(parts, exact, strict=True)])


@dataclass
class Proof:
    """For each quantity: the largest share of a bound that the reference's own error takes."""

    worst: dict[str, float] = field(default_factory=dict)
    finite: int = 0
    infinite: int = 0

    def take(self, case: Case) -> None:
        judge = Judge(case)
        values, bounds = judge.values(), [judge.bounds(level) for level in LEVELS]
        for k in range(case.n):
            for name, exact in judge.exactly(k).items():
                distance = distances(column(values[name], case.axis, k), exact)
                for bound in bounds:
                    allowed = column(bound[name], case.axis, k).astype(np.float64).ravel()
                    assert (allowed > 0).all()
                    self.finite += int(np.isfinite(allowed).sum())
                    self.infinite += int(np.isinf(allowed).sum())
                    fraction = float(np.max(distance / allowed))
                    self.worst[name] = max(self.worst.get(name, 0.0), fraction)
                    assert fraction <= FRACTION, f"{name} is off by {fraction:.2g} of the bound"


@pytest.mark.parametrize("dtype", DTYPES)
def test_reference_is_within_a_2_to_the_minus_20th_of_the_bound(
    dtype: str, record_property: Callable[[str, object], None]
) -> None:
    proof = Proof()

    @seed(20)
    @settings(
        phases=[Phase.generate],
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(cases(dtype))
    def prove(case: Case) -> None:
        proof.take(case)

    prove()
    for name, fraction in proof.worst.items():
        record_property(f"worst fraction, {name}", fraction)
    assert proof.finite > proof.infinite, "most bounds must ask for something"


@pytest.mark.parametrize("dtype", DTYPES)
def test_reference_is_good_enough_for_a_million_values(dtype: str) -> None:
    """On constant features, where roundings of a plain sum all go one way and the exact output is beta.

    The bound for large batches grows with sqrt(N) only, and float64's plain sums with N: at a million values they
    still take less than a 2^-20th part of it.
    """
    count, levels = 1_000_003, np.array([0.7, 1.3, -2.2, 1 / 3])
    case = Case((count, 4), 1, dtype, 1e-3)
    row = levels.astype(realise(Case((1, 1), 1, dtype)).x.dtype)
    x: Any = np.broadcast_to(row, case.shape).astype(np.float64)
    level, one, zero = row.astype(np.float64), np.ones(4), np.zeros(4)
    lifted = DoubleDouble(x[:, :1]) if dtype == "float64" else x
    n = lifted.shape[1]
    y = lower(batch_norm_training(lifted, one[:n], zero[:n], epsilon=1e-3, axis=1).y)
    granted = replace(arithmetic(dtype, count, Level.SHOULD), growth=probabilistic(count))
    bound = training_bound(x[:1], one, zero, level, zero, epsilon=1e-3, axis=1, arithmetic=granted)
    assert np.isfinite(bound).all()
    assert (np.abs(y) <= FRACTION * bound[:, :n]).all()
