"""running: the statistics kept for inference are one kind of average of the batches', always the same one.

Which one is not assumed. A step moves the average from ``old`` to ``old + weight (batch - old)``, and every
convention in use is a sequence of weights, given momentum, and an estimator of the variance. Those that fit
every step of every case are what the implementation follows; where none does, or where different cases fit
different ones, it contradicts itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from conformance import probes
from conformance.averages import Step, steps, vectors
from conformance.case import Case
from conformance.implementation import Capabilities
from conformance.oracle import arithmetic
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


def _loaded(case: Case, arrays: Arrays, can: Capabilities) -> Script:
    """Training from statistics that were loaded."""
    held = {"running_mean": arrays.mean, "running_var": arrays.var}
    calls: list[Call] = [Build(case.config()), Load(held), Parameters()]
    for batch in _batches(case, can, 2):
        calls += [Forward(realise(batch).x, True), Parameters()]
    return tuple(calls)


def _no_affine(case: Case, arrays: Arrays, can: Capabilities) -> Script:
    """Training of a layer that has neither gamma nor beta."""
    calls: list[Call] = [Build(case.config(scale=False, center=False)), Parameters()]
    for batch in _batches(case, can, 2) if can.affine != "always" else ():
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
loaded = Probe("running-loaded", _loaded, _DOMAIN, (*_NEEDS, "inference"), 0.25)
no_affine = Probe("running-no-affine", _no_affine, _DOMAIN, (*_NEEDS, "inference"), 0.1)
cumulative_average = Probe("running-cumulative", _cumulative, _DOMAIN, (*_NEEDS, "cumulative"), 0.1)
defaults = Probe(
    "running-defaults",
    _defaults,
    replace(_DOMAIN, pool=in_every_rank((8, 2))),
    (*_NEEDS, "parameters", "defaults"),
    0.05,
)


def _fitting(trial: Trial) -> tuple[list[tuple[str, str]], Verdict]:
    """The conventions (weights, estimator) that every step fits, and the verdict of the one that fits best."""
    case = trial.case
    momenta = (
        {case.momentum, float(np.float32(case.momentum))} if case.dtype == "float64" else {case.momentum}
    )
    taken = steps(trial.observation)
    asked = sum(call.training for call, _ in trial.answers(Forward))
    if len(taken) < asked or any(step.old[0].size != case.n for step in taken):
        return [], failed("the running statistics are missing or not n-vectors")
    fits: list[tuple[str, str]] = []
    best, furthest = failed("no convention was tried"), (-1, 0.0)
    for weights, convention in _WEIGHTS.items():
        for estimator, factor in _ESTIMATORS.items():
            for momentum in momenta:
                verdict, survived = passed(), 0
                for step in taken:
                    weight = convention.weight(momentum, step.number)
                    condition = convention.condition(momentum, step.number)
                    verdict = worst([verdict, _judged(step, weight, condition, factor)])
                    if verdict.outcome is Outcome.FAIL:
                        break
                    survived = step.number
                if verdict.outcome is Outcome.PASS:
                    fits += [(weights, estimator)] * ((weights, estimator) not in fits)
                    # Of several that fit, the one that fits best is most likely what it does.
                    if best.outcome is Outcome.FAIL or (verdict.ratio or 0.0) < (best.ratio or 0.0):
                        best = verdict
                elif best.outcome is Outcome.FAIL and (survived, -(verdict.ratio or 0.0)) > furthest:
                    furthest = survived, -(verdict.ratio or 0.0)
                    closest = f"{weights}, {estimator} variance"
                    best = replace(
                        verdict,
                        message=f"no convention in use explains the running statistics. Closest is: {closest}; "
                        f"there, after {survived + 1} step{'s' * (survived > 0)}, {verdict.message}",
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
            within(step.new[0], target[0], t_mean, axis=0, what="running mean "),
            within(step.new[1], target[1], t_var, axis=0, what="running variance "),
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
    "Initial statistics, default epsilon and default momentum, the same for every input.",
    source="[K, T]",
    probes=(defaults,),
)
def default_values(trial: Trial) -> Verdict:
    """Measured, not read: epsilon from how far y falls short of 1, momentum from how far the mean moves."""
    first, after = (vectors(answer) for _, answer in trial.answers(Parameters) if isinstance(answer, Answer))
    y = trial.forwards[0].got
    if first is None or after is None or y is None or trial.case.dtype != "float32":
        return Verdict(Outcome.UNSUPPORTED, message="measured in float32 only")
    size = float(np.abs(y.astype(np.float64)).mean())
    with np.errstate(all="ignore"):
        epsilon = 2.0**-20 / size**2 - 2.0**-20 if size else np.inf
        weight = float(np.mean((after[0] - first[0]) / (1 - first[0])))
    found = (
        f"mean {float(first[0][0]):g}, variance {float(first[1][0]):g}, epsilon {epsilon:.3g}, "
        f"weight of a new batch {weight:.3g}"
    )
    return observed(found).fitting(found)


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


@requirement(
    "running.loaded",
    MUST,
    "Statistics that were loaded move on from there, under one of the known conventions.",
    source="[K, T]",
    probes=(loaded,),
    presupposes=("running.update",),
)
def move_on(trial: Trial) -> Verdict:
    """Not necessarily under the convention of a fresh layer: how many batches the loaded statistics stand for
    is nothing a layer can know.
    """
    fits, best = trial.once(_fitting)
    return passed(best.ratio) if fits else best


@requirement(
    "running.no-affine",
    MUST,
    "A layer with neither gamma nor beta keeps its statistics like any other.",
    source="[K, T]",
    probes=(no_affine,),
    presupposes=("running.update",),
)
def without_affine(trial: Trial) -> Verdict:
    if trial.capabilities.affine == "always":
        return Verdict(Outcome.UNSUPPORTED, message="declares that gamma and beta are always there")
    fits, best = trial.once(_fitting)
    return passed(best.ratio) if fits else best
