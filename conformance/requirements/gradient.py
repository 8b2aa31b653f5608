"""gradient: backward returns the gradients of the definition."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np

from conformance.cases.arrays import Arrays, realise
from conformance.cases.case import Case
from conformance.implementation import Capabilities
from conformance.judging.level import MUST
from conformance.judging.probe import Probe
from conformance.judging.requirement import requirement
from conformance.judging.trial import Trial
from conformance.judging.verdict import Verdict, failed, passed, within, worst
from conformance.protocol.messages import Backward, Build, Call, Forward, Load, Script
from conformance.requirements import probes
from conformance.requirements.shape import is_vector


def _training(case: Case, arrays: Arrays, _: Capabilities) -> Script:
    return (
        Build(case.config()),
        Load(probes.affine(arrays)),
        Forward(arrays.x, True),
        Backward(arrays.dy),
    )


def _inference(case: Case, arrays: Arrays, _: Capabilities) -> Script:
    return (
        Build(case.config()),
        Load(probes.everything(arrays)),
        Forward(arrays.x, False),
        Backward(arrays.dy),
    )


def _outstanding(case: Case, arrays: Arrays, can: Capabilities) -> Script:
    """A call of each kind, then one of each kind on another batch, and only then the gradients of the first."""
    other = realise(replace(case, seed=case.seed ^ 1)).x
    calls: list[Call] = [Build(case.config())]
    for training, between in product(filter(can.differentiates, probes.modes(can)), probes.modes(can)):
        calls += [
            Load(probes.applicable(arrays, can)),
            Forward(arrays.x, training),
            Forward(other, between),
            Backward(arrays.dy, back=1, label=_after(training, between)),
        ]
    return tuple(calls)


def _after(training: bool, between: bool) -> str:
    one, other = ("a training call" if each else "an inference call" for each in (training, between))
    return f"{one}, after {other if one != other else other.replace(' ', ' second ', 1).replace('an ', 'a ')}"


_NEEDS = ("training", "gradients_in_training")
training = Probe("gradient", _training, probes.PLAIN, _NEEDS)
#: Of a variance that cancels, dx would be right or wrong by chance at larger means.
hard = Probe(
    "gradient-hard", _training, replace(probes.HARD, kappas=(0.0, 1.0, -2.0, 2.0)), _NEEDS, share=0.5
)
ill = Probe("gradient-ill-conditioned", _training, probes.ILL_CONDITIONED, _NEEDS, share=0.5)
outstanding = Probe("gradient-outstanding", _outstanding, probes.PLAIN, ("outstanding", "gradients"), 0.25)
inference = Probe(
    "gradient-inference", _inference, probes.PLAIN, ("inference", "gradients_in_inference"), 0.5
)


@requirement(
    "gradient.gamma",
    MUST,
    "In training, dgamma = sum(dy xhat) for each feature.",
    source="[P, S, N]",
    probes=(training, hard),
    presupposes=("numerics.double", "numerics.bound", "gradient.shape"),
)
def gamma(trial: Trial) -> Verdict:
    return trial.gradient_within("gamma")


@requirement(
    "gradient.beta",
    MUST,
    "In training, dbeta = sum(dy) for each feature.",
    source="[P, S, N]",
    probes=(training, hard),
    presupposes=("numerics.double", "numerics.bound", "gradient.shape"),
)
def beta(trial: Trial) -> Verdict:
    return trial.gradient_within("beta")


@requirement(
    "gradient.input",
    MUST,
    "In training, dx = gamma / s (dy - mean(dy) - xhat mean(dy xhat)), s = sqrt(var + epsilon): the batch's "
    "statistics are functions of x.",
    source="[P, S, N]",
    probes=(training, hard),
    presupposes=("numerics.double", "numerics.bound", "gradient.shape"),
)
def input_(trial: Trial) -> Verdict:
    return trial.gradient_within("x")


@requirement(
    "gradient.inference",
    MUST,
    "With fixed statistics dx = gamma / s dy, dgamma = sum(dy xhat), dbeta = sum(dy).",
    source="[P, S]",
    probes=(inference,),
    presupposes=("numerics.double",),
)
def fixed_statistics(trial: Trial) -> Verdict:
    return trial.gradients_within()


@requirement(
    "gradient.outstanding",
    MUST,
    "The gradients of a call are those of its own batch and statistics, though another call came after it.",
    source="[P]",
    probes=(outstanding,),
    presupposes=("gradient.gamma", "gradient.beta", "gradient.input", "gradient.inference"),
)
def of_an_earlier_call(trial: Trial) -> Verdict:
    """A graph has a layer in it twice, or a validation batch comes before the backward pass: what a call kept for its
    gradients must not be what the layer holds by then.
    """
    verdict = worst([trial.gradients_within(each) for each in trial.backwards])
    wrong = [b for b in trial.backwards if trial.gradients_within(b).outcome.failing]
    return replace(verdict, message=f"{verdict.message}, of {wrong[0].call.label}") if wrong else verdict


@requirement(
    "gradient.shape",
    MUST,
    "dgamma and dbeta are n-vectors, dx has the shape of x.",
    source="[Q]",
    probes=(
        replace(training, name="gradient-shape", domain=replace(probes.PLAIN, min_features=2), share=0.25),
    ),
)
def shape(trial: Trial) -> Verdict:
    backwarded, n = trial.backward(), trial.case.n
    for name in ("gamma", "beta"):
        got = backwarded.got(name)
        if got is None and name not in trial.capabilities.gradients_of:
            continue
        if got is None:
            return failed(f"backward gives no gradient of {name}")
        if not is_vector(got.shape, n):
            return failed(f"d{name} has shape {got.shape}; expected an n-vector, ({n},)")
    dx = backwarded.got("x")
    if dx is None or dx.shape != trial.case.shape:
        return failed(f"dx has shape {None if dx is None else dx.shape}; x has {trial.case.shape}")
    return passed()


@requirement(
    "gradient.orthogonal",
    MUST,
    "For each feature dx sums to 0, and dx . xhat = gamma / s sum(dy xhat) epsilon / (var + epsilon).",
    source="[P]",
    probes=(training,),
    presupposes=("gradient.input",),
)
def orthogonal(trial: Trial) -> Verdict:
    """Adding a constant to a feature, or (but for epsilon) scaling it, changes nothing: neither has a gradient."""
    case, got = trial.case, trial.backward().got("x")
    if got is None or got.shape != case.shape:
        return failed(f"dx has shape {None if got is None else got.shape}; x has {case.shape}")
    around, forward, gradients = case.around, trial.expected(), trial.expected_gradients()
    mean, var = np.expand_dims(forward.mean, around), forward.var
    scale = np.sqrt(var + case.epsilon)
    with np.errstate(all="ignore"):
        x, dx = trial.arrays.x.astype(np.float64), got.astype(np.float64)
        xhat = (x - mean) / np.expand_dims(scale, around)
        along = forward.gamma / scale * gradients.exact.gamma * (case.epsilon / (var + case.epsilon))
        bound = np.asarray(gradients.bounds.x)
        # Taking these sums rounds too, which for float64 is as much as is judged.
        own = case.count * 2.0**-52
        t_sum = bound.sum(axis=around) + own * np.abs(dx).sum(axis=around)
        weighted = np.abs(xhat) * (bound + own * np.abs(dx))
        # xhat is known to float64 only: its error moves the product by that much of dx.
        blurred = 2.0**-50 * ((np.abs(x) + np.abs(mean)) / np.expand_dims(scale, around) * np.abs(dx))
        t_along = weighted.sum(axis=around) + blurred.sum(axis=around) + 2.0**-40 * np.abs(along)
    return worst(
        [
            within(
                dx.sum(axis=around), np.zeros(case.n), t_sum, axis=0, what="the sum of dx over feature {}"
            ),
            within((dx * xhat).sum(axis=around), along, t_along, axis=0, what="dx . xhat over feature {}"),
        ]
    )


@requirement(
    "gradient.finite",
    MUST,
    "No gradient is NaN or infinite where the exact one is finite and well scaled.",
    source="[N]",
    probes=(ill,),
    presupposes=("numerics.variance",),
)
def finite(trial: Trial) -> Verdict:
    backwarded = trial.backward()
    for name in trial.capabilities.gradients_of:
        got = backwarded.got(name)
        if got is None:
            return failed(f"backward gives no gradient of {name}")
        lost = ~np.isfinite(got.astype(np.float64))
        if lost.any():
            index = tuple(int(i) for i in np.unravel_index(int(lost.argmax()), lost.shape))
            feature = index[trial.case.axis] if name == "x" and got.shape == trial.case.shape else None
            return failed(
                f"d{name}{list(index)} is {got[index]}, although x, dy and the exact gradient are finite",
                ratio=float("inf"),
                feature=feature,
                index=index,
                array=name,
                actual=float(got[index]),
            )
    return passed()
