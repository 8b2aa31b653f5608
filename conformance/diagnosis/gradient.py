"""Which deviation explains wrong gradients."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import numpy as np

from conformance.diagnosis.deviations.deviation import Deviation
from conformance.diagnosis.deviations.forward import Folded, output
from conformance.diagnosis.deviations.gradient import DEFINITION, GRADIENT, terms
from conformance.diagnosis.finding import NARROWED, Diagnosis, granted_to, named
from conformance.diagnosis.forward import compared, fold, moments, sound
from conformance.judging.arithmetic import arithmetic
from conformance.judging.exact import Backwarded
from conformance.judging.level import Level
from conformance.judging.verdict import Outcome, within

_NAMES = ("x", "gamma", "beta")
_ITSELF = Deviation("", "", DEFINITION)


def of_gradient(backs: list[Backwarded], level: Level) -> Diagnosis | None:
    """The one deviation, or pair of them, that explains every gradient of ``backs``."""
    usable = [b for b in backs if all(b.got(k) is not None for k in _NAMES)]
    if not usable or any(b.got("x").shape != b.call.dy.shape for b in usable):  # type: ignore[union-attr]
        return None
    usable.sort(key=lambda b: b.call.dy.size)
    # Where the definition itself passes for an explanation, the error is too small to tell what it is.
    if all(_explains(_ITSELF, b, level) for b in usable):
        dtype = usable[0].call.dy.dtype.name
        narrowed = dtype == "float64" and all(_within(b, "float32") for b in usable)
        return named([NARROWED]) if narrowed else None
    found = [d for d in GRADIENT if all(_explains(d, b, level) for b in usable)]
    if not found and usable[0].call.dy.dtype == np.float64 and all(_within(b, "float32") for b in usable):
        found = [NARROWED]
    if not found:
        pairs = (a.with_(b) for a, b in itertools.combinations(GRADIENT, 2))
        found = [d for d in pairs if d and all(_explains(d, b, level) for b in usable)]
    return named(found)


def reproduces(d: Deviation, b: Backwarded, level: Level, array: str) -> bool:
    """Whether a backward call's gradients are wrong in that way, or are those of outputs that are.

    :param array: which of them is wrong.
    """
    if any(b.got(k) is None for k in _NAMES) or b.got("x").shape != b.call.dy.shape:  # type: ignore[union-attr]
        return False
    if d.parts.keys() & DEFINITION.keys():
        return _explains(d, b, level)
    if not d.parts:
        return _within(b, "float32") if d.key == NARROWED.key else not sound(b.forward, level)
    return array in _NAMES and _follows(d, b, level, array)


_FEATURES = 6  # those looked at
_STEP = 1e-6  # of the spread of x
_COARSE = 2.0**-4  # relative error of a gradient, from which nobody can say what it is


def _follows(d: Deviation, b: Backwarded, level: Level, array: str) -> bool:
    """Whether a gradient is that of a deviation's output, and not that of the right one, where it is wrong.

    A deviation says what y is, so that its gradients are what differences of y say: here along two directions for
    each of a few features, one of them that of the error.
    """
    axis, k = b.forward.config.feature_axis, _NAMES.index(array)
    expected, s = b.expected(level), compared(b.forward, level).folded
    dy = fold(b.call.dy, axis).astype(np.float64)

    def folded(v: Any) -> Any:
        v = np.broadcast_to(np.asarray(v, np.float64), np.shape(expected.exact[k]))
        return fold(v, axis) if array == "x" else v.reshape(1, -1, 1)

    got, exact, bound = (folded(v) for v in (_flat(b, array), expected.exact[k], expected.bounds[k]))
    wrong = np.flatnonzero((~(np.abs(got - exact) <= bound)).any(axis=(0, 2)))[:_FEATURES]
    signs, nearer = np.random.default_rng(0), False
    for n in wrong:
        spread, centre = np.sqrt(s.var[n, 0]), np.abs(s.mean[n, 0])
        error = got[:, n] - exact[:, n]
        for chosen in (np.where(error < 0, -1.0, 1.0), signs.choice((-1.0, 1.0), error.shape)):
            way = np.zeros(got.shape)
            way[:, n] = (spread if array == "x" else 1.0) * chosen
            seen, right, room = (got * way).sum(), (exact * way).sum(), 2 * (bound * np.abs(way)).sum()
            # What the difference loses of y, more where x is far from zero.
            lost = 1e-15 / _STEP * (1 + centre / spread) * np.abs(dy[:, n]).sum() * np.abs(s.gamma[n, 0])
            off = abs(seen - _slope(d, s, dy, array, way))
            if not off <= room * np.clip(np.abs(seen / right), 1, 1e3) + lost:
                return False
            nearer |= 4 * off < abs(seen - right)
    return nearer


def _slope(d: Deviation, s: Folded, dy: Any, array: str, way: Any) -> float:
    """The derivative of sum(dy y) along a direction of x, gamma or beta, by a central difference."""
    ahead, behind = (output(_moved(s, array, step * way), d) for step in (_STEP, -_STEP))
    return float((dy * (ahead - behind)).sum()) / (2 * _STEP)


def _moved(s: Folded, array: str, by: Any) -> Folded:
    if array != "x":
        return replace(s, **{array: getattr(s, array) + by[0]})
    mean, var = moments(s.x + by)
    return replace(s, x=s.x + by, mean=mean, var=var)


def _within(b: Backwarded, dtype: str) -> bool:
    expected = b.expected(granted=granted_to(b.forward, dtype))
    return all(
        within(_flat(b, name), expected.exact[k], expected.bounds[k]).outcome is Outcome.PASS
        for k, name in enumerate(_NAMES)
    )


def _flat(b: Backwarded, name: str) -> Any:
    got = b.got(name)
    n = b.call.dy.shape[b.forward.config.axis]
    return got.reshape(n) if got is not None and name != "x" and got.size == n else got


def _explains(d: Deviation, b: Backwarded, level: Level) -> bool:
    f, axis = b.forward, b.forward.config.feature_axis
    s = replace(compared(f, level).folded, dy=fold(b.call.dy, axis).astype(np.float64))
    made, expected, parts = terms(s), b.expected(level), DEFINITION | d.parts
    u = arithmetic(f.call.x.dtype.name, 1).u_out
    for k, name in enumerate(_NAMES):
        got, exact = _flat(b, name), np.asarray(expected.exact[k])
        if got is None or got.shape != exact.shape:
            return False
        bound = np.broadcast_to(np.asarray(expected.bounds[k], np.float64), exact.shape)
        with np.errstate(all="ignore"):
            value, got = np.asarray(parts[name](made), np.float64), got.astype(np.float64)
            if name == "x":
                got, exact, bound = (fold(each, axis) for each in (got, exact, np.array(bound)))
                value = np.broadcast_to(value, exact.shape)
            else:
                got, exact, bound = (each[None, :, None] for each in (got, exact, bound))
                value = value.reshape(exact.shape)
            size, right = (np.abs(v).max(axis=(0, 2), keepdims=True) for v in (value, exact))
            # As precise as the right one, relative to its size; a sum's terms may cancel.
            relative = np.where(right > 0, bound.max(axis=(0, 2), keepdims=True) / right, 0.0)
            room = 2 * bound + (2 * np.minimum(relative, 1e-2) + min(256 * u, _COARSE)) * size
            if name == "gamma":
                room = room + 64 * u * made.count * np.abs(made.x * made.dy).mean(axis=(0, 2))[:, None]
            near = np.abs(got - value) <= room
        if not (near | ~np.isfinite(value) & ~np.isfinite(got)).all():
            return False
    return True
