"""The conventions by which running statistics are kept, and which of them an implementation follows.

A step moves the average from ``old`` to ``old + weight (batch - old)``, and every convention in use is a sequence of
weights, given momentum, and an estimator of the variance. None is assumed: those that fit every step are what
it follows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from conformance.judging.arithmetic import arithmetic, as_held
from conformance.judging.averages import Step, steps
from conformance.judging.trial import Trial
from conformance.judging.verdict import Outcome, Verdict, failed, passed, within, worst
from conformance.judging.wording import counted
from conformance.protocol.messages import Forward
from reference.error_bounds import running_bounds


class _Convention(NamedTuple):
    """How much a new batch weighs.

    :ivar weight: in step t = 1, 2, ..., for a momentum m.
    :ivar condition: by how much that weight enlarges a rounding: 1 - m^t is small, and known to u only.
    """

    weight: Callable[[float, int], float]
    condition: Callable[[float, int], float] = lambda m, t: 0.0


_WEIGHTS: dict[str, _Convention] = {
    "momentum is the weight kept": _Convention(lambda m, t: 1 - m),
    "momentum is the weight of the new batch": _Convention(lambda m, t: m),
    "zero-debiased, momentum is the weight kept": _Convention(
        lambda m, t: (1 - m) / (1 - m**t) if m < 1 else 1 / t,
        lambda m, t: 1 / (1 - m**t) if m < 1 else 0.0,
    ),
    "zero-debiased, momentum is the weight of the new batch": _Convention(
        lambda m, t: m / (1 - (1 - m) ** t) if m > 0 else 1 / t,
        lambda m, t: 1 / (1 - (1 - m) ** t) if m > 0 else 0.0,
    ),
    "cumulative": _Convention(lambda m, t: 1 / t),
}
_ESTIMATORS: dict[str, Callable[[int], float]] = {
    "biased": lambda count: 1.0,
    "unbiased": lambda count: count / (count - 1) if count > 1 else np.inf,
}


def fitting(trial: Trial, layer: int | None = None) -> tuple[list[tuple[str, str]], Verdict]:
    """The conventions (weights, estimator) that every step fits, and the verdict of the one that fits best.

    :param layer: the steps of this layer alone.
    """
    case = trial.case
    taken = [step for step in steps(trial.observation) if layer in (None, step.call.call.layer)]
    asked = sum(call.training and layer in (None, call.layer) for call, _ in trial.answers(Forward))
    if len(taken) < asked or any(step.old[0].size != case.n for step in taken):
        return [], failed("the running statistics are missing or not n-vectors")
    fits: list[tuple[str, str]] = []
    best, furthest = failed("no convention was tried"), (-1, 0.0)
    for weights, convention in _WEIGHTS.items():
        for estimator, factor in _ESTIMATORS.items():
            for momentum in as_held(case.momentum, case.dtype):
                verdict, survived = passed(), 0
                for step in taken:
                    weight = convention.weight(momentum, step.number)
                    condition = convention.condition(momentum, step.number)
                    verdict = worst([verdict, _judged(step, weight, condition, factor)])
                    if verdict.outcome is Outcome.FAIL:
                        break
                    survived = step.number
                if verdict.outcome is Outcome.PASS:
                    if (weights, estimator) not in fits:
                        fits.append((weights, estimator))
                    # Of several that fit, the one that fits best is most likely what it does.
                    if best.outcome is Outcome.FAIL or (verdict.ratio or 0.0) < (best.ratio or 0.0):
                        best = verdict
                elif best.outcome is Outcome.FAIL and (survived, -(verdict.ratio or 0.0)) > furthest:
                    furthest = survived, -(verdict.ratio or 0.0)
                    closest = f"{weights}, {estimator} variance"
                    best = replace(
                        verdict,
                        message=f"no convention in use explains the running statistics. The closest is: {closest}; "
                        f"by it, after {counted(survived + 1, 'training call')}, {verdict.message}",
                    )
    return fits, best


def _judged(step: Step, weight: float, condition: float, factor: Callable[[int], float]) -> Verdict:
    batch, old = step.batch, step.old
    target = (
        old[0] + weight * (batch.mean - old[0]),
        old[1] + weight * (batch.var * factor(step.count) - old[1]),
    )
    granted = arithmetic(step.x.dtype.name, step.count)
    t_mean, t_var = running_bounds(
        step.x, batch.mean, batch.var, old, target, weight=weight, axis=step.axis, arithmetic=granted
    )
    # The target was computed in float64, which for float64 is a rounding that counts. Both statistics were
    # divided by what the weight is conditioned by.
    own = 2.0**-50
    t_mean, t_var = (
        t + own * np.abs(before) + 4 * granted.u * condition * (np.abs(before) + np.abs(after))
        for t, before, after in zip((t_mean, t_var), old, target, strict=True)
    )
    return worst(
        [
            within(
                step.new[0],
                target[0],
                t_mean,
                axis=0,
                what="the running mean of feature {}",
                array="running_mean",
            ),
            within(
                step.new[1],
                target[1],
                t_var,
                axis=0,
                what="the running variance of feature {}",
                array="running_var",
            ),
        ]
    )
