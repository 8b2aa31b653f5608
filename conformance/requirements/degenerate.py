"""degenerate: the edges of the domain. The report says what comes out of each, not only whether that is right."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from conformance.cases.arrays import Arrays
from conformance.cases.case import Case
from conformance.cases.domain import in_every_rank
from conformance.implementation import Array, Capabilities
from conformance.judging.arithmetic import smallest_normal
from conformance.judging.level import CONVENTION, MUST, SHOULD
from conformance.judging.probe import Probe
from conformance.judging.requirement import requirement
from conformance.judging.trial import Trial
from conformance.judging.verdict import Outcome, Verdict, failed, observed, passed, worst
from conformance.protocol.messages import Answer, Build, Call, Forward, Load, Parameters, Raised, Script
from conformance.requirements import probes


def _training(case: Case, arrays: Arrays, _: Capabilities) -> Script:
    return (Build(case.config()), Load(probes.affine(arrays)), Forward(arrays.x, True, may_raise=True))


def _empty(case: Case, arrays: Arrays, _: Capabilities) -> Script:
    """Statistics in use, an empty batch, the statistics again."""
    none = probes.of_no_samples(case, arrays)
    return (
        Build(case.config()),
        Load(probes.everything(arrays)),
        Forward(none, True, may_raise=True),
        Parameters(),
    )


def spoilt(case: Case, x: Array, value: float) -> Array:
    """x with one element of one feature replaced, in the middle of the sum if there is one."""
    index = [extent // 2 for extent in case.shape]
    index[case.axis] = probes.touched_feature(case)
    x = np.array(x)
    x[tuple(index)] = value
    return x


def _spoiling(value: float) -> Any:
    def script(case: Case, arrays: Arrays, can: Capabilities) -> Script:
        x = spoilt(case, arrays.x, value)
        calls: list[Call] = [Build(case.config()), Load(probes.applicable(arrays, can))]
        if can.training:
            calls.append(Forward(x, True))
        if can.inference:
            calls += [Load(probes.everything(arrays)), Forward(x, False)]
        return tuple(calls)

    return script


def _extreme(of: str) -> Any:
    """x multiplied by a power of two that takes it where its squares leave the range of the dtype."""
    powers = {
        "tiny": {"float32": -90, "float64": -700, "float16": -9, "bfloat16": -90},
        "huge": {"float32": 80, "float64": 700, "float16": 11, "bfloat16": 80},
        "subnormal": {"float32": -132, "float64": -1030, "float16": -17, "bfloat16": -129},
    }[of]

    def script(case: Case, arrays: Arrays, _: Capabilities) -> Script:
        with np.errstate(all="ignore"):
            x = np.ldexp(arrays.x.astype(np.float64), powers[case.dtype]).astype(arrays.x.dtype)
        return (Build(case.config()), Load(probes.affine(arrays)), Forward(x, True, may_raise=True))

    return script


_PLAIN = replace(probes.PLAIN, max_count=64)
_ONE = replace(
    probes.PLAIN,
    min_count=1,
    pool=in_every_rank((1, 3)),
    gammas=("random",),
    betas=("random",),
)
_EXTREME = replace(
    _PLAIN,
    values=("normal",),
    kappas=(0.0, 1.0),
    scales=(1.0,),
    gammas=("one",),
    betas=("zero",),
    epsilons=(1e-5, 1e-3),
)
_NEEDS = ("training",)
constant = Probe(
    "constant",
    _training,
    replace(
        _PLAIN,
        values=("constant",),
        kappas=(0.0, 1.0, 8.0, -100.0),
        gammas=("one", "random", "large"),
        in_turn=True,
    ),
    _NEEDS,
    0.5,
)
single = Probe("single-value", _training, _ONE, _NEEDS, 0.1)
empty = Probe("empty-batch", _empty, replace(_PLAIN, max_features=8), (*_NEEDS, "running", "inference"), 0.1)
one_nan = Probe("one-nan", _spoiling(np.nan), _PLAIN, share=0.25)
one_infinity = Probe("one-infinity", _spoiling(np.inf), _PLAIN, share=0.25)
zero_epsilon = Probe(
    "zero-epsilon",
    _training,
    replace(_PLAIN, epsilons=(0.0,), values=("normal",), min_count=4, gammas=("one", "random")),
    (*_NEEDS, "adjustable_epsilon"),
    0.25,
)
tiny = Probe("tiny", _extreme("tiny"), _EXTREME, _NEEDS, 0.25)
# Means large enough, and in every case, for sums of the values themselves to overflow as well, in float16.
huge = Probe("huge", _extreme("huge"), replace(_EXTREME, kappas=(0.0, 1.0, 2.0), in_turn=True), _NEEDS, 0.25)
subnormal = Probe(
    "subnormal", _extreme("subnormal"), replace(_EXTREME, epsilons=(1e-4,), kappas=(0.0,)), _NEEDS, 0.1
)


def _output(trial: Trial) -> Array | Raised:
    _, answer = trial.answer(Forward)
    return answer.arrays["y"] if isinstance(answer, Answer) else answer


@requirement(
    "degenerate.constant",
    MUST,
    "A constant feature gives beta, within the bound.",
    source="[P, N]",
    probes=(constant,),
    presupposes=("forward.training", "numerics.variance"),
)
def constant_feature(trial: Trial) -> Verdict:
    got = _output(trial)
    if isinstance(got, Raised):
        return Verdict(Outcome.ERROR, message=f"forward raised {got.kind}: {got.text}")
    verdict = trial.forward_within()
    return replace(verdict, observed="beta") if verdict.outcome is Outcome.PASS else verdict


@requirement(
    "degenerate.single",
    CONVENTION,
    "One value per feature in training gives beta, or a clear error.",
    source="[P, T]",
    probes=(single,),
    presupposes=("forward.training",),
)
def single_value(trial: Trial) -> Verdict:
    got = _output(trial)
    if isinstance(got, Raised):
        if not got.text.strip():
            return failed(f"one value per feature raises {got.kind} without a message")
        return observed(f"error: {got.kind}")
    verdict = trial.forward_within()
    return observed("beta") if verdict.outcome is Outcome.PASS else verdict


@requirement(
    "degenerate.empty",
    MUST,
    "An empty batch leaves the running statistics as they were: an error, or no change.",
    source="[P]",
    probes=(empty,),
)
def empty_batch(trial: Trial) -> Verdict:
    call, forward = trial.answer(Forward)
    _, held = trial.answer(Parameters)
    load, _ = trial.answer(Load)
    assert isinstance(held, Answer)
    came = f"error: {forward.kind}" if isinstance(forward, Raised) else "no change"
    for name in ("running_mean", "running_var"):
        value = held.arrays.get(name)
        if value is None:
            return failed(f"there is no {name}")
        before, after = load.parameters[name].astype(np.float64), value.ravel().astype(np.float64)
        if after.shape != before.shape or not np.array_equal(after, before):
            lost = not np.isfinite(after).all()
            where = int(np.argmax(after != before)) if after.shape == before.shape else None
            return failed(
                f"{name} was {before.tolist()} and is {value.tolist()} after an empty batch of shape "
                f"{call.x.shape}",
                observed="NaN statistics" if lost else "finite, but changed",
                array=name,
                index=None if where is None else (where,),
                expected=None if where is None else float(before[where]),
                actual=None if where is None else float(after[where]),
            )
    return passed(observed=came)


def _contained(trial: Trial, what: str) -> Verdict:
    """Whether the spoilt feature, or in inference the spoilt element, is all that is lost."""
    verdicts = []
    for forwarded in trial.forwards:
        mode = "training" if forwarded.call.training else "inference"
        where = f"y[{{}}] in {mode}, with {what} in feature {probes.touched_feature(trial.case)},"
        verdicts.append(trial.forward_within(forwarded, what=where))
    return worst(verdicts) if verdicts else passed()


@requirement(
    "degenerate.nan",
    MUST,
    "A NaN in one feature does not reach another feature, nor, in inference, another element.",
    source="[P]",
    probes=(one_nan,),
    presupposes=("forward.training", "forward.inference"),
)
def nan(trial: Trial) -> Verdict:
    return _contained(trial, "a NaN")


@requirement(
    "degenerate.infinity",
    MUST,
    "An infinity in one feature does not reach another feature, nor, in inference, another element.",
    source="[P]",
    probes=(one_infinity,),
    presupposes=("forward.training", "forward.inference"),
)
def infinity(trial: Trial) -> Verdict:
    return _contained(trial, "an infinity")


@requirement(
    "degenerate.zero-epsilon",
    SHOULD,
    "epsilon = 0 works where var > 0.",
    source="[P]",
    probes=(zero_epsilon,),
    presupposes=("forward.training",),
)
def no_epsilon(trial: Trial) -> Verdict:
    got = _output(trial)
    if isinstance(got, Raised):
        return failed(f"epsilon = 0 raises {got.kind}: {got.text}")
    return trial.forward_within()


def _finite(trial: Trial) -> Verdict:
    """Finite where the exact output is representable; how far off is told as the ratio."""
    got = _output(trial)
    if isinstance(got, Raised):
        return failed(f"forward raised {got.kind}: {got.text}")
    if got.shape != trial.case.shape:
        return failed(f"y has shape {got.shape}; x has {trial.case.shape}")
    values, exact = got.astype(np.float64), trial.expected().y
    lost = ~np.isfinite(values) & np.isfinite(exact)
    if lost.any():
        index = tuple(int(i) for i in np.unravel_index(int(lost.argmax()), lost.shape))
        return replace(
            failed(
                f"y{list(index)} is {got[index]}, exactly {exact[index]:.6g}; values that "
                f"are not finite: {int(lost.sum())} of {got.size}",
                feature=index[trial.case.axis],
                index=index,
                ratio=float("inf"),
                expected=float(exact[index]),
                actual=float(values[index]),
            ),
            observed="NaN" if np.isnan(values[lost]).any() else "infinity",
        )
    verdict = trial.forward_within()
    if verdict.outcome is Outcome.PASS:
        return replace(verdict, observed="right")
    zero = not values.any() and bool(exact.any())
    return passed(verdict.ratio, observed="zero" if zero else "finite, but not right")


@requirement(
    "degenerate.tiny",
    SHOULD,
    "Values whose squares underflow give finite output. The ratio says how far off it is.",
    source="[N]",
    probes=(tiny,),
    presupposes=("forward.training",),
)
def underflowing(trial: Trial) -> Verdict:
    return _finite(trial)


@requirement(
    "degenerate.huge",
    SHOULD,
    "Values whose squares overflow give finite output. The ratio says how far off it is.",
    source="[N]",
    probes=(huge,),
    presupposes=("forward.training",),
)
def overflowing(trial: Trial) -> Verdict:
    return _finite(trial)


@requirement(
    "degenerate.subnormal",
    CONVENTION,
    "Subnormal inputs are kept, or flushed to zero.",
    source="[N]",
    probes=(subnormal,),
)
def subnormals(trial: Trial) -> Verdict:
    got = _output(trial)
    if isinstance(got, Raised) or got.shape != trial.case.shape:
        return failed("no output for subnormal inputs")
    exact = trial.expected().y
    clear = np.abs(exact) > 4 * smallest_normal(trial.case.dtype)
    if not clear.any():
        return passed()
    near = np.abs(got.astype(np.float64) - exact) <= 0.1 * np.abs(exact) + smallest_normal(trial.case.dtype)
    if near[clear].all():
        return observed("kept")
    if not got.astype(np.float64)[clear].any():
        return observed("flushed to zero")
    return observed("partly lost")
