"""numerics: the arithmetic is as good as the dtype allows."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain, pairwise
from typing import Literal

import numpy as np

from conformance.cases.arrays import Arrays
from conformance.cases.case import Case
from conformance.cases.domain import in_every_rank
from conformance.implementation import Array, Capabilities
from conformance.judging.arithmetic import arithmetic
from conformance.judging.exact import Expected
from conformance.judging.level import MUST, SHOULD, Level
from conformance.judging.probe import Probe
from conformance.judging.requirement import requirement
from conformance.judging.trial import Trial
from conformance.judging.verdict import Point, Verdict, failed, passed, within, worst
from conformance.protocol.messages import Backward, Build, Call, Forward, Load, Script
from conformance.requirements import gradient, probes
from reference.error_bounds import probabilistic


def _forward(case: Case, arrays: Arrays, _: Capabilities) -> Script:
    return (Build(case.config()), Load(probes.affine(arrays)), Forward(arrays.x, True))


def _twice(case: Case, arrays: Arrays, can: Capabilities) -> Script:
    calls: list[Call] = [Build(case.config()), Load(probes.applicable(arrays, can))]
    if can.training:
        calls += [Forward(arrays.x, True), Forward(arrays.x, True)]
    if can.inference:
        calls += [Load(probes.everything(arrays)), Forward(arrays.x, False), Forward(arrays.x, False)]
    return tuple(calls)


@requirement(
    "numerics.bound",
    MUST,
    "The output lies within the bound for means up to eight standard deviations from zero (kappa <= 8), wide "
    "scales and long sums, in training and inference.",
    source="[N]",
    probes=(probes.training_hard, probes.inference_hard),
    presupposes=("forward.training", "forward.inference"),
    # Of half precision too little is left at such means: numerics.half asks there for statistics in float32.
    dtypes=("float32", "float64"),
)
def bound(trial: Trial) -> Verdict:
    return trial.forward_within()


@requirement(
    "numerics.variance",
    MUST,
    "Finite, well-scaled input never gives NaN or infinity: the computed variance is not negative.",
    source="[N]",
    probes=(probes.training_ill,),
    presupposes=("shape.gamma", "shape.beta"),
)
def variance(trial: Trial) -> Verdict:
    got = trial.forward().got
    if got is None:
        return failed("there is no y")
    lost = ~np.isfinite(got.astype(np.float64))
    if not lost.any():
        return passed()
    index = tuple(int(i) for i in np.unravel_index(int(lost.argmax()), lost.shape))
    feature = index[trial.case.axis] if got.shape == trial.case.shape else None
    of = ""
    if feature is not None:
        regime = trial.case.features[feature]
        of = " of a feature whose mean is {regime.kappa:g} times its standard deviation"
        of = " of a constant feature" if regime.values == "constant" else of.format(regime=regime)
    return failed(
        f"y{list(index)}{of} is {got[index]}, although x and the exact output are finite; "
        f"values that are not finite: {int(lost.sum())} of {got.size}",
        ratio=float("inf"),
        feature=feature,
        index=index,
        actual=float(got[index]),
    )


@requirement(
    "numerics.double",
    MUST,
    "Where float64 is declared, results are good to float64, forward and backward.",
    source="[N]",
    probes=(probes.training, probes.inference, gradient.training),
    presupposes=("forward.training", "forward.inference"),
    dtypes=("float64",),
)
def double(trial: Trial) -> Verdict:
    return worst([trial.forward_within(), *_gradients(trial, MUST)])


half_probe = Probe(
    "half",
    _forward,
    replace(
        probes.PLAIN,
        values=("normal", "constant", "two-valued", "constant"),
        epsilons=(1e-5, 1e-8, 1e-3, 1e-8),
        every_epsilon=True,
    ),
    ("training",),
    0.5,
)


@requirement(
    "numerics.half",
    SHOULD,
    "float16 and bfloat16 statistics are computed in at least float32.",
    source="[N]",
    probes=(probes.training, probes.inference, probes.training_hard, half_probe),
    presupposes=("forward.training", "forward.inference", "numerics.bound"),
    dtypes=("float16", "bfloat16"),
)
def half(trial: Trial) -> Verdict:
    return trial.forward_within(level=SHOULD)


def _gradients(trial: Trial, level: Level) -> list[Verdict]:
    if not trial.backwards:
        return []
    return [trial.gradients_within(level=level)]


_CONDITIONED = replace(
    probes.PLAIN,
    values=("normal",),
    kappas=(1.0, 10.0, 100.0, 1e3, 1e4, 1e5, 1e6, 3.0, 30.0, 300.0, 3e3, 3e4, 3e5),
    scales=(1.0,),
    epsilons=(1e-5,),
    gammas=("one", "random"),
    betas=("zero",),
    min_count=8,
    max_count=128,
)


def _forward_and_backward(case: Case, arrays: Arrays, can: Capabilities) -> Script:
    calls = (Build(case.config()), Load(probes.affine(arrays)), Forward(arrays.x, True))
    return (*calls, Backward(arrays.dy)) if can.gradients_in_training else calls


conditioned = Probe("conditioning", _forward_and_backward, _CONDITIONED, ("training",), 0.5)
large = Probe(
    "large-batch",
    _forward,
    replace(
        probes.PLAIN,
        values=("normal", "constant"),
        kappas=(8.0, 1.0),
        scales=(1.0,),
        epsilons=(1e-3,),
        gammas=("one",),
        betas=("zero",),
        pool=in_every_rank((1000, 4), (10_000, 4), (100_000, 4), (1_000_000, 4)),
        in_turn=True,
    ),
    ("training",),
    0.08,
)
twice = Probe("twice", _twice, probes.PLAIN, share=0.25)


@requirement(
    "numerics.conditioning",
    SHOULD,
    "The bound holds for every kappa up to 1e6: the error grows like kappa, not like kappa^2.",
    source="[N]",
    probes=(conditioned,),
    presupposes=("forward.training", "numerics.bound"),
    # Half precision has not the digits for such means: numerics.half says what becomes of those it can hold.
    dtypes=("float32", "float64"),
)
def conditioning(trial: Trial) -> Verdict:
    verdict = worst([trial.forward_within(level=SHOULD), *_gradients(trial, SHOULD)])
    points = _measured(trial, "y", trial.forward().got, trial.expected(level=SHOULD))
    if trial.backwards:
        gradients = trial.expected_gradients(level=SHOULD)
        dx = replace(trial.expected(level=SHOULD), y=gradients.exact.x, bound=np.asarray(gradients.bounds.x))
        points += _measured(trial, "dx", trial.backward().got("x"), dx)
    return replace(verdict, points=points)


def _measured(
    trial: Trial, of: Literal["y", "dx"], got: Array | None, expected: Expected
) -> tuple[Point, ...]:
    """For each feature its condition, N, and the worst error in it with the bound there, relative to gamma."""
    if got is None or got.shape != expected.y.shape:
        return ()
    with np.errstate(all="ignore"):
        kappa = np.abs(expected.mean) / np.sqrt(expected.var)
        error = np.abs(got.astype(np.float64) - expected.y)
        error, bound = (
            np.moveaxis(np.broadcast_to(each, got.shape), trial.case.axis, 0).reshape(trial.case.n, -1)
            for each in (error, np.asarray(expected.bound, np.float64))
        )
        where = np.argmax(np.where(np.isfinite(error), error / bound, np.inf), axis=1)
        every = np.arange(trial.case.n)
        size = np.abs(expected.gamma)
        error, bound = error[every, where] / size, bound[every, where] / size
    return tuple(
        Point(of, float(kappa[k]), trial.case.count, float(error[k]), float(bound[k]), k)
        for k in range(trial.case.n)
        if size[k] > 0
    )


@requirement(
    "numerics.large-batch",
    SHOULD,
    "The error does not grow faster than sqrt(m), to m = 10^6, on constant features too.",
    source="[N]",
    probes=(large,),
    presupposes=("forward.training", "numerics.half"),
    dtypes=("float32", "float16", "bfloat16"),
)
def large_batch(trial: Trial) -> Verdict:
    case = trial.case
    forwarded = trial.forward()
    granted = replace(arithmetic(case.dtype, case.count, SHOULD), growth=probabilistic(case.count))
    expected = forwarded.expected(granted=granted)
    verdict = within(forwarded.got, expected.y, expected.bound, axis=case.axis)
    return replace(verdict, points=_measured(trial, "y", forwarded.got, expected))


@requirement(
    "numerics.deterministic",
    SHOULD,
    "The same call twice gives the same bits.",
    source="[N]",
    probes=(twice,),
)
def deterministic(trial: Trial) -> Verdict:
    outputs = [
        [forwarded.got for forwarded in trial.forwards if forwarded.call.training is training]
        for training in (True, False)
    ]
    for first, again in chain.from_iterable(map(pairwise, outputs)):
        assert first is not None and again is not None
        if first.tobytes() != again.tobytes():
            with np.errstate(all="ignore"):
                off = np.abs(first.astype(np.float64) - again.astype(np.float64)).max()
            return failed(f"the same call twice differs by up to {off:.3g}")
    return passed()
