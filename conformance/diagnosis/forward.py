"""Which deviation explains wrong outputs."""

from __future__ import annotations

import itertools
from enum import Enum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conformance.diagnosis.deviations.deviation import Deviation
from conformance.diagnosis.deviations.forward import DEFINITION, FORWARD, Setting, output, statistics
from conformance.diagnosis.finding import NARROWED, Diagnosis, granted_to, named, plausible
from conformance.judging.arithmetic import arithmetic
from conformance.judging.exact import Expected, Forwarded
from conformance.judging.level import Level
from conformance.judging.verdict import Outcome, within
from reference.error_bounds import Arithmetic, probabilistic

Float64 = NDArray[np.float64]

HALF = Deviation("half-arithmetic", "with errors as large as those of half precision throughout")
ONE_PASS = Deviation(
    "one-pass-variance",
    "with the variance as E[x^2] - E[x]^2, which cancels where the mean exceeds the spread",
)
ONE_PASS_CLIPPED = Deviation(
    "one-pass-variance-clipped",
    "with the variance as E[x^2] - E[x]^2, which cancels where the mean exceeds the spread, and a negative one "
    "taken for 0",
)
_DEFINITION_ITSELF = Deviation("", "")


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
    prepared = [(f, *setting(f, level)) for f in passes]
    # An error so small that the definition itself passes for an explanation tells no deviation apart.
    if _explain(_DEFINITION_ITSELF, prepared) is _Fit.EXPLAINS:
        return Diagnosis("", _shape_of_error(wrong, level))
    fits = {d: _explain(d, prepared) for d in FORWARD}
    found = [d for d, fit in fits.items() if fit is _Fit.EXPLAINS]
    maybe = [d for d, fit in fits.items() if fit is _Fit.CONSISTENT]
    if found:
        # Of one shape alone two may do the same by chance, though neither is what is done.
        told = len(found + maybe) == 1 or len({f.call.x.shape for f in wrong}) > 1
        found = [d for d in found if told and _nearer(d, prepared)]
        return (named(found + maybe) if found else None) or Diagnosis("", _shape_of_error(wrong, level))
    found = _of_cancellation(wrong, level) if maybe else _of_precision(passes, wrong, level)
    # A pair is hardly ever refuted by few or blurred data, so nothing simpler may be left in the running. And
    # at the identity gamma undoes the division: there mistakes in the one look like mistakes in the other.
    if not found and not maybe and not any(_at_identity(s) for _, s, *_ in prepared):
        pairs = (a.with_(b) for a, b in itertools.combinations(FORWARD, 2))
        found = [d for d in pairs if d and _explain(d, prepared) is _Fit.EXPLAINS]
    return named(found) or Diagnosis("", _shape_of_error(wrong, level))


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


def _at_identity(s: Setting) -> bool:
    """Whether gamma is the standard deviation, with or without epsilon, of every feature."""
    _, var = statistics(s)
    near = [np.abs(s.gamma - np.sqrt(v)) <= 0.01 * np.abs(s.gamma) for v in (var, var + s.epsilon)]
    return bool((near[0] | near[1]).all() and (s.gamma != 1).any())


def _within(f: Forwarded, granted: Arithmetic) -> bool:
    return _agrees(f, f.expected(granted=granted))


def setting(f: Forwarded, level: Level) -> tuple[Setting, Expected, Float64]:
    """The call folded to (before, n, after), what was expected of it, and what came."""
    dtype = f.call.x.dtype.name
    expected, x, axis = (
        f.expected(granted=plausible(f, dtype, level)),
        f.call.x,
        f.config.feature_axis,
    )
    assert f.got is not None
    given = None
    if "running_mean" in f.held and "running_var" in f.held:
        given = tuple(f.held[k].astype(np.float64)[:, None] for k in ("running_mean", "running_var"))
    wide = fold(x, axis).astype(np.float64)
    last = None if f.previous is None else _moments(fold(f.previous.x, axis).astype(np.float64))
    mean, var = _moments(wide)
    made = Setting(
        wide,
        expected.gamma[:, None],
        expected.beta[:, None],
        mean,
        var,
        given,  # type: ignore[arg-type]
        last,
        f.config.epsilon,
        x.dtype.name,
        f.call.training,
        axis != 0,
        x.shape[0 if axis else 1],
    )
    return made, expected, fold(f.got, axis).astype(np.float64)


def _moments(x: Float64) -> tuple[Float64, Float64]:
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


def _explain(d: Deviation, prepared: list[tuple[Forwarded, Setting, Expected, Float64]]) -> _Fit:
    worst = _Fit.EXPLAINS
    for each in prepared:
        fit = _fit(d, *each)
        if fit is _Fit.REFUTED:
            return fit
        worst = min(worst, fit, key=lambda f: f.value)
    return worst


