"""The conventions by which running statistics are kept, and which of them an implementation follows.

A step moves the average from ``old`` to ``old + weight (batch - old)``, and every convention in use is a sequence of
weights, given momentum, and an estimator of the variance. None is assumed: those that fit every step are what
it follows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from conformance.judging.arithmetic import arithmetic, as_held
from conformance.judging.averages import Pair, Step, steps
from conformance.judging.exact import Float64
from conformance.judging.trial import Trial
from conformance.judging.verdict import Verdict, failed, passed, within, worst
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
    return explaining(taken, case.momentum, case.dtype)


def explaining(taken: Sequence[Step], momentum: float, dtype: str) -> tuple[list[tuple[str, str]], Verdict]:
    """The conventions (weights, estimator) that explain some steps of one layer, and the verdict of the one that
    fits best.
    """
    tried = [
        (weights, estimator, held)
        for weights in _WEIGHTS
        for estimator in _ESTIMATORS
        for held in as_held(momentum, dtype)
    ]
    ratios = np.array([_ratios(step, tried) for step in taken]).reshape(len(taken), len(tried))
    good = np.asarray((ratios <= 1).all(axis=0))
    if not good.any():
        # Which one survives longest, and of several, which is off least.
        survived = np.where((ratios > 1).any(axis=0), (ratios > 1).argmax(axis=0), len(taken))
        first = min(range(len(tried)), key=lambda k: (-survived[k], ratios[survived[k], k]))
        (weights, estimator, held), step = tried[first], taken[survived[first]]
        convention = _WEIGHTS[weights]
        verdict = _judged(
            step,
            convention.weight(held, step.number),
            convention.condition(held, step.number),
            _ESTIMATORS[estimator],
        )
        return [], replace(
            verdict,
            message=f"no convention in use explains the running statistics. The closest is: {weights}, {estimator} "
            f"variance; by it, after {counted(step.number, 'training call')}, {verdict.message}",
        )
    worst_of = ratios.max(axis=0, initial=0.0)
    fits = list(dict.fromkeys((w, e) for (w, e, _), ok in zip(tried, good, strict=True) if ok))
    return fits, passed(float(worst_of[good].min()) if taken else None)


def _ratios(step: Step, tried: Sequence[tuple[str, str, float]]) -> Float64:
    """For each (weights, estimator, momentum), the largest error of a step in units of its bound."""
    weight, condition, factor = (
        np.array(each)[:, None]
        for each in zip(
            *(
                (
                    _WEIGHTS[weights].weight(momentum, step.number),
                    _WEIGHTS[weights].condition(momentum, step.number),
                    _ESTIMATORS[estimator](step.count),
                )
                for weights, estimator, momentum in tried
            ),
            strict=True,
        )
    )
    with np.errstate(all="ignore"):
        targets, bounds = _targets(step, weight, condition, factor)
        ratios = []
        for new, target, bound in zip(step.new, targets, bounds, strict=True):
            ratio = np.abs(new - target) / bound
            ratio = np.where(np.isnan(ratio) | ~np.isfinite(new), np.inf, ratio)
            ratio = np.where((new == target) | ~np.isfinite(target), 0.0, ratio)
            ratios.append(np.where(np.isfinite(new) & ~np.isfinite(bound), 0.0, ratio))
        return np.asarray(np.maximum(*ratios).max(axis=1, initial=0.0))


def _targets(step: Step, weight: Any, condition: Any, factor: Any) -> tuple[Pair, Pair]:
    """What (mean, variance) a step should arrive at, and how far off they may be."""
    batch, old = step.batch, step.old
    target = (
        old[0] + weight * (batch.mean - old[0]),
        old[1] + weight * (batch.var * factor - old[1]),
    )
    granted = arithmetic(step.precision or step.x.dtype.name, step.count)
    bounds = running_bounds(
        step.x, batch.mean, batch.var, old, target, weight=weight, axis=step.axis, arithmetic=granted
    )
    # The target was computed in float64, which for float64 is a rounding that counts. Both statistics were
    # divided by what the weight is conditioned by.
    own = 2.0**-50
    mean, var = (
        t + own * np.abs(before) + 4 * granted.u * condition * (np.abs(before) + np.abs(after))
        for t, before, after in zip(bounds, old, target, strict=True)
    )
    return target, (mean, var)


def _judged(step: Step, weight: float, condition: float, factor: Callable[[int], float]) -> Verdict:
    with np.errstate(all="ignore"):
        target, (t_mean, t_var) = _targets(step, weight, condition, factor(step.count))
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
