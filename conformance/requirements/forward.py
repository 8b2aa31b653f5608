"""forward: the output is what the definition says."""

from __future__ import annotations

import numpy as np

from conformance.judging.level import MUST, SHOULD
from conformance.judging.requirement import requirement
from conformance.judging.trial import Trial
from conformance.judging.verdict import Outcome, Verdict, failed, passed, within, worst
from conformance.requirements import probes


@requirement(
    "forward.training",
    MUST,
    "y = gamma (x - mean) / sqrt(var + epsilon) + beta with the batch's mean and biased variance.",
    source="[P, S, N]",
    probes=(probes.training,),
    presupposes=("shape.gamma", "shape.beta", "numerics.double"),
)
def training(trial: Trial) -> Verdict:
    return trial.forward_within()


@requirement(
    "forward.inference",
    MUST,
    "y = gamma (x - mean) / sqrt(var + epsilon) + beta with the running statistics.",
    source="[P, S, N]",
    probes=(probes.inference,),
    presupposes=("shape.gamma", "shape.beta", "numerics.double"),
)
def inference(trial: Trial) -> Verdict:
    return trial.forward_within()


@requirement(
    "forward.normalised",
    MUST,
    "With gamma 1 and beta 0 each feature of y has mean 0 and variance var / (var + epsilon).",
    source="[P]",
    probes=(probes.training_standard,),
    presupposes=("forward.training",),
)
def normalised(trial: Trial) -> Verdict:
    """Needs no reference: mean and variance are taken of what came out."""
    case, got = trial.case, trial.forward().got
    if got is None or got.shape != case.shape:
        return failed(f"y has shape {None if got is None else got.shape}; x has {case.shape}")
    x, y, around = trial.arrays.x.astype(np.float64), got.astype(np.float64), case.around
    bound = np.asarray(trial.expected().bound, np.float64)
    with np.errstate(all="ignore"):
        var = x.var(axis=around)
        target = var / (var + case.epsilon)
        mean, spread = y.mean(axis=around), y.var(axis=around)
        centred = np.abs(y - y.mean(axis=around, keepdims=True))
        # In float64, taking the mean and the variance rounds too.
        own = case.count * 2.0**-52
        t_mean = bound.mean(axis=around) + own * np.abs(y).mean(axis=around)
        t_var = (
            np.finfo(np.float64).tiny + 2 * (centred * bound).mean(axis=around) + (bound**2).mean(axis=around)
        )
        t_var += own * (target + (x**2).mean(axis=around) / (var + case.epsilon))
    return worst(
        [
            within(mean, np.zeros_like(mean), t_mean, axis=0, what="the mean of feature {}"),
            within(spread, target, t_var, axis=0, what="the variance of feature {}"),
        ]
    )


@requirement(
    "forward.axis",
    MUST,
    "Every feature axis and rank it supports gives the same numbers: features first, channels first, "
    "channels last.",
    source="[Q]",
    probes=(probes.every_axis,),
    presupposes=("forward.training",),
)
def axis(trial: Trial) -> Verdict:
    verdicts = []
    for forwarded in trial.forwards:
        where = f"y[{{}}] for x of shape {forwarded.call.x.shape}, axis {forwarded.config.axis},"
        verdicts.append(trial.forward_within(forwarded, what=where))
    return worst(verdicts)


@requirement(
    "forward.epsilon",
    MUST,
    "epsilon is honoured and sits inside the square root.",
    source="[P]",
    probes=(probes.training_epsilon, probes.inference_epsilon),
    presupposes=("forward.training", "forward.inference"),
)
def epsilon(trial: Trial) -> Verdict:
    return trial.forward_within()


@requirement(
    "forward.no-affine",
    MUST,
    "scale=False is gamma 1, center=False is beta 0.",
    source="[K, T]",
    probes=(probes.no_affine,),
    presupposes=("forward.training",),
)
def no_affine(trial: Trial) -> Verdict:
    if trial.capabilities.affine == "always":
        return Verdict(Outcome.UNSUPPORTED, message="declares that gamma and beta are always there")
    verdicts = []
    for forwarded in trial.forwards:
        config = forwarded.config
        where = f"y[{{}}] with scale={config.scale} and center={config.center}"
        verdicts.append(trial.forward_within(forwarded, what=where))
    return worst(verdicts)


@requirement(
    "forward.dtype",
    MUST,
    "y has the dtype of x.",
    source="[S]",
    probes=(probes.training, probes.inference),
    levels={"float64": SHOULD},
    presupposes=("shape.gamma", "shape.beta"),
)
def dtype(trial: Trial) -> Verdict:
    got = trial.forward().got
    if got is None or got.dtype.name != trial.case.dtype:
        return failed(f"y is {None if got is None else got.dtype.name}; x is {trial.case.dtype}")
    return passed()
