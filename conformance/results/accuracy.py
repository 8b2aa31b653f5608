"""How errors grow: with kappa, the condition of the data, and with N, the number of values per feature."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from conformance.cases.case import Case
from conformance.judging.arithmetic import roundoff
from conformance.judging.verdict import Point
from conformance.running.tally import Tally

_BINS = 4  # to a decade
_SATURATED = 0.5  # an error this large of outputs of size 1 does not grow any more
_HIDDEN = 8.0  # roundings of the output, among which a smaller error is hardly seen
_FLOOR = 30.0  # a lesser kappa, or N, does not tell


@dataclass(frozen=True)
class Measured:
    """The worst of the feature experiments of about one kappa and N. ``kappa`` is null for a constant feature,
    ``error`` where the output was not finite, ``bound`` where there is none: so much is granted that anything
    would do.
    """

    kappa: float | None
    count: int
    error: float | None
    bound: float | None


@dataclass(frozen=True)
class Accuracy:
    """:ivar of: the output y, or the gradient dx; errors are in units of gamma.

    :ivar against: what the error is looked at as a function of.
    :ivar exponent: p, where the median error grows like its p-th power; null where too little was measured.
    :ivar exceeds_at: the least kappa (or N) at which an error exceeded its bound; null where none did.
    :ivar lost_at: the least at which an output was not finite.
    :ivar experiments: how many features were measured.
    :ivar worst: the experiment with the largest error for its bound. :ivar worst_case: its input, that feature alone.
    """

    implementation: str
    requirement: str
    dtype: str
    of: Literal["y", "dx"]
    against: Literal["kappa", "count"]
    exponent: float | None
    exceeds_at: float | None
    lost_at: float | None
    experiments: int
    points: tuple[Measured, ...]
    worst: Measured | None = None
    worst_case: Case | None = None


def accuracy(implementation: str, tallies: Sequence[Tally]) -> list[Accuracy]:
    """What the tallies of one requirement measured, dtype by dtype."""
    found = []
    for dtype in dict.fromkeys(tally.dtype for tally in tallies):
        points = [point for tally in tallies if tally.dtype == dtype for point in tally.points]
        requirement = tallies[0].requirement
        for of in ("y", "dx"):
            own = [p for p in points if p.of == of]
            if own:
                found.append(_with_worst(_accuracy(implementation, requirement, dtype, own), tallies))
    return found


def _with_worst(measured: Accuracy, tallies: Sequence[Tally]) -> Accuracy:
    own = [
        t.extremes[measured.of] for t in tallies if t.dtype == measured.dtype and measured.of in t.extremes
    ]
    if not own:
        return measured
    point, case = max(own, key=lambda extreme: extreme[0].ratio)
    return replace(measured, worst=_measured(point), worst_case=case.only((point.feature,)))


def _accuracy(implementation: str, requirement: str, dtype: str, points: list[Point]) -> Accuracy:
    against: Literal["kappa", "count"] = "count" if "large-batch" in requirement else "kappa"
    # A constant feature has no kappa, and its error is of another kind.
    finite = [p for p in points if math.isfinite(p.kappa)]

    def at(p: Point) -> float:
        return p.kappa if against == "kappa" else float(p.count)

    beyond = [at(p) for p in finite if not p.error <= p.bound]
    lost = [at(p) for p in finite if not math.isfinite(p.error)]
    bins: dict[int, list[Point]] = {}
    for p in finite:
        bins.setdefault(math.floor(_BINS * math.log10(max(at(p), 1.0))), []).append(p)
    return Accuracy(
        implementation,
        requirement,
        dtype,
        points[0].of,
        against,
        _exponent([bins[k] for k in sorted(bins)], at, _HIDDEN * roundoff(dtype)),
        min(beyond, default=None),
        min(lost, default=None),
        len(points),
        tuple(_worst(bins[k]) for k in sorted(bins)),
    )


def _worst(points: list[Point]) -> Measured:
    return _measured(max(points, key=lambda p: p.ratio))


def _measured(point: Point) -> Measured:
    error, bound, kappa = (v if math.isfinite(v) else None for v in (point.error, point.bound, point.kappa))
    return Measured(None if kappa is None else float(f"{kappa:.6g}"), point.count, error, bound)


def _exponent(bins: list[list[Point]], at: Callable[[Point], float], hidden: float) -> float | None:
    """Least squares through the medians, in logarithms."""
    xs, ys = [], []
    for points in bins:
        error = float(np.median([p.error for p in points]))
        x = float(np.median([at(p) for p in points]))
        if x >= _FLOOR and hidden < error <= _SATURATED:
            xs.append(math.log(x))
            ys.append(math.log(error))
    if len(xs) < 3:
        return None
    return round(float(np.polyfit(xs, ys, 1)[0]), 3)
