"""From a case to its arrays.

Numbers are not drawn one after another but hashed: element i of feature k is a function of (seed, stream of
k, i) alone. So they are the same on every machine and for every NumPy version, they do not change when other
features are dropped or the batch is cut short, and a whole tensor takes a few vectorised operations. Only
exact operations, + and * of float64 are used on the way. Features whose values would lie too close together are
the exception: whether one does depends on all of its values.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conformance.cases.case import Case
from conformance.cases.recent import Recent
from conformance.implementation import Array
from conformance.protocol.codec import numpy_dtype

_GOLDEN = 0x9E37_79B9_7F4A_7C15
_WORD = (1 << 64) - 1
# The sum of four independent 16-bit numbers has this mean and this standard deviation.
_MEAN, _SPREAD = 2.0 * 65535, (4 * (65536.0**2 - 1) / 12) ** 0.5

_CHANNELS = {"x": 1, "dy": 2, "gamma": 3, "beta": 4, "mean": 5, "var": 6, "level": 7, "where": 8, "mask": 9}


#: Up to this kappa every implementation must be right; kappa + _LEEWAY is the most that comes of one asked for.
_WELL, _LEEWAY = 8.0, 2.0
#: Values that are meant to vary.
_VARYING = ("normal", "two-valued", "integer", "heavy-tailed")


class Arrays:
    """A case's arrays, every one in the case's dtype, each made when it is first asked for. Read-only."""

    def __init__(self, case: Case) -> None:
        self.case = case

    @cached_property
    def x(self) -> Array:
        """The input, shaped as the case says."""
        case, regimes = self.case, self.case.features
        z = bell(case, "x")
        for values in {r.values for r in regimes} - {"normal"}:
            rows = np.array([r.values == values for r in regimes])
            z[:, rows] = _distribution(values, z[:, rows], case, rows)
        _keep_apart(z, self._kappa, np.array([r.values in _VARYING for r in regimes]))
        z += self._kappa[:, None]
        z *= self._scale[:, None]
        return self._rounded(z.reshape(case.shape))

    @cached_property
    def dy(self) -> Array:
        """The upstream gradient, shaped as x."""
        return self._rounded(bell(self.case, "dy").reshape(self.case.shape))

    @cached_property
    def gamma(self) -> Array:
        """The scale, (n,)."""
        return self._rounded(_gamma(self.case))

    @cached_property
    def beta(self) -> Array:
        """The offset, (n,)."""
        return self._rounded(_beta(self.case))

    @cached_property
    def mean(self) -> Array:
        """A running mean, (n,); not that of x, so that mistaking one for the other shows."""
        return self._rounded((vector(self.case, "mean") + self._kappa) * self._scale)

    @cached_property
    def var(self) -> Array:
        """A running variance, (n,)."""
        with np.errstate(over="ignore"):
            return self._rounded((0.5 + np.abs(vector(self.case, "var"))) * self._scale**2)

    @cached_property
    def _kappa(self) -> NDArray[np.float64]:
        return np.array([r.kappa for r in self.case.features])

    @cached_property
    def _scale(self) -> NDArray[np.float64]:
        return np.array([r.scale for r in self.case.features])

    def _rounded(self, values: NDArray[np.float64]) -> Array:
        with np.errstate(all="ignore"):
            rounded = values.astype(numpy_dtype(self.case.dtype), copy=False)
        rounded.flags.writeable = False
        return rounded


_recent: Recent[Arrays] = Recent(1 << 20)


def realise(case: Case) -> Arrays:
    """The arrays of ``case``; the same every time and everywhere, in whatever circumstances."""
    if case.circumstances:
        case = replace(case, circumstances={})
    return _recent.get(case, case.n * case.count, lambda: Arrays(case))


def bell(case: Case, channel: str) -> NDArray[np.float64]:
    """Bell-shaped numbers of mean 0, variance 1, within 3.5, shaped (before, n, after)."""
    index = np.arange(case.count, dtype=np.uint64).reshape(case.before, 1, case.after)
    return _bell(index * np.uint64(_GOLDEN) + _keys(case, channel)[:, None])


def vector(case: Case, channel: str) -> NDArray[np.float64]:
    """One bell-shaped number for each feature, (n,)."""
    return _bell(_keys(case, channel))


def _keys(case: Case, channel: str) -> NDArray[np.uint64]:
    streams = np.array([r.stream for r in case.features], dtype=np.uint64)
    seed = np.uint64((case.seed * _GOLDEN + _CHANNELS[channel] * 0xD1B5_4A32_D192_ED03) & _WORD)
    return _mixed(_mixed(streams + seed) + seed)


def _mixed(h: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The finaliser of SplitMix64 (Steele, Lea and Flood, 2014): every bit in affects every bit out."""
    h = (h ^ (h >> np.uint64(30))) * np.uint64(0xBF58_476D_1CE4_E5B9)
    h = (h ^ (h >> np.uint64(27))) * np.uint64(0x94D0_49BB_1331_11EB)
    return h ^ (h >> np.uint64(31))


