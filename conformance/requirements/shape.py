"""shape: gamma, beta and the statistics are n-vectors, and act as such."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from conformance.implementation import PARAMETERS, Array
from conformance.judging.level import CONVENTION, MUST
from conformance.judging.requirement import requirement
from conformance.judging.trial import Trial
from conformance.judging.verdict import Outcome, Verdict, failed, observed, passed, within, worst
from conformance.judging.wording import counted
from conformance.protocol.messages import Answer, Build, Forward, Load, Parameters, Raised
from conformance.requirements import probes


def is_vector(shape: tuple[int, ...], n: int) -> bool:
    """Whether it has n elements on one axis, and extent 1 on every other."""
    others = [extent for extent in shape if extent != 1]
    return len(shape) >= 1 and (others == [n] if n != 1 else others == [])


def _pattern(shape: tuple[int, ...], n: int) -> str | None:
    """The shape with n written for n: (1, n, 1, 1). Not to be told for n = 1."""
    if n == 1:
        return None
    inside = ", ".join("n" if extent == n else str(extent) for extent in shape)
    return f"({inside},)" if len(shape) == 1 else f"({inside})"


def _held(trial: Trial, label: str) -> dict[str, Array]:
    """What the layer of the probe ``structure`` held there."""
    _, answer = trial.answer(Parameters, label)
    assert isinstance(answer, Answer)
    return answer.arrays


def _vector(trial: Trial, name: str) -> Verdict:
    held, n = _held(trial, "first"), trial.case.n
    if name not in held:
        names = list(held) if len(held) <= 8 else [*list(held)[:8], "..."]
        return failed(f"the layer has no {name}; it has {', '.join(names) or 'no parameters'}")
    shape = held[name].shape
    if not is_vector(shape, n):
        return failed(
            f"{name} has shape {shape} for {counted(n, 'feature')} of an input of shape "
            f"{trial.case.shape}, axis {trial.case.axis}; expected an n-vector, ({n},)",
            observed=str(shape),
        )
    return passed(observed=_pattern(shape, n))


@requirement(
    "shape.gamma",
    MUST,
    "The scale created for n features is an n-vector: n elements on one axis, singleton axes allowed.",
    source="[Q]",
    probes=(probes.structure,),
)
def gamma(trial: Trial) -> Verdict:
    return _vector(trial, "gamma")


@requirement(
    "shape.beta",
    MUST,
    "The offset created for n features is an n-vector: n elements on one axis, singleton axes allowed.",
    source="[Q]",
    probes=(probes.structure,),
)
def beta(trial: Trial) -> Verdict:
    return _vector(trial, "beta")


@requirement(
    "shape.running-mean",
    MUST,
    "The running mean kept for n features is an n-vector.",
    source="[Q]",
    probes=(probes.structure,),
)
def running_mean(trial: Trial) -> Verdict:
    return _statistic(trial, "running_mean")


@requirement(
    "shape.running-var",
    MUST,
    "The running variance kept for n features is an n-vector.",
    source="[Q]",
    probes=(probes.structure,),
)
def running_var(trial: Trial) -> Verdict:
    return _statistic(trial, "running_var")


def _statistic(trial: Trial, name: str) -> Verdict:
    if not trial.capabilities.running:
        return Verdict(Outcome.UNSUPPORTED, message="declares no running statistics")
    return _vector(trial, name)


@requirement(
    "shape.independent-of-batch",
    MUST,
    "No parameter's shape depends on the batch size or the spatial extent: never (n, m).",
    source="[Q]",
    probes=(probes.structure,),
)
def independent_of_batch(trial: Trial) -> Verdict:
    seen = [_held(trial, label) for label in ("first", "grown", "first, after a grown batch")]
    own, grown = (trial.answer(Build, label)[0].config.input_shape for label in ("first", "grown"))
    for name in PARAMETERS:
        shapes = [held[name].shape for held in seen if name in held]
        if len(shapes) in (1, 2):
            return failed(f"the layer has {name} for some inputs but not for others")
        if len(set(shapes)) > 1:
            one, two, three = shapes
            how = f"{two} for an input of shape {grown}"
            if one == two:
                how = f"{three} after an input of shape {grown}"
            return failed(f"{name} has shape {one} for an input of shape {own}, and {how}")
    return passed()


@requirement(
    "shape.parameter-count",
    MUST,
    "2n trainable values with scale and centre, n with one of them, none with neither; 2n statistics.",
    source="[Q]",
    probes=(probes.structure,),
    presupposes=("shape.gamma", "shape.beta"),
)
def parameter_count(trial: Trial) -> Verdict:
    n = trial.case.n
    extras: set[str] = set()
    for build, _ in trial.answers(Build):
        held, config = _held(trial, build.label), build.config
        trainable = sum(held[name].size for name in ("gamma", "beta") if name in held)
        expected = n * (config.scale + config.center)
        with_ = f"with scale={config.scale} and center={config.center}"
        if trainable != expected:
            return failed(f"trainable values {with_}: {trainable}; expected {expected} for n = {n}")
        statistics = sum(held[k].size for k in ("running_mean", "running_var") if k in held)
        if trial.capabilities.running and statistics != 2 * n:
            return failed(f"running statistics {with_}: {statistics} values; expected {2 * n} for n = {n}")
        extras |= {f"{name} {value.shape}" for name, value in held.items() if name not in PARAMETERS}
    return passed(observed="and " + ", ".join(sorted(extras)) if extras else None)


@requirement(
    "shape.per-feature",
    MUST,
    "Changing gamma[k] or beta[k] changes feature k of the output, by the amount the definition says, "
    "and no other feature: gamma and beta act as n-vectors.",
    source="[Q, P]",
    probes=(probes.per_feature,),
    presupposes=("forward.training",),
)
def per_feature(trial: Trial) -> Verdict:
    case = trial.case
    k = probes.touched_feature(case)
    for call, answer in trial.answers(Load):
        if isinstance(answer, Raised):
            names = " and ".join(call.parameters)
            return failed(f"{names} of shape ({case.n},) could not be loaded: {answer.kind}: {answer.text}")
    base, before = trial.forward("before").got, trial.expected("before")
    verdicts = []
    for name in ("gamma", "beta"):
        got, after = trial.forward(name).got, trial.expected(name)
        if got is None or base is None or got.shape != base.shape:
            return failed(f"y has shape {None if got is None else got.shape} after changing {name}[{k}]")
        with np.errstate(all="ignore"):
            change = got.astype(np.float64) - base.astype(np.float64)
            exact = after.y - before.y
            bound = before.bound + after.bound
        verdict = within(
            change, exact, bound, axis=case.axis, what=f"the change of y[{{}}] when {name}[{k}] grows by 1"
        )
        verdicts.append(verdict)
    return worst(verdicts)


@requirement(
    "shape.output",
    MUST,
    "y has the shape of x.",
    source="[Q]",
    probes=(probes.training, probes.inference),
    presupposes=("shape.gamma", "shape.beta"),
)
def output(trial: Trial) -> Verdict:
    got, shape = trial.forward().got, trial.case.shape
    if got is None or got.shape != shape:
        return failed(f"y has shape {None if got is None else got.shape}; x has {shape}")
    return passed()


def _attempts(trial: Trial, *kinds: str) -> Iterator[tuple[str, Answer | Raised, Forward, Answer | Raised]]:
    """(what was loaded as which parameter, what loading gave, how the layer was applied, what that gave)."""
    for what in (f"{kind} for {name}" for kind in kinds for name in ("gamma", "beta")):
        _, loading = trial.answer(Load, what)
        yield what, loading, *trial.answer(Forward, what)


@requirement(
    "shape.wrong-size",
    MUST,
    "Loading n + 1 values or an (n, m) matrix, or applying the layer to n + 1 features, is an error that "
    "can be read: not a crash, not a silent broadcast.",
    source="[Q]",
    probes=(probes.wrong_size,),
    presupposes=("shape.gamma", "shape.beta"),
)
def wrong_size(trial: Trial) -> Verdict:
    case = trial.case
    for what, loading, forward, applying in _attempts(trial, "n + 1 values", "an (n, m) matrix"):
        if isinstance(loading, Answer) and isinstance(applying, Answer):
            y = applying.arrays["y"]
            return failed(
                f"a layer of {counted(case.n, 'feature')} accepted {what}: applied to x of "
                f"shape {case.shape}, axis {case.axis}, it returned y of shape {y.shape} without an error",
                call=trial.number(forward),
            )
        for answer in (loading, applying):
            if isinstance(answer, Raised) and not answer.text.strip():
                return failed(f"{what} raised {answer.kind} without a message")
    call, applying = trial.answer(Forward, "n + 1 features")
    if isinstance(applying, Answer):
        return failed(
            f"a layer of {counted(case.n, 'feature')} was applied to x of shape {call.x.shape}, "
            f"axis {case.axis}, which has {case.n + 1}, without an error: y has shape "
            f"{applying.arrays['y'].shape}",
            call=trial.number(call),
        )
    return passed()


@requirement(
    "shape.scalar",
    CONVENTION,
    "A scalar gamma or beta is refused, or broadcast to every feature.",
    source="[Q]",
    probes=(probes.wrong_size,),
    presupposes=("shape.gamma", "shape.beta"),
)
def scalar(trial: Trial) -> Verdict:
    taken = [
        isinstance(loading, Answer) and isinstance(applying, Answer)
        for _, loading, _, applying in _attempts(trial, "a scalar")
    ]
    if all(taken):
        return observed("broadcast")
    return observed("one of gamma and beta broadcast" if any(taken) else "refused")
