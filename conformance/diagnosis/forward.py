"""What a failing implementation computes instead, if a named deviation explains all it returned.

No guess is presented as a finding: an explanation has to hold for every output of every failing trial that
was kept, within the bounds a right implementation is held to, and no second one may hold as well. Where none
does, what can be seen of the error is told: where it is and what shape it has.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conformance.deviations import DEFINITION, FORWARD, GRADIENT, Deviation, Setting, gradients, output
from conformance.oracle import Backwarded, Expected, Forwarded, Level, arithmetic
from conformance.requirement import Outcome, Trial, within
from reference.error_bounds import Arithmetic

Float64 = NDArray[np.float64]

NARROWED = Deviation("float64-narrowed", "of float64 data in float32")
HALF = Deviation("half-arithmetic", "in half precision throughout, its statistics included")
DEFINITION_ITSELF = Deviation("", "")
ONE_PASS = Deviation(
    "one-pass-variance",
    "with the variance as E[x^2] - E[x]^2, which cancels where the mean exceeds the spread",
)


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """:ivar key: of the deviation, or of a combination ``a+b``; empty where none explains it.

    :ivar text: in plain words.
    """

    key: str
    text: str


def diagnose(trials: Sequence[Trial], level: Level) -> Diagnosis | None:
    """Explain the failing ``trials`` of one requirement; None where there is nothing to compare."""
    with np.errstate(all="ignore"):
        return _diagnose(trials, level)


def _diagnose(trials: Sequence[Trial], level: Level) -> Diagnosis | None:
    trials = [t for t in trials if t.observation.lost is None and t.observation.unexpected() is None]
    if not trials:
        return None
    passes = [f for t in trials for f in t.forwards if f.known and f.got is not None]
    if not passes:
        return None
    wrong = [f for f in passes if not _sound(f, level)]
    backs = [b for t in trials for b in t.backwards if b.forward.known]
    if wrong:
        return _of_forward(passes, wrong, level)
    if backs:
        return _of_gradient(backs, level)
    return None


# -- forward


def _sound(f: Forwarded, level: Level) -> bool:
    return _agrees(f, f.expected(level))


def _agrees(f: Forwarded, expected: Expected) -> bool:
    return within(f.got, expected.y, expected.bound, rest=expected.rest).outcome is Outcome.PASS


def _of_forward(passes: list[Forwarded], wrong: list[Forwarded], level: Level) -> Diagnosis | None:
    if any(f.got is None or f.got.shape != f.call.x.shape for f in wrong):
        return None
    dtype = wrong[0].call.x.dtype.name
    if dtype == "float64" and all(_within(f, _granted(f, "float32")) for f in passes):
        return _named([NARROWED])
    narrow = level is not Level.MUST and dtype in ("float16", "bfloat16")
    if narrow and all(_sound(f, Level.MUST) for f in passes):
        return _named([HALF])
    # Calls with most features tell deviations apart best, so they come first.
    passes = sorted(passes, key=lambda f: -f.call.x.shape[f.config.axis])
    prepared = [(f, *_setting(f, level)) for f in passes]
    # An error so small that the definition itself passes for an explanation tells no deviation apart.
    small = all(_explains(DEFINITION_ITSELF, *each) for each in prepared)
    found = [d for d in FORWARD if not small and all(_explains(d, *each) for each in prepared)]
    if not found and _cancelling([_one_pass(f, arithmetic(dtype, _count(f), level)) for f in wrong]):
        return _named([ONE_PASS])
    if (
        not found
        and dtype == "float64"
        and _cancelling([_one_pass(f, _granted(f, "float32")) for f in wrong])
    ):
        both = NARROWED.with_(ONE_PASS)
        return _named([both] if both else [])
    if not found and not small:
        pairs = (a.with_(b) for a, b in itertools.combinations(FORWARD, 2))
        found = [d for d in pairs if d and all(_explains(d, *each) for each in prepared)]
    return _named(found) or Diagnosis("", _shape_of_error(wrong, level))


def _granted(f: Forwarded, dtype: str) -> Arithmetic:
    """The arithmetic of another dtype, MUST."""
    return arithmetic(dtype, _count(f))


def _count(f: Forwarded) -> int:
    return int(f.call.x.size) // max(1, int(f.call.x.shape[f.config.axis]))


def _within(f: Forwarded, granted: Arithmetic) -> bool:
    return _agrees(f, f.expected(granted=granted))


def _named(found: Sequence[Deviation]) -> Diagnosis | None:
    """A diagnosis where there is exactly one explanation, or two that these data cannot tell apart."""
    if not found or len(found) > 2:
        return None
    text = " or ".join(f"batch norm {d.words}" for d in found)
    return Diagnosis("|".join(d.key for d in found), f"This is {text}.")


def _setting(f: Forwarded, level: Level) -> tuple[Setting, Expected, Float64]:
    """The call folded to (before, n, after), what was expected of it, and what came."""
    expected, x, axis = f.expected(level), f.call.x, f.config.axis % f.call.x.ndim
    assert f.got is not None
    given = None
    if "running_mean" in f.held and "running_var" in f.held:
        given = tuple(f.held[k].astype(np.float64)[:, None] for k in ("running_mean", "running_var"))
    wide = _fold(x, axis).astype(np.float64)
    mean = wide.mean(axis=(0, 2))[:, None]
    setting = Setting(
        wide,
        expected.gamma[:, None],
        expected.beta[:, None],
        mean,
        ((wide - mean) ** 2).mean(axis=(0, 2))[:, None],
        given,  # type: ignore[arg-type]
        f.config.epsilon,
        f.call.training,
        axis != 0,
        x.shape[0 if axis else 1],
    )
    return setting, expected, _fold(f.got, axis).astype(np.float64)


def _fold(x: Any, axis: int) -> Any:
    before = int(np.prod(x.shape[:axis], dtype=int))
    after = int(np.prod(x.shape[axis + 1 :], dtype=int))
    return x.reshape(before, x.shape[axis], after)


def _explains(d: Deviation, f: Forwarded, s: Setting, expected: Expected, got: Float64) -> bool:
    y = output(s, d)
    axis = f.config.axis % f.call.x.ndim
    u = arithmetic(f.call.x.dtype.name, 1).u_out
    with np.errstate(all="ignore"):
        parts = DEFINITION | d.parts
        _, var = parts["statistics"](s)
        right = np.sqrt((s.var if s.training or s.given is None else s.given[1]) + s.epsilon)
        amplified = np.clip(np.abs(right / parts["divisor"](var, s.epsilon)), 1, 1e3)
        gamma = np.maximum(1, np.abs(parts["parameters"](s)[0]) / np.maximum(np.abs(s.gamma), 1e-30))
        bound = 2 * _fold(np.asarray(expected.bound, np.float64), axis) * amplified * np.minimum(gamma, 1e6)
        bound = bound + 16 * u * (np.abs(y) + np.abs(s.beta))
        expected_y = _fold(expected.y, axis)
        # Nothing is told apart where the bound is as wide as the output itself.
        near = (np.abs(got - y) <= bound) & (bound <= 0.1 * np.maximum(np.abs(y), np.abs(expected_y)) + 1e-3)
        lost = ~np.isfinite(got) & ~np.isfinite(y)
        wide = (np.abs(got - y) <= bound) & ~near
    # Where both are lost nothing is compared, so most must not be.
    return bool((near | wide | lost).all() and 2 * near.sum() >= near.size)


def _cancelling(calls: list[bool | None]) -> bool:
    """Whether cancellation contradicts no call, and some bear it out."""
    return False not in calls and True in calls


def _one_pass(f: Forwarded, granted: Arithmetic) -> bool | None:
    """Whether every feature is off by nothing but a factor, no larger than cancellation explains. None where
    there is nothing to compare: so much cancelled that anything may come of it.
    """
    if not f.call.training:
        return None if _within(f, granted) else False
    s, _, got = _setting(f, Level.MUST)
    expected = f.expected(granted=granted)
    axis = f.config.axis % f.call.x.ndim
    bound = _fold(np.asarray(expected.bound, np.float64), axis)
    exact = _fold(expected.y, axis)
    cancelled = False
    with np.errstate(all="ignore"):
        total = s.var + s.epsilon
        loss = ((granted.growth + 8) * granted.u * (s.var + s.mean**2) / total)[:, 0]
        for k in range(s.x.shape[1]):
            y, target, room = got[:, k], exact[:, k], bound[:, k]
            if (np.abs(y - target) <= room).all() or not np.isfinite(target).all():
                continue
            if 16 * s.mean[k, 0] ** 2 < s.var[k, 0]:
                return False
            if not np.isfinite(loss[k]):
                return False
            if loss[k] >= 0.5:
                continue  # cancelled altogether: anything may come of it, and nothing can be compared
            if not np.isfinite(y).all():
                return False
            centred = target - s.beta[k]
            square = float((centred**2).sum())
            factor = float(((y - s.beta[k]) * centred).sum()) / square if square else 1.0
            lost = abs(1 / factor**2 - 1) if factor else np.inf
            rest = np.abs(y - s.beta[k] - factor * centred)
            if lost > 2 * loss[k] or (rest > 4 * room * max(1.0, abs(factor))).any():
                return False
            cancelled = True
    return cancelled or None


def _shape_of_error(wrong: list[Forwarded], level: Level) -> str:
    """Where the error is, and whether it is a constant or a factor of each feature."""
    touched: list[float] = []
    offset = factor = True
    for f in wrong:
        s, expected, got = _setting(f, level)
        axis = f.config.axis % f.call.x.ndim
        exact, bound = _fold(expected.y, axis), _fold(np.asarray(expected.bound, np.float64), axis)
        with np.errstate(all="ignore"):
            error = got - exact
            over = ~(np.abs(error) <= bound)
            touched.append(float(over.any(axis=(0, 2)).mean()))
            room = 4 * bound.max(axis=(0, 2))
            offset &= bool((np.ptp(error, axis=(0, 2)) <= room).all())
            centred, off = exact - s.beta, got - s.beta
            slope = (centred * off).sum(axis=(0, 2)) / (centred**2).sum(axis=(0, 2))
            rest = np.abs(off - slope[:, None] * centred).max(axis=(0, 2))
            factor &= bool((rest <= room * np.maximum(1, np.abs(slope))).all())
    least, most = f"{100 * min(touched):.0f}", f"{100 * max(touched):.0f}"
    share = least if least == most else f"{least} to {most}"
    how = f"No named deviation explains it. The error is in {share} % of the features of a failing call"
    if offset:
        how += ", a constant offset in each"
    elif factor:
        how += ", a constant factor in each"
    return how + "."


# -- gradient


def _of_gradient(backs: list[Backwarded], level: Level) -> Diagnosis | None:
    usable = [b for b in backs if all(b.got(k) is not None for k in ("x", "gamma", "beta"))]
    if not usable or any(b.got("x").shape != b.call.dy.shape for b in usable):  # type: ignore[union-attr]
        return None
    dtype = usable[0].call.dy.dtype.name
    if dtype == "float64" and all(_gradient_within(b, "float32") for b in usable):
        return _named([NARROWED])
    found = [d for d in GRADIENT if all(_explains_gradient(d, b, level) for b in usable)]
    if not found:
        pairs = (a.with_(b) for a, b in itertools.combinations(GRADIENT, 2))
        found = [d for d in pairs if d and all(_explains_gradient(d, b, level) for b in usable)]
    return _named(found)


def _gradient_within(b: Backwarded, dtype: str) -> bool:
    expected = b.expected(granted=_granted(b.forward, dtype))
    return all(
        within(_flat(b, name), expected.exact[k], expected.bounds[k]).outcome is Outcome.PASS
        for k, name in enumerate(("x", "gamma", "beta"))
    )


def _flat(b: Backwarded, name: str) -> Any:
    got = b.got(name)
    n = b.call.dy.shape[b.forward.config.axis]
    return got.reshape(n) if got is not None and name != "x" and got.size == n else got


def _explains_gradient(d: Deviation, b: Backwarded, level: Level) -> bool:
    f, axis = b.forward, b.forward.config.axis % b.call.dy.ndim
    s, _, _ = _setting(f, level)
    s = replace(s, dy=_fold(b.call.dy, axis).astype(np.float64))
    made, expected = gradients(s), b.expected(level)
    u = arithmetic(f.call.x.dtype.name, 1).u_out
    count = s.x.shape[0] * s.x.shape[2]
    for k, name in enumerate(("x", "gamma", "beta")):
        part: Callable[[dict[str, Any]], Any] | None = d.parts.get(name)
        bound = np.asarray(expected.bounds[k], np.float64)
        exact, got = expected.exact[k], _flat(b, name)
        if got is None or got.shape != exact.shape:
            return False
        with np.errstate(all="ignore"):
            if part is not None:
                value = part(made)
                if name == "x":
                    exact = np.broadcast_to(value, s.x.shape).reshape(b.call.dy.shape)
                    # Sums in place of means carry N times the error.
                    bound = bound * (count if "sum" in d.key else 2)
                else:
                    exact = np.broadcast_to(value, (s.x.shape[1], 1))[:, 0]
                bound = 2 * bound + 64 * u * np.abs(exact)
                if name == "gamma":
                    bound = bound + 64 * u * count * np.abs(s.x * made["dy"]).mean(axis=(0, 2))
            near = np.abs(got.astype(np.float64) - exact) <= bound
        if not (near | ~np.isfinite(exact)).all():
            return False
    return True
