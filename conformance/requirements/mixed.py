"""mixed: half-precision x beside parameters and statistics in float32, as mixed-precision training has them.

The parameters keep what half precision has not: a variance above 65,504, an epsilon of 1e-8, steps of a moving
average that half precision would round away. A layer that converts them to the dtype of x first loses what they are
wide for.
"""

from __future__ import annotations

from dataclasses import replace

from conformance.cases.arrays import Arrays, realise
from conformance.cases.case import Case
from conformance.cases.domain import Domain
from conformance.implementation import PARAMETERS, Array, Capabilities
from conformance.judging.averages import steps
from conformance.judging.conventions import explaining, fitting
from conformance.judging.level import MUST, SHOULD
from conformance.judging.probe import Probe
from conformance.judging.requirement import requirement
from conformance.judging.trial import Trial
from conformance.judging.verdict import Verdict, failed, passed, worst
from conformance.protocol.messages import Answer, Backward, Build, Call, Forward, Load, Parameters, Script
from conformance.requirements import probes

_HELD = "float32"
_WIDE = ("float32", "float64")


def _wide(case: Case) -> dict[str, Array]:
    """Gamma, beta and statistics that half precision cannot hold."""
    return probes.everything(realise(replace(case, dtype=_HELD)))


def _shows(can: Capabilities) -> bool:
    """Whether there is anything to see of what a layer holds."""
    return can.parameters or can.running


def _script(case: Case, arrays: Arrays, can: Capabilities, training: bool) -> list[Call]:
    """A call, and what the layer holds before it."""
    held = _wide(case)
    loaded = held if can.inference else {name: held[name] for name in ("gamma", "beta")}
    shown = [Parameters()] * _shows(can)
    calls: list[Call] = [Build(replace(case.config(), parameter_dtype=_HELD)), *shown, Load(loaded), *shown]
    return [*calls, Forward(arrays.x, training)]


def _training(case: Case, arrays: Arrays, can: Capabilities) -> Script:
    return (*_script(case, arrays, can, True), *[Parameters()] * _shows(can))


def _inference(case: Case, arrays: Arrays, can: Capabilities) -> Script:
    return (*_script(case, arrays, can, False), *[Parameters()] * _shows(can))


def _backward(case: Case, arrays: Arrays, can: Capabilities) -> Script:
    return (*_script(case, arrays, can, True), Backward(arrays.dy))


def _backward_fixed(case: Case, arrays: Arrays, can: Capabilities) -> Script:
    return (*_script(case, arrays, can, False), Backward(arrays.dy))


#: Features whose values half precision holds and whose variance float16 does not, and others.
_DOMAIN = Domain(
    values=("normal", "two-valued", "integer", "constant"),
    kappas=(0.0, 1.0, -0.5),
    scales=(512.0, 1.0, 2048.0, 2.0**-4),
    epsilons=(1e-5, 1e-3, 1e-8, 1e-2),
    momenta=(0.9, 0.99, 0.75, 0.1),
    max_count=64,
    wide=True,
)
_HALF = ("float16", "bfloat16")
training = Probe("mixed-training", _training, _DOMAIN, ("mixed", "training"), 0.5, _HALF)
inference = Probe("mixed-inference", _inference, _DOMAIN, ("mixed", "inference"), 0.5, _HALF)
#: Of a constant feature, or a large gamma, dx would be more than float16 holds.
_SMOOTH = replace(
    _DOMAIN, values=("normal", "two-valued", "integer"), gammas=("one", "random", "negative", "zero", "small")
)
gradient = Probe(
    "mixed-gradient", _backward, _SMOOTH, ("mixed", "training", "gradients_in_training"), 0.5, _HALF
)
fixed = Probe(
    "mixed-fixed", _backward_fixed, _SMOOTH, ("mixed", "inference", "gradients_in_inference"), 0.5, _HALF
)
running = replace(training, name="mixed-running", needs=("mixed", "training", "inference", "running"))


@requirement(
    "mixed.dtype",
    MUST,
    "Beside x in half precision the parameters and statistics are float32 at least, before and after every call; y "
    "and dx are of the dtype of x.",
    source="[K, T, F, O]",
    probes=(training, inference, gradient, fixed),
    dtypes=_HALF,
)
def dtype(trial: Trial) -> Verdict:
    narrow = trial.case.dtype
    for _, answer in trial.answers(Parameters):
        assert isinstance(answer, Answer)
        for name, value in answer.arrays.items():
            if name in PARAMETERS and value.dtype.name not in _WIDE:
                return failed(f"{name} is {value.dtype.name} beside x of {narrow}; it was built for {_HELD}")
    outputs = [("y", forwarded.got) for forwarded in trial.forwards]
    outputs += [("dx", backwarded.got("x")) for backwarded in trial.backwards]
    for name, got in outputs:
        if got is not None and got.dtype.name != narrow:
            return failed(f"{name} is {got.dtype.name}, where x is {narrow} and the parameters are {_HELD}")
    return passed()


@requirement(
    "mixed.training",
    MUST,
    "In training y is that of the definition, though half precision can hold neither the variance nor gamma and "
    "beta.",
    source="[P, N]",
    probes=(training,),
    presupposes=("forward.training", "numerics.variance", "degenerate.constant"),
    dtypes=_HALF,
)
def trained(trial: Trial) -> Verdict:
    return trial.forward_within()


@requirement(
    "mixed.inference",
    MUST,
    "In inference y is that of the definition, though half precision cannot hold the running statistics.",
    source="[P, N]",
    probes=(inference,),
    presupposes=("forward.inference",),
    dtypes=_HALF,
)
def inferred(trial: Trial) -> Verdict:
    return trial.forward_within()


@requirement(
    "mixed.gradient",
    MUST,
    "The gradients are those of the definition, dgamma and dbeta in float32.",
    source="[P, N]",
    probes=(gradient, fixed),
    presupposes=("gradient.input", "gradient.gamma", "gradient.beta", "mixed.training"),
    dtypes=_HALF,
)
def gradients(trial: Trial) -> Verdict:
    for name in ("gamma", "beta"):
        got = trial.backward().got(name)
        if got is not None and got.dtype.name not in _WIDE:
            return failed(f"the gradient of {name} is {got.dtype.name}; {name} is {_HELD}")
    return trial.gradients_within()


@requirement(
    "mixed.running",
    MUST,
    "The running statistics move as a known convention says, though half precision cannot hold them.",
    source="[P, K, T]",
    probes=(running,),
    presupposes=("running.update",),
    dtypes=_HALF,
)
def moved(trial: Trial) -> Verdict:
    fits, best = trial.once(fitting)
    return passed(best.ratio) if fits else best


@requirement(
    "mixed.precision",
    SHOULD,
    "Everything in between is computed in float32 at least: outputs and gradients are rounded once, and the running "
    "statistics not at all.",
    source="[N]",
    probes=(training, inference, gradient, fixed, running),
    presupposes=("mixed.training", "mixed.inference", "mixed.gradient", "mixed.running", "numerics.half"),
    dtypes=_HALF,
)
def precise(trial: Trial) -> Verdict:
    verdicts = [trial.forward_within(level=SHOULD)]
    verdicts += [trial.gradients_within(each, level=SHOULD) for each in trial.backwards]
    taken = [replace(step, precision=_HELD) for step in steps(trial.observation)]
    if taken:
        fits, best = explaining(taken, trial.case.momentum, trial.case.dtype)
        verdicts.append(passed(best.ratio) if fits else best)
    return worst(verdicts)