def _fit(d: Deviation, f: Forwarded, s: Setting, expected: Expected, got: Float64) -> _Fit:
    y = output(s, d)
    axis = f.config.feature_axis
    u = arithmetic(f.call.x.dtype.name, 1).u_out
    with np.errstate(all="ignore"):
        parts = DEFINITION | d.parts
        _, var = parts["statistics"](s)
        right = np.sqrt((s.var if s.training or s.given is None else s.given[1]) + s.epsilon)
        amplified = np.clip(np.abs(right / parts["divisor"](var, s.epsilon)), 1, 1e3)
        gamma = np.maximum(1, np.abs(parts["parameters"](s)[0]) / np.maximum(np.abs(s.gamma), 1e-30))
        bound = 2 * fold(np.asarray(expected.bound, np.float64), axis) * amplified * np.minimum(gamma, 1e6)
        bound = bound + 16 * u * (np.abs(y) + np.abs(s.beta))
        expected_y = fold(expected.y, axis)
        hit = (np.abs(got - y) <= bound) & np.isfinite(y)
        # Nothing is told apart where the bound is as wide as the output itself.
        near = hit & (bound <= 0.1 * np.maximum(np.abs(y), np.abs(expected_y)) + 1e-3)
        lost = ~np.isfinite(got) & ~np.isfinite(y)
    if not (hit | lost).all():
        return _Fit.REFUTED
    # Where both are lost nothing is compared, so most must not be.
    return _Fit.EXPLAINS if 2 * near.sum() >= near.size else _Fit.CONSISTENT


def _nearer(d: Deviation, prepared: list[tuple[Forwarded, Setting, Expected, Float64]]) -> bool:
    """Whether most of what is off is far nearer to what the deviation gives than to the definition. It is not where
    the two are the same, as with any gamma on a constant feature, and a wider bound is all that lets it pass.
    """
    off = nearer = 0
    for f, s, expected, got in prepared:
        axis = f.config.feature_axis
        bound, exact = fold(np.asarray(expected.bound, np.float64), axis), fold(expected.y, axis)
        error = np.abs(got - exact)
        beyond = ~(error <= bound)
        off += int(beyond.sum())
        nearer += int((beyond & ~(2 * np.abs(got - output(s, d)) >= error)).sum())
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
        off += found[0]
        drowned, lost = drowned + found[1], lost + found[2]
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


def _cancelled(f: Forwarded, granted: Arithmetic) -> tuple[list[tuple[float, float]], int, int] | None:
    """Of the features that cancellation takes off by a factor, how much may cancel and by how much their variance
    is off; in how many it leaves nothing to compare, and in how many of those the output is NaN. None where
    something else is wrong.
    """
    if not f.call.training:
        return ([], 0, 0) if _within(f, granted) else None
    s, _, got = setting(f, Level.MUST)
    expected = f.expected(granted=granted)
    axis = f.config.feature_axis
    bound = fold(np.asarray(expected.bound, np.float64), axis)
    exact = fold(expected.y, axis)
    off: list[tuple[float, float]] = []
    drowned = lost = 0
    with np.errstate(all="ignore"):
        total = s.var + s.epsilon
        roundings = 8 + 2 * min(granted.growth, probabilistic(f.count))
        loss = (roundings * granted.u * (s.var + s.mean**2) / total)[:, 0]
        for k in range(s.x.shape[1]):
            y, target, room = got[:, k], exact[:, k], bound[:, k]
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
    return off, drowned, lost


def _shape_of_error(wrong: list[Forwarded], level: Level) -> str:
    """Where the error is, and whether it is a constant or a factor of each feature, or grows with kappa."""
    touched: list[float] = []
    elements: list[float] = []
    sizes: list[tuple[float, float]] = []  # (kappa, error) of the features that are off
    offset = factor = True
    for f in wrong:
        s, expected, got = setting(f, level)
        axis = f.config.feature_axis
        exact, bound = fold(expected.y, axis), fold(np.asarray(expected.bound, np.float64), axis)
        with np.errstate(all="ignore"):
            error = got - exact
            over = ~(np.abs(error) <= bound)
            off = over.any(axis=(0, 2))
            touched.append(float(off.mean()))
            elements.append(float(over[:, off].mean()) if off.any() else 0.0)
            kappa, most = np.abs(s.mean[:, 0]) / np.sqrt(s.var[:, 0]), np.abs(error).max(axis=(0, 2))
            sizes += [
                (k, e) for k, e in zip(kappa[off], most[off], strict=True) if 0 < k < np.inf and 0 < e < 1
            ]
            room = 4 * bound.max(axis=(0, 2))
            offset &= bool((np.ptp(error, axis=(0, 2)) <= room).all())
            centred, moved = exact - s.beta, got - s.beta
            slope = (centred * moved).sum(axis=(0, 2)) / (centred**2).sum(axis=(0, 2))
            rest = np.abs(moved - slope[:, None] * centred).max(axis=(0, 2))
            factor &= bool((rest <= room * np.maximum(1, np.abs(slope))).all())
    how = f"No named deviation explains it. The error is in {_percent(touched)} of the features of a failing call"
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


def _percent(shares: list[float]) -> str:
    least, most = (f"{max(1, round(100 * share))}" for share in (min(shares), max(shares)))
    return f"{least} %" if least == most else f"{least} to {most} %"


def _growth(sizes: list[tuple[float, float]]) -> float | None:
    """p, where errors grow like kappa^p; None where the data do not tell."""
    if len(sizes) < 8:
        return None
    kappa, error = np.log(np.array(sizes).T)
    return float(np.polyfit(kappa, error, 1)[0]) if np.ptp(kappa) >= np.log(30) else None
