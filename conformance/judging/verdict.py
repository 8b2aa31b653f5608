"""What a requirement says of a trial, and the comparison of arrays that most verdicts come from."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Literal

import numpy as np

from conformance.implementation import Array
from conformance.judging.exact import Float64
from conformance.judging.wording import element, times, whole


class Outcome(StrEnum):
    """From best to worst."""

    PASS = "pass"
    OBSERVED = "observed"
    UNSUPPORTED = "unsupported"
    ERROR = "error"
    TIMEOUT = "timeout"
    CRASH = "crash"
    FAIL = "fail"

    @property
    def severity(self) -> int:
        """Its place in this order."""
        return _SEVERITY[self]

    @property
    def failing(self) -> bool:
        return self in (Outcome.ERROR, Outcome.TIMEOUT, Outcome.CRASH, Outcome.FAIL)


_SEVERITY = {outcome: place for place, outcome in enumerate(Outcome)}


@dataclass(frozen=True, slots=True)
class Point:
    """One feature experiment as a measurement: its condition kappa, its N, the worst error of y or dx in it and
    the bound there, both in units of gamma.
    """

    of: Literal["y", "dx"]
    kappa: float
    count: int
    error: float
    bound: float
    feature: int = 0

    @property
    def ratio(self) -> float:
        """Infinite where the output is not finite."""
        return self.error / self.bound if math.isfinite(self.error) else math.inf


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a requirement says of one trial.

    :ivar ratio: |got - exact| / bound where it was worst; infinite where the output is not finite and
        should be.
    :ivar message: for a failure, what is wrong, in a sentence that stands on its own.
    :ivar observed: for a convention, the value measured.
    :ivar fits: the conventions consistent with this trial. Trials that have none in common contradict each
        other.
    :ivar points: measurements, for a requirement about how the error grows.
    :ivar feature: the feature to which a failure belongs, if to one.
    :ivar index, expected, actual: the worst element.
    :ivar array: of which array of an answer that element is: ``y``; ``x``, ``gamma`` or ``beta`` for a gradient; a
        parameter by its name.
    :ivar call: number of the call in which a failure shows, for one that is of no single element.
    :ivar answers: how many answers were judged, for a requirement about any there are; None for the others.
    """

    outcome: Outcome
    ratio: float | None = None
    message: str = ""
    observed: str | None = None
    fits: frozenset[str] | None = None
    points: tuple[Point, ...] = ()
    feature: int | None = None
    index: tuple[int, ...] | None = None
    expected: float | None = None
    actual: float | None = None
    array: str = "y"
    call: int | None = None
    answers: int | None = None

    def fitting(self, *conventions: str) -> Verdict:
        """The same verdict, with the conventions that this trial is consistent with."""
        return replace(self, fits=frozenset(conventions))


def passed(ratio: float | None = None, observed: str | None = None) -> Verdict:
    return Verdict(Outcome.PASS, ratio, observed=observed)


def failed(message: str, **details: Any) -> Verdict:
    return Verdict(Outcome.FAIL, message=message, **details)


def observed(value: str) -> Verdict:
    return Verdict(Outcome.OBSERVED, observed=value)


def within(
    got: Array | None,
    exact: Float64,
    bound: Any,
    *,
    axis: int | None = None,
    rest: Float64 | None = None,
    what: str = "y[{}]",
    array: str = "y",
) -> Verdict:
    """Whether ``got`` lies within ``bound`` of ``exact`` everywhere, and where it is worst.

    Where the bound is infinite nothing is known but that the value is finite; where the exact value is not
    finite nothing is asked.

    :param axis: the feature axis of the arrays, to say whose the failure is.
    :param rest: what is missing from ``exact``, for outputs as precise as it is.
    :param what: what the arrays are; ``{}`` stands where the index of an element goes.
    """
    if got is None:
        return failed(f"{whole(what)} is missing")
    if got.shape != exact.shape:
        return failed(f"{whole(what)} has shape {got.shape}; expected {exact.shape}")
    if got.size == 0:
        return passed()
    with np.errstate(all="ignore"):
        wide = got.astype(np.float64)
        error = wide - exact
        if rest is not None:
            error -= rest
        ratio = np.abs(error, out=error)
        ratio /= bound
        worst = float(ratio.max())
        if worst <= 1:
            return passed(worst)
        ratio = np.where(wide == exact, 0.0, ratio)
        unknown = np.isfinite(wide) & ~np.isfinite(bound)
        ratio = np.where(np.isnan(ratio) | ~np.isfinite(wide), np.inf, ratio)
        ratio = np.where(unknown | ~np.isfinite(exact), 0.0, ratio)
    flat = int(ratio.argmax())
    index = tuple(int(i) for i in np.unravel_index(flat, ratio.shape))
    worst = float(ratio[index])
    if worst <= 1:
        return passed(worst)
    over = int((ratio > 1).sum())
    limit = float(np.broadcast_to(bound, ratio.shape)[index])
    actual, expected = float(wide[index]), float(exact[index])
    off = f"it may be off by {limit:.2g}" if math.isfinite(limit) else "any finite number would do"
    if math.isfinite(actual):
        off += f" and is off by {abs(actual - expected):.2g}, {times(worst)}"
    return Verdict(
        Outcome.FAIL,
        worst,
        f"{element(what, index)} is {actual:.9g}, exactly {expected:.9g}; {off}; "
        f"values beyond their bounds: {over:,} of {got.size:,}",
        feature=None if axis is None else index[axis],
        index=index,
        expected=expected,
        actual=actual,
        array=array,
    )


def worst(verdicts: list[Verdict]) -> Verdict:
    """The worst outcome, and of equals the greatest ratio. What was observed is kept where all pass."""
    return max(verdicts, key=lambda v: (v.outcome.severity, v.ratio or 0.0))


def under_any(verdicts: Iterator[Verdict]) -> Verdict:
    """The verdict under the first reading of what was given, unless it fails and passes under a later one."""
    first = next(verdicts)
    if first.outcome is not Outcome.FAIL:
        return first
    return next((other for other in verdicts if other.outcome is Outcome.PASS), first)
