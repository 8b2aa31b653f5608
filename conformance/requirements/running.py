"""running: the statistics kept for inference are one kind of average of the batches', always the same one.

Which one is not assumed. A step moves the average from ``old`` to ``old + weight (batch - old)``, and every
convention in use is a sequence of weights, given momentum, and an estimator of the variance. Those that fit
every step of every case are what the implementation follows; where none does, or where different cases fit
different ones, it contradicts itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from conformance import probes
from conformance.case import Case
from conformance.implementation import Capabilities
from conformance.oracle import Statistics, arithmetic, statistics
from conformance.probes import Probe
from conformance.realisation import Arrays, realise
from conformance.requirement import (
    CONVENTION,
    MUST,
    Outcome,
    Trial,
    Verdict,
    failed,
    observed,
    passed,
    requirement,
    within,
    worst,
)
from conformance.script import Answer, Build, Call, Forward, Load, Parameters, Script
from conformance.strategies import in_every_rank
from reference.error_bounds import running_bounds

_STEPS = 8

#: Weight of the new batch in step t = 1, 2, ..., for a momentum m.
_WEIGHTS: dict[str, Callable[[float, int], float]] = {
    "momentum is the weight kept": lambda m, t: 1 - m,
    "momentum is the weight of the new batch": lambda m, t: m,
    "zero-debiased, momentum is the weight kept": lambda m, t: (1 - m) / (1 - m**t) if m < 1 else 1 / t,
    "zero-debiased, momentum is the weight of the new batch": lambda m, t: (
        m / (1 - (1 - m) ** t) if m > 0 else 1 / t
    ),
    "cumulative": lambda m, t: 1 / t,
}
_ESTIMATORS: dict[str, Callable[[int], float]] = {
    "biased": lambda count: 1.0,
    "unbiased": lambda count: count / (count - 1) if count > 1 else np.inf,
}


def _batches(case: Case, can: Capabilities, steps: int) -> list[Case]:
    """Batches of different numbers and, where that costs nothing, of different sizes."""
    axis, found = case.axis % len(case.shape), []
    for step in range(steps):
        shape = tuple(
            extent if k == axis or can.compiles else extent + (step + k) % 3
            for k, extent in enumerate(case.shape)
        )
        found.append(replace(case.with_shape(shape, case.axis), seed=(case.seed + step) % (1 << 32)))
    return found


def _training(case: Case, arrays: Arrays, can: Capabilities) -> Script:
    """k = 1 .. 8 training steps, the statistics after each, then inference, and the statistics again."""
    steps = 1 + case.seed % _STEPS
    calls: list[Call] = [Build(case.config()), Parameters()]
    for batch in _batches(case, can, steps):
        calls += [Forward(realise(batch).x, True), Parameters()]
    return (*calls, Forward(arrays.x, False), Parameters())


def _cumulative(case: Case, arrays: Arrays, can: Capabilities) -> Script:
    calls: list[Call] = [Build(replace(case.config(), cumulative=True)), Parameters()]
    for batch in _batches(case, can, 3):
        calls += [Forward(realise(batch).x, True), Parameters()]
    return tuple(calls)


def _defaults(case: Case, _: Arrays, __: Capabilities) -> Script:
    """A layer built with nothing given, on values so small that epsilon shows: x = +-2^-10."""
    x = np.broadcast_to(_signs(case) * 2.0**-10, case.shape).astype(realise(case).x.dtype)
    mean = (x.astype(np.float64) + 1).astype(x.dtype)
    return (
        Build(replace(case.config(), defaults=True)),
        Parameters(),
        Forward(x, True),
        Build(replace(case.config(), defaults=True), layer=1),
        Forward(mean, True, layer=1),
        Parameters(layer=1),
    )


def _signs(case: Case) -> Any:
    """+1 and -1 in turn along the samples."""
    batch = 0 if case.axis % len(case.shape) else 1
    shape = [1] * len(case.shape)
    shape[batch] = -1
    return np.where(np.arange(case.shape[batch]) % 2, -1.0, 1.0).reshape(shape)


def _unaffected(case: Case, arrays: Arrays, _: Capabilities) -> Script:
    """The same training call from other running statistics."""
    own = probes.affine(arrays)
    moved = {"running_mean": arrays.mean, "running_var": arrays.var}
    return (
        Build(case.config()),
        Load(own),
        Forward(arrays.x, True),
        Load(own | moved),
        Forward(arrays.x, True),
    )


_DOMAIN = replace(
    probes.PLAIN, gammas=("one",), betas=("zero",), momenta=(0.9, 0.99, 0.75, 0.1, 0.3, 0.5), max_count=64
)
_NEEDS = ("training", "running")
training = Probe("running", _training, _DOMAIN, (*_NEEDS, "inference"), 0.5)
extremes = Probe(
    "running-extremes", _training, replace(_DOMAIN, momenta=(0.0, 1.0)), (*_NEEDS, "inference"), 0.25
)
unaffected = Probe("running-unaffected", _unaffected, _DOMAIN, _NEEDS, 0.25)
cumulative_average = Probe("running-cumulative", _cumulative, _DOMAIN, (*_NEEDS, "cumulative"), 0.1)
defaults = Probe(
    "running-defaults",
    _defaults,
    replace(_DOMAIN, pool=in_every_rank((8, 2))),
    (*_NEEDS, "parameters", "defaults"),
    0.05,
)


def _vectors(trial: Trial, which: int) -> tuple[Any, Any] | None:
    """(mean, variance) at the ``which``-th time of asking, as n-vectors; None if they are not there."""
    _, answer = trial.answers(Parameters)[which]
    assert isinstance(answer, Answer)
    held = [answer.arrays.get(name) for name in ("running_mean", "running_var")]
    if any(value is None or value.size != trial.case.n for value in held):
        return None
    mean, var = (np.asarray(value).astype(np.float64).reshape(trial.case.n) for value in held)
    return mean, var


def _fitting(trial: Trial) -> tuple[list[tuple[str, str]], Verdict]:
    """The conventions (weights, estimator) that every step fits, and the verdict of the one that fits best."""
    case = trial.case
    config = trial.answers(Build)[0][0].config
    momenta = (
        {case.momentum, float(np.float32(case.momentum))} if case.dtype == "float64" else {case.momentum}
    )
    steps = [call for call, _ in trial.answers(Forward) if call.training]
    states = [_vectors(trial, k) for k in range(len(steps) + 1)]
    if any(state is None for state in states):
        return [], failed("the running statistics are missing or not n-vectors")
    batches = [(call.x, statistics(call.x, axis=config.axis)) for call in steps]
    fits: list[tuple[str, str]] = []
    best, furthest = failed("no convention was tried"), (-1, 0.0)
    for weights, weight_of in _WEIGHTS.items():
        for estimator, factor in _ESTIMATORS.items():
            for momentum in momenta:
                verdict, survived = passed(), 0
                for step, (x, batch) in enumerate(batches, start=1):
                    weight, old, new = weight_of(momentum, step), states[step - 1], states[step]
                    verdict = worst([verdict, _step(x, batch, config.axis, old, new, weight, factor)])
                    if verdict.outcome is Outcome.FAIL:
                        break
                    survived = step
                if verdict.outcome is Outcome.PASS:
                    fits += [(weights, estimator)] * ((weights, estimator) not in fits)
                    best = verdict if best.outcome is Outcome.FAIL else best
                elif best.outcome is Outcome.FAIL and (survived, -(verdict.ratio or 0.0)) > furthest:
                    furthest = survived, -(verdict.ratio or 0.0)
                    closest = f"{weights}, {estimator} variance"
                    best = replace(
                        verdict,
                        message=f"no convention in use explains the running statistics. Closest is: {closest}; "
                        f"there, after {survived + 1} step{'s' * (survived > 0)}, {verdict.message}",
                    )
    return fits, best


def _step(
    x: Any,
    batch: Statistics,
    axis: int,
    old: Any,
    new: Any,
    weight: float,
    factor: Callable[[int], float],
) -> Verdict:
    count = x.size // x.shape[axis]
    target = (
        old[0] + weight * (batch.mean - old[0]),
        old[1] + weight * (batch.var * factor(count) - old[1]),
    )
    granted = arithmetic(x.dtype.name, count)
    t_mean, t_var = running_bounds(
        x, batch.mean, batch.var, old, target, weight=weight, axis=axis, arithmetic=granted
    )
    # The target was computed in float64, which for float64 is a rounding that counts.
    own = 2.0**-50
    return worst(
        [
            within(new[0], target[0], t_mean + own * np.abs(old[0]), axis=0, what="running mean "),
            within(new[1], target[1], t_var + own * np.abs(old[1]), axis=0, what="running variance "),
        ]
    )


@requirement(
    "running.update",
    MUST,
    "After each of k training calls both statistics are an average of the batches' under one of the known "
    "conventions, the same one every time: exponential moving, zero-debiased exponential moving, cumulative.",
    source="[P, K, T, O]",
    probes=(training,),
    presupposes=("shape.running-mean", "shape.running-var", "numerics.double"),
)
def update(trial: Trial) -> Verdict:
    fits, best = trial.once(_fitting)
    if not fits:
        return best
    return passed(best.ratio).fitting(*(f"{weights}, {estimator} variance" for weights, estimator in fits))


@requirement(
    "running.momentum",
    CONVENTION,
    "momentum is the weight kept (Keras, ONNX) or the weight of the new batch (PyTorch), always the same.",
    source="[K, T, O]",
    probes=(training,),
    presupposes=("running.update",),
)
def momentum(trial: Trial) -> Verdict:
    fits, best = trial.once(_fitting)
    return passed().fitting(*(weights for weights, _ in fits)) if fits else best


@requirement(
    "running.variance",
    CONVENTION,
    "The average is of the biased or of the unbiased (m / (m - 1)) variance, whatever the rank, layout and dtype.",
    source="[P, K, T]",
    probes=(training,),
    presupposes=("running.update",),
)
def variance(trial: Trial) -> Verdict:
    fits, best = trial.once(_fitting)
    return passed().fitting(*(estimator for _, estimator in fits)) if fits else best


@requirement(
    "running.defaults",
    CONVENTION,
    "Initial statistics, default epsilon and default momentum.",
    source="[K, T]",
    probes=(defaults,),
)
def default_values(trial: Trial) -> Verdict:
    """Measured, not read: epsilon from how far y falls short of 1, momentum from how far the mean moves."""
    first, after = _vectors(trial, 0), _vectors(trial, 1)
    y = trial.forwards[0].got
    if first is None or after is None or y is None or trial.case.dtype != "float32":
        return Verdict(Outcome.UNSUPPORTED, message="measured in float32 only")
    size = float(np.abs(y.astype(np.float64)).mean())
    with np.errstate(all="ignore"):
        epsilon = 2.0**-20 / size**2 - 2.0**-20 if size else np.inf
        weight = float(np.mean((after[0] - first[0]) / (1 - first[0])))
    return observed(
        f"mean {float(first[0][0]):g}, variance {float(first[1][0]):g}, epsilon {epsilon:.3g}, "
        f"weight of a new batch {weight:.3g}"
    )


@requirement(
    "running.cumulative",
    CONVENTION,
    "A plain average instead of a moving one, where offered.",
    source="[T]",
    probes=(cumulative_average,),
)
def cumulative(trial: Trial) -> Verdict:
    fits, best = trial.once(_fitting)
    estimators = [estimator for weights, estimator in fits if weights == "cumulative"]
    if not estimators:
        return replace(best, outcome=Outcome.FAIL, message=f"not a plain average: {best.message}")
    return passed().fitting(*(f"cumulative, {estimator} variance" for estimator in estimators))


@requirement(
    "running.inference",
    MUST,
    "Inference changes no state.",
    source="[P]",
    probes=(training,),
)
def inference(trial: Trial) -> Verdict:
    (_, before), (_, after) = trial.answers(Parameters)[-2:]
    assert isinstance(before, Answer) and isinstance(after, Answer)
    return unchanged(before, after, "an inference call")


def unchanged(before: Answer, after: Answer, by: str, only: tuple[str, ...] = ()) -> Verdict:
    """Whether two answers hold the same bits."""
    for name, old in before.arrays.items():
        new = after.arrays.get(name)
        if (not only or name in only) and (new is None or new.tobytes() != old.tobytes()):
            moved = "gone" if new is None else "another"
            if new is not None and new.shape == old.shape:
                difference = np.abs(new.astype(np.float64) - old.astype(np.float64)).max()
                moved = f"off by up to {difference:.3g}"
            return failed(f"{name} is {moved} after {by}")
    return passed()


@requirement(
    "running.training",
    MUST,
    "Training output does not depend on the running statistics.",
    source="[P]",
    probes=(unaffected,),
    presupposes=("forward.training",),
)
def independent(trial: Trial) -> Verdict:
    return worst([trial.forward_within(k, what="y in training") for k in (0, 1)])


@requirement(
    "running.extremes",
    MUST,
    "Momentum 0 and 1 keep all or replace all.",
    source="[K, T]",
    probes=(extremes,),
    presupposes=("running.update",),
)
def keep_or_replace(trial: Trial) -> Verdict:
    fits, best = trial.once(_fitting)
    return passed(best.ratio) if fits else best
