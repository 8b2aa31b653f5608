"""Which deviation explains wrong outputs."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from enum import Enum
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from conformance.diagnosis.deviations.deviation import Deviation
from conformance.diagnosis.deviations.forward import DEFINITION, FORWARD, Folded, output, statistics
from conformance.diagnosis.finding import (
    HALF,
    NARROWED,
    ONE_PASS,
    ONE_PASS_CLIPPED,
    Diagnosis,
    granted_to,
    named,
    plausible,
)
from conformance.judging.arithmetic import arithmetic
from conformance.judging.exact import Expected, Forwarded
from conformance.judging.level import Level
from conformance.judging.verdict import Outcome, within
from reference.error_bounds import Arithmetic, probabilistic

Float64 = NDArray[np.float64]

_DEFINITION_ITSELF = Deviation("", "")
_LARGE = 1 << 16  # values, of which thousands of pairs of deviations are not computed


def sound(f: Forwarded, level: Level) -> bool:
    return _agrees(f, f.expected(level))


def _agrees(f: Forwarded, expected: Expected) -> bool:
    return within(f.got, expected.y, expected.bound, rest=expected.rest).outcome is Outcome.PASS


def of_forward(passes: list[Forwarded], wrong: list[Forwarded], level: Level) -> Diagnosis | None:
    if any(f.got is None or f.got.shape != f.call.x.shape for f in wrong):
        return None
    # Of one value, its mean rounded and its sum rounded are the same, as is much else.
    if all(f.count == 1 for f in wrong):
        return Diagnosis("", _shape_of_error(wrong, level))
    # Small failing calls contradict most deviations at little cost, so they come first.
    failing = set(map(id, wrong))
    passes = sorted(passes, key=lambda f: (id(f) not in failing, f.call.x.size))
    outputs = [compared(f, level) for f in passes]
    # An error so small that the definition itself passes for an explanation tells no deviation apart.
    if _explain(_DEFINITION_ITSELF, outputs) is _Fit.EXPLAINS:
        return Diagnosis("", _shape_of_error(wrong, level))
    fits = {d: _explain(d, outputs) for d in FORWARD}
    found = [d for d, fit in fits.items() if fit is _Fit.EXPLAINS]
    maybe = [d for d, fit in fits.items() if fit is _Fit.CONSISTENT]
    if found:
        # Of one shape alone two may do the same by chance, though neither is what is done.
        told = len(found + maybe) == 1 or len({f.call.x.shape for f in wrong}) > 1
        found = [d for d in found if told and _nearer(d, outputs)]
        return (named(found + maybe) if found else None) or Diagnosis("", _shape_of_error(wrong, level))
    found = _of_cancellation(wrong, level) if maybe else _of_precision(passes, wrong, level)
    # A pair is hardly ever refuted by few or blurred data, so nothing simpler may be left in the running. And
    # at the identity gamma undoes the division: there mistakes in the one look like mistakes in the other.
    small = outputs[0].got.size <= _LARGE
    if small and not found and not maybe and not any(_at_identity(each.folded) for each in outputs):
        pairs = (a.with_(b) for a, b in itertools.combinations(FORWARD, 2))
        found = [d for d in pairs if d and _explain(d, outputs) is _Fit.EXPLAINS]
    return named(found) or Diagnosis("", _shape_of_error(wrong, level))


def reproduces(d: Deviation, f: Forwarded, level: Level) -> bool:
    """Whether an output is wrong, and wrong in that way."""
    if not f.known or f.got is None or f.got.shape != f.call.x.shape or sound(f, level):
        return False
    if d.key == NARROWED.key:
        return _within(f, granted_to(f, "float32"))
    # Of rounding errors one output alone shows no more than that there are such.
    return not d.parts or _fit(d, compared(f, level)) is not _Fit.REFUTED


def _of_precision(passes: list[Forwarded], wrong: list[Forwarded], level: Level) -> list[Deviation]:
    """Rounding errors larger than they should be."""
    dtype = wrong[0].call.x.dtype.name
    if dtype == "float64":
        # What cancels in double may well stay within what is granted to single precision, so it is asked first.
        if found := _one_pass([(f, plausible(f, dtype, level)) for f in wrong]):
            return [found]
        if all(_within(f, granted_to(f, "float32")) for f in passes):
            return [NARROWED]
    narrow = level is not Level.MUST and dtype in ("float16", "bfloat16")
    if narrow and all(sound(f, Level.MUST) for f in passes):
        return [HALF]
    return _of_cancellation(wrong, level)


def _of_cancellation(wrong: list[Forwarded], level: Level) -> list[Deviation]:
    """A variance that is a difference of two large numbers."""
    dtype = wrong[0].call.x.dtype.name
    if found := _one_pass([(f, plausible(f, dtype, level)) for f in wrong]):
        return [found]
    if dtype == "float64" and (found := _one_pass([(f, plausible(f, "float32", Level.MUST)) for f in wrong])):
        both = NARROWED.with_(found)
        return [both] if both else []
    return []


def _at_identity(s: Folded) -> bool:
    """Whether gamma is the standard deviation, with or without epsilon, of every feature."""
    _, var = statistics(s)
    near = [np.abs(s.gamma - np.sqrt(v)) <= 0.01 * np.abs(s.gamma) for v in (var, var + s.epsilon)]
    return bool((near[0] | near[1]).all() and (s.gamma != 1).any())


def _within(f: Forwarded, granted: Arithmetic) -> bool:
    return _agrees(f, f.expected(granted=granted))


@dataclass(frozen=True, slots=True)
class Compared:
    """One output beside what was expected of it; arrays are folded to (before, n, after).

    :ivar call: the call it came from. :ivar folded: what a deviation computes from.
    """

    call: Forwarded
    folded: Folded
    got: Float64
    exact: Float64
    bound: Float64

    @property
    def error(self) -> Float64:
        return self.got - self.exact

    @property
    def beyond(self) -> NDArray[np.bool_]:
        """Where it is further off than the bound, or not finite."""
        return ~(np.abs(self.error) <= self.bound)


def compared(f: Forwarded, level: Level) -> Compared:
    """An output, with the bound of what is plausible at ``level``."""
    dtype = f.call.x.dtype.name
    return compared_with(f, f.expected(granted=plausible(f, dtype, level)))


def compared_with(f: Forwarded, expected: Expected) -> Compared:
    x, axis = f.call.x, f.config.feature_axis
    assert f.got is not None
    given = None
    if "running_mean" in f.loaded and "running_var" in f.loaded:
        given = (
            f.loaded["running_mean"].astype(np.float64)[:, None],
            f.loaded["running_var"].astype(np.float64)[:, None],
        )
    wide = fold(x, axis).astype(np.float64)
    mean, var = moments(wide)
    folded = Folded(
        x=wide,
        gamma=expected.gamma[:, None],
        beta=expected.beta[:, None],
        mean=mean,
        var=var,
        given=given,
        last=None if f.previous is None else moments(fold(f.previous.x, axis).astype(np.float64)),
        epsilon=f.config.epsilon,
        dtype=x.dtype.name,
        training=f.call.training,
        batch_first=axis != 0,
        samples=x.shape[0 if axis else 1],
    )
    bound = fold(np.asarray(expected.bound, np.float64), axis)
    return Compared(f, folded, fold(f.got, axis).astype(np.float64), fold(expected.y, axis), bound)


def moments(x: Float64) -> tuple[Float64, Float64]:
    mean = x.mean(axis=(0, 2))[:, None]
    return mean, ((x - mean) ** 2).mean(axis=(0, 2))[:, None]


def fold(x: Any, axis: int) -> Any:
    before = int(np.prod(x.shape[:axis], dtype=int))
    after = int(np.prod(x.shape[axis + 1 :], dtype=int))
    return x.reshape(before, x.shape[axis], after)


class _Fit(Enum):
    """What outputs say of a deviation: it is refuted; it may be, but too little can be compared; it explains
    them.
    """

    REFUTED = 0
    CONSISTENT = 1
    EXPLAINS = 2


def _explain(d: Deviation, outputs: list[Compared]) -> _Fit:
    worst = _Fit.EXPLAINS
    for each in outputs:
        fit = _fit(d, each)
        if fit is _Fit.REFUTED:
            return fit
        worst = min(worst, fit, key=lambda f: f.value)
    return worst


def _fit(d: Deviation, each: Compared) -> _Fit:
    s, got = each.folded, each.got
    y = output(s, d)
    u = arithmetic(s.dtype, 1).u_out
    with np.errstate(all="ignore"):
        parts = DEFINITION | d.parts
        _, var = parts["statistics"](s)
        right = np.sqrt((s.var if s.training or s.given is None else s.given[1]) + s.epsilon)
        amplified = np.clip(np.abs(right / parts["divisor"](var, s.epsilon)), 1, 1e3)
        gamma = np.maximum(1, np.abs(parts["parameters"](s)[0]) / np.maximum(np.abs(s.gamma), 1e-30))
        bound = 2 * each.bound * amplified * np.minimum(gamma, 1e6)
        bound = bound + 16 * u * (np.abs(y) + np.abs(s.beta))
        hit = (np.abs(got - y) <= bound) & np.isfinite(y)
        # Nothing is told apart where the bound is as wide as the output itself.
        near = hit & (bound <= 0.1 * np.maximum(np.abs(y), np.abs(each.exact)) + 1e-3)
        lost = ~np.isfinite(got) & ~np.isfinite(y)
    if not (hit | lost).all():
        return _Fit.REFUTED
    # Where both are lost nothing is compared, so most must not be.
    return _Fit.EXPLAINS if 2 * near.sum() >= near.size else _Fit.CONSISTENT


def _nearer(d: Deviation, outputs: list[Compared]) -> bool:
    """Whether most of what is off is far nearer to what the deviation gives than to the definition. It is not where
    the two are the same, as with any gamma on a constant feature, and a wider bound is all that lets it pass.
    """
    off = nearer = 0
    for each in outputs:
        away = np.abs(each.got - output(each.folded, d))
        off += int(each.beyond.sum())
        nearer += int((each.beyond & ~(2 * away >= np.abs(each.error))).sum())
    return 2 * nearer >= off


_DROWNED = 1e3  # times the variance: rounding errors of which about every other one turns it negative
_FEW = 4  # features off by a factor, that may be anything
_ENOUGH = 24  # of those, among which one should have been negative


def _one_pass(calls: list[tuple[Forwarded, Arithmetic]]) -> Deviation | None:
    """E[x^2] - E[x]^2, if every feature is off by nothing but a factor, no larger than cancellation explains,
    and those factors are what rounding makes: of either sign, and the larger the more cancels.
    """
    off: list[tuple[float, float]] = []
    drowned = lost = 0
    for f, granted in calls:
        found = _cancelled(f, granted)
        if found is None:
            return None
        off += found.off
        drowned, lost = drowned + found.drowned, lost + found.lost
    if not _as_rounding_does(off):
        return None
    return ONE_PASS_CLIPPED if drowned >= _ENOUGH and not lost else ONE_PASS


def _as_rounding_does(off: list[tuple[float, float]]) -> bool:
    """Whether errors of the variance, (loss, error), have both signs and grow with the loss, as far as there are
    enough to tell.
    """
    losses, errors = np.array(off).reshape(-1, 2).T
    if len(off) < _FEW or (errors > 0).all() or (errors < 0).all():
        return False
    told = errors != 0
    if told.sum() < 8 or np.ptp(np.log10(losses[told])) < 2:
        return True
    slope = np.polyfit(np.log(losses[told]), np.log(np.abs(errors[told])), 1)[0]
    return bool(slope >= 0.5)


class _Cancellation(NamedTuple):
    """What cancellation did to one output.

    :ivar off: of each feature that is off by a factor: how much may cancel, and by how much its variance is off.
    :ivar drowned: in how many features it leaves nothing to compare; :ivar lost: in how many of those y is NaN.
    """

    off: list[tuple[float, float]]
    drowned: int = 0
    lost: int = 0


def _cancelled(f: Forwarded, granted: Arithmetic) -> _Cancellation | None:
    """None where something else is wrong."""
    if not f.call.training:
        return _Cancellation([]) if _within(f, granted) else None
    each = compared_with(f, f.expected(granted=granted))
    s = each.folded
    off: list[tuple[float, float]] = []
    drowned = lost = 0
    with np.errstate(all="ignore"):
        total = s.var + s.epsilon
        roundings = 8 + 2 * min(granted.growth, probabilistic(f.count))
        loss = (roundings * granted.u * (s.var + s.mean**2) / total)[:, 0]
        for k in range(s.x.shape[1]):
            y, target, room = each.got[:, k], each.exact[:, k], each.bound[:, k]
            if loss[k] >= 0.5:  # Cancelled altogether: anything may come of it, and nothing can be compared.
                drowned += bool(loss[k] >= _DROWNED)
                lost += bool(loss[k] >= _DROWNED and not np.isfinite(y).all())
                continue
            if (np.abs(y - target) <= room).all() or not np.isfinite(target).all():
                continue
            if 16 * s.mean[k, 0] ** 2 < s.var[k, 0] or not np.isfinite(loss[k]) or not np.isfinite(y).all():
                return None
            centred = target - s.beta[k]
            square = float((centred**2).sum())
            factor = float(((y - s.beta[k]) * centred).sum()) / square if square else 1.0
            error = 1 / factor**2 - 1 if factor > 0 else np.inf
            rest = np.abs(y - s.beta[k] - factor * centred)
            if abs(error) > 2 * loss[k] or (rest > 4 * room * max(1.0, abs(factor))).any():
                return None
            off.append((float(loss[k]), error))
    return _Cancellation(off, drowned, lost)


def _shape_of_error(wrong: list[Forwarded], level: Level) -> str:
    """Where the error is, and whether it is a constant or a factor of each feature, or grows with kappa."""
    touched: list[float] = []
    features: list[NDArray[np.bool_]] = []
    elements: list[float] = []
    sizes: list[tuple[float, float]] = []  # (kappa, error) of the features that are off
    offset = factor = True
    for f in wrong:
        each = compared(f, level)
        s, exact, bound = each.folded, each.exact, each.bound
        with np.errstate(all="ignore"):
            error, over = each.error, each.beyond
            off = np.asarray(over.any(axis=(0, 2)))
            touched.append(float(off.mean()))
            features.append(off)
            elements.append(float(over[:, off].mean()) if off.any() else 0.0)
            kappa, most = np.abs(s.mean[:, 0]) / np.sqrt(s.var[:, 0]), np.abs(error).max(axis=(0, 2))
            sizes += [
                (k, e) for k, e in zip(kappa[off], most[off], strict=True) if 0 < k < np.inf and 0 < e < 1
            ]
            room = 4 * bound.max(axis=(0, 2))
            offset &= bool((np.ptp(error, axis=(0, 2)) <= room).all())
            centred, moved = exact - s.beta, each.got - s.beta
            slope = (centred * moved).sum(axis=(0, 2)) / (centred**2).sum(axis=(0, 2))
            rest = np.abs(moved - slope[:, None] * centred).max(axis=(0, 2))
            factor &= bool((rest <= room * np.maximum(1, np.abs(slope))).all())
    where = _from_some_feature_on(features) or f"in {_percent(touched)} of the features of a failing call"
    how = f"No named deviation explains it. The error is {where}"
    if min(elements) < 0.995:
        how += f", at {_percent(elements)} of their elements"
    if offset:
        how += ", a constant offset in each"
    elif factor:
        how += ", a constant factor in each"
    power = _growth(sizes)
    if power is not None and power >= 0.5:
        how += f", and grows like kappa^{power:.1f}"
    return how + "."


def _from_some_feature_on(features: list[NDArray[np.bool_]]) -> str:
    """Whether features are off, in calls of different numbers of them, from the same one on; "" if not."""
    k = min((int(off.argmax()) for off in features if off.any()), default=0)
    most = all(2 * off[k:].sum() > off[k:].size for off in features if off.size > k)
    return (
        f"in the features from index {k} on" if k and most and len({off.size for off in features}) > 1 else ""
    )


def _percent(shares: list[float]) -> str:
    least, most = (f"{max(1, round(100 * share))}" for share in (min(shares), max(shares)))
    return f"{least} %" if least == most else f"{least} to {most} %"


def _growth(sizes: list[tuple[float, float]]) -> float | None:
    """p, where errors grow like kappa^p; None where the data do not tell."""
    if len(sizes) < 8:
        return None
    kappa, error = np.log(np.array(sizes).T)
    return float(np.polyfit(kappa, error, 1)[0]) if np.ptp(kappa) >= np.log(30) else None
