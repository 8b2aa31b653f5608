"""Wrong gradients: (dx, dgamma, dbeta), the vectors shaped (n, 1)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from conformance.diagnosis.deviations.deviation import Deviation, Parts
from conformance.diagnosis.deviations.forward import Folded, statistics


@dataclass(frozen=True, slots=True)
class Terms:
    """What right and wrong gradients are made of.

    :ivar dy: upstream gradient, (before, n, after), as ``x`` and ``xhat``. :ivar inverse: 1 / s.
    :ivar gamma: the parameter. :ivar total: sum(dy); :ivar moment: sum(dy xhat). :ivar count: N.
    :ivar by_mean, by_var: what the statistics, as functions of x, contribute to dx: nothing in inference.
    """

    x: Any
    dy: Any
    xhat: Any
    inverse: Any
    gamma: Any
    total: Any
    moment: Any
    count: float
    by_mean: Any
    by_var: Any

    @property
    def slope(self) -> Any:
        """The gradient of y in xhat."""
        return self.gamma * self.inverse

    @property
    def dx(self) -> Any:
        """The right one."""
        return self.slope * (self.dy - self.by_mean - self.by_var)


def terms(s: Folded) -> Terms:
    assert s.dy is not None
    with np.errstate(all="ignore"):
        mean, var = statistics(s)
        inverse = 1 / np.sqrt(var + s.epsilon)
        xhat = (s.x - mean) * inverse
        total = s.dy.sum(axis=(0, 2))[:, None]
        moment = (s.dy * xhat).sum(axis=(0, 2))[:, None]
        count = float(s.x.shape[0] * s.x.shape[2])
        by_mean, by_var = s.training * total / count, s.training * xhat * moment / count
    return Terms(s.x, s.dy, xhat, inverse, s.gamma, total, moment, count, by_mean, by_var)


def _dx(f: Callable[[Terms], Any]) -> Parts:
    return {"x": f}


DEFINITION: Parts = {"x": lambda t: t.dx, "gamma": lambda t: t.moment, "beta": lambda t: t.total}

GRADIENT: tuple[Deviation, ...] = (
    Deviation(
        "gradient-without-statistics",
        "whose dx is gamma / s dy, as if mean and variance did not depend on x",
        _dx(lambda t: t.slope * t.dy),
    ),
    Deviation(
        "gradient-sum-not-mean",
        "whose dx takes sums over the batch where it should take means",
        _dx(lambda t: t.slope * (t.dy - t.count * (t.by_mean + t.by_var))),
    ),
    Deviation(
        "gradient-without-variance-term",
        "whose dx leaves out that the variance depends on x",
        _dx(lambda t: t.slope * (t.dy - t.by_mean)),
    ),
    Deviation(
        "gradient-without-mean-term",
        "whose dx leaves out that the mean depends on x",
        _dx(lambda t: t.slope * (t.dy - t.by_var)),
    ),
    Deviation(
        "gradient-without-gamma",
        "whose dx leaves gamma out",
        _dx(lambda t: t.inverse * (t.dy - t.by_mean - t.by_var)),
    ),
    Deviation(
        "gradient-unbiased",
        "whose dx divides by N - 1",
        _dx(lambda t: t.slope * (t.dy - t.by_mean - t.by_var * t.count / max(1.0, t.count - 1))),
    ),
    Deviation("gradient-times-count", "whose dx is N times too large", _dx(lambda t: t.dx * t.count)),
    Deviation(
        "gradient-gamma-unnormalised",
        "whose dgamma is sum(dy x), with x not normalised",
        {"gamma": lambda t: (t.dy * t.x).sum(axis=(0, 2))[:, None]},
    ),
    Deviation(
        "gradient-gamma-times-gamma",
        "whose dgamma has the factor gamma",
        {"gamma": lambda t: t.moment * t.gamma},
    ),
    Deviation("gradient-gamma-mean", "whose dgamma is a mean", {"gamma": lambda t: t.moment / t.count}),
    Deviation(
        "gradient-beta-mean", "whose dbeta is a mean, not a sum", {"beta": lambda t: t.total / t.count}
    ),
    Deviation(
        "gradient-scaled-by-count",
        "whose gradients are all divided by N",
        {
            "x": lambda t: t.dx / t.count,
            "gamma": lambda t: t.moment / t.count,
            "beta": lambda t: t.total / t.count,
        },
    ),
    Deviation(
        "gradient-swapped",
        "whose dgamma and dbeta are swapped",
        {"gamma": lambda t: t.total, "beta": lambda t: t.moment},
    ),
    Deviation("gradient-gamma-zero", "whose dgamma is zero", {"gamma": lambda t: 0 * t.moment}),
    Deviation("gradient-beta-zero", "whose dbeta is zero", {"beta": lambda t: 0 * t.total}),
    Deviation("gradient-input-zero", "whose dx is zero", _dx(lambda t: 0 * t.dy)),
)