def _bell(h: NDArray[np.uint64]) -> NDArray[np.float64]:
    h = _mixed(h)
    low = np.uint64(0x0000_FFFF_0000_FFFF)
    pairs = (h & low) + ((h >> np.uint64(16)) & low)
    total = (pairs & np.uint64(0xFFFF_FFFF)) + (pairs >> np.uint64(32))
    standard: NDArray[np.float64] = (total.astype(np.float64) - _MEAN) * (1 / _SPREAD)
    return standard


def _distribution(
    values: str, z: NDArray[np.float64], case: Case, rows: NDArray[np.bool_]
) -> NDArray[np.float64]:
    match values:
        case "two-valued":
            return np.where(z < 0, -1.0, 1.0)
        case "integer":
            return np.rint(2 * z) / 2
        case "heavy-tailed":
            return z * z * z * z * z / 16
        case "constant":
            return np.broadcast_to(vector(case, "level")[rows][:, None], z.shape)
        case "one-nan" | "one-infinity":
            z = z.copy()
            where = _keys(case, "where")[rows] % np.uint64(max(1, case.count))
            for k, place in enumerate(where.astype(int)):
                z[place // case.after, k, place % case.after] = np.nan if values == "one-nan" else np.inf
            return z
        case _:
            raise ValueError(f"no distribution {values!r}")


def _keep_apart(z: NDArray[np.float64], kappa: NDArray[np.float64], meant: NDArray[np.bool_]) -> None:
    """Keep features that are meant to be well-conditioned from being anything else by chance.

    Two values, or a few of a heavy-tailed distribution, may lie so close together that their mean is hundreds of
    standard deviations off, or be equal. Whether one does would then decide a verdict that is not about that. Such a
    feature gets values of alternating sign, at least 1 from zero.
    """
    (before, _, after), axes = z.shape, (0, 2)
    rows = np.flatnonzero(meant & (np.abs(kappa) <= _WELL))
    if before * after < 2 or not rows.size:
        return
    some = z[:, rows]
    mean = some.mean(axis=axes)
    spread = np.sqrt(((some - mean[:, None]) ** 2).mean(axis=axes))
    rows = rows[np.abs(mean + kappa[rows]) >= (np.abs(kappa[rows]) + _LEEWAY) * spread]
    sign = np.where(np.arange(before * after) % 2, -1.0, 1.0).reshape(before, 1, after)
    z[:, rows] = sign * (1 + np.abs(z[:, rows]))


def _gamma(case: Case) -> NDArray[np.float64]:
    random = vector(case, "gamma")
    sized = {"small": 2.0**-10, "large": 2.0**7}
    out: list[Any] = []
    for regime, value in zip(case.features, random, strict=True):
        match regime.gamma:
            case "one":
                out.append(1.0)
            case "zero":
                out.append(0.0)
            case "negative":
                out.append(-0.25 - abs(value))
            case "random":
                out.append(value)
            case _:
                out.append(sized[regime.gamma] * (1 + abs(value)))
    return np.array(out)


def _beta(case: Case) -> NDArray[np.float64]:
    sizes = {"zero": 0.0, "random": 1.0, "large": 2.0**7, "small": 2.0**-10}
    # Adding zero turns -0 into 0, which reads better.
    beta: NDArray[np.float64] = vector(case, "beta") * [sizes[r.beta] for r in case.features] + 0.0
    return beta
