"""Which deviation explains running statistics that fit no convention."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np

from conformance.diagnosis.deviations.deviation import Deviation
from conformance.diagnosis.deviations.running import DEFINITION, RUNNING, momentum_fixed, moved
from conformance.diagnosis.finding import NARROWED, Diagnosis, named
from conformance.diagnosis.forward import compared, sound
from conformance.judging.arithmetic import arithmetic
from conformance.judging.averages import Step
from conformance.judging.level import Level
from reference.error_bounds import running_bounds

_DEFINITION_ITSELF = Deviation("", "")


def of_running(taken: list[Step]) -> Diagnosis | None:
    """The one deviation that explains every step, under one meaning of momentum and one estimator."""
    # What the definition itself explains tells no deviation apart.
    if any(all(each) for each in _under_every_convention(_DEFINITION_ITSELF, taken)):
        return None
    found = [
        d
        for d in (*RUNNING, *_with_a_fixed_momentum(taken))
        if any(all(each) for each in _under_every_convention(d, taken))
    ]
    if not found and all(step.x.dtype == np.float64 for step in taken):
        single = _under_every_convention(_DEFINITION_ITSELF, taken, "float32")
        found = [NARROWED] if any(all(each) for each in single) else []
    # Of batches of one size, factors that depend on it cannot be told from one another: 2 is m, and m / (m - 1).
    wrong = [
        s for s in taken if not any(next(each) for each in _under_every_convention(_DEFINITION_ITSELF, [s]))
    ]
    sizes = {step.x.shape[step.batch_axis] for step in wrong}
    return named(found) if len(sizes) > 1 else None


def _with_a_fixed_momentum(taken: list[Step]) -> Iterator[Deviation]:
    """The one whose momentum is what the mean shows, to three digits, if several were asked for."""
    if len({step.call.config.momentum for step in taken}) > 1:
        step = taken[0]
        away = step.old[0] - step.batch.mean
        most = np.abs(away).argmax()
        kept = float(f"{(step.new[0] - step.batch.mean)[most] / away[most]:.3g}")
        if 0 < kept < 1:
            own = momentum_fixed(kept)
            if own.key not in {d.key for d in RUNNING}:
                yield own


def reproduces(d: Deviation, step: Step, level: Level) -> bool:
    """Whether the statistics moved wrongly, and in that way; or took in those that a wrong output was made with."""
    if any(next(each) for each in _under_every_convention(_DEFINITION_ITSELF, [step])):
        return False
    if not d.parts:
        narrowed = d.key == NARROWED.key
        fits = _under_every_convention(_DEFINITION_ITSELF, [step], "float32") if narrowed else iter(())
        return any(next(each) for each in fits) if narrowed else not sound(step.call, level)
    if "statistics" in d.parts:
        taken = _taken(d, step, level)
        return taken is not None and any(next(each) for each in _under_every_convention(taken, [step]))
    return bool(d.parts.keys() & DEFINITION.keys()) and any(
        next(each) for each in _under_every_convention(d, [step])
    )


def _taken(d: Deviation, step: Step, level: Level) -> Deviation | None:
    """The running average of the statistics that a deviation normalises with, where they are one for each feature."""
    s = compared(step.call, level).folded
    mean, var = (np.asarray(each) for each in d.parts["statistics"](s))
    if mean.shape != s.mean.shape or var.shape != s.var.shape:
        return None
    more = (var - s.var).ravel()
    return Deviation(
        d.key, d.words, {"mean": lambda step: mean.ravel(), "variance": lambda step, own: own + more}
    )


def _under_every_convention(
    d: Deviation, taken: list[Step], dtype: str | None = None
) -> Iterator[Iterator[bool]]:
    """Whether it explains each step, by arithmetic in ``dtype``, or in that of the input."""
    for kept, unbiased in itertools.product((True, False), repeat=2):
        yield (_explains(d, step, kept, unbiased, dtype or step.x.dtype.name) for step in taken)


def _explains(d: Deviation, step: Step, kept: bool, unbiased: bool, dtype: str) -> bool:
    momentum = step.call.config.momentum
    weight = momentum if kept else 1 - momentum
    factor = step.count / max(1, step.count - 1) if unbiased else 1.0

    def after(off: Any = 0.0) -> tuple[Any, Any]:
        return moved(step, d, kept=weight, factor=factor, off=off)

    mean, var = after()
    batch, granted = step.batch, arithmetic(dtype, step.count)
    t_mean, t_var = running_bounds(
        step.x, batch.mean, batch.var, step.old, (mean, var), weight=1.0, axis=step.axis, arithmetic=granted
    )
    # What is averaged may be any function of the variance: its error is the function's response to one.
    t_var = np.abs(step.old[1]) * 16 * granted.u + np.maximum(
        np.abs(after(t_var)[1] - var), np.abs(after(-t_var)[1] - var)
    )
    slack_mean, slack_var = (16 * granted.u_out * np.abs(value) for value in (mean, var))
    near_mean = np.abs(step.new[0] - mean) <= 2 * t_mean + slack_mean
    near_var = np.abs(step.new[1] - var) <= 2 * t_var + slack_var
    return bool(near_mean.all() and near_var.all())
