"""Which deviation explains wrong gradients."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import numpy as np

from conformance.diagnosis.deviations.deviation import Deviation
from conformance.diagnosis.deviations.gradient import DEFINITION, GRADIENT, terms
from conformance.diagnosis.finding import NARROWED, Diagnosis, granted_to, named
from conformance.diagnosis.forward import compared, fold
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
            room = 2 * bound + (2 * np.minimum(relative, 1e-2) + 256 * u) * size
            if name == "gamma":
                room = room + 64 * u * made.count * np.abs(made.x * made.dy).mean(axis=(0, 2))[:, None]
            near = np.abs(got - value) <= room
        if not (near | ~np.isfinite(value) & ~np.isfinite(got)).all():
            return False
    return True
