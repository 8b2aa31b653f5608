"""compiled: compiled or exported code agrees with the layer that it was made from.

Both layers are built side by side, take the same input, and are compared with each other. So a fault of the eager
layer is not held against the compiled one a second time. Each may be off by the bound, so they may differ by twice
the bound. One of them may hold the epsilon of float64 data in float32, as ONNX attributes do.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import numpy as np

from conformance.cases.arrays import Arrays
from conformance.cases.case import Case
from conformance.implementation import DIFFERENTIABLE, Array, Capabilities
from conformance.judging.conventions import fitting
from conformance.judging.level import MUST, SHOULD
from conformance.judging.probe import Probe
from conformance.judging.requirement import requirement
from conformance.judging.trial import Trial
from conformance.judging.verdict import Outcome, Verdict, failed, passed, worst
from conformance.judging.wording import times
from conformance.protocol.messages import (
    Answer,
    Backward,
    Build,
    Call,
    Forward,
    Load,
    Parameters,
    Raised,
    Script,
)
from conformance.requirements import probes

COMPILED, EAGER = "compiled", "eager"


def _twice(case: Case, calls: list[Call]) -> Script:
    """The calls on the compiled layer, 0, and then on its eager parent, 1, each labelled by whose it is."""
    made: list[Call] = []
    for layer, which in enumerate((COMPILED, EAGER)):
        made.append(Build(replace(case.config(), eager=which == EAGER), layer=layer))
        for call in calls:
            label = f"{which}, {call.label}" if call.label else which
            made.append(msgspec.structs.replace(call, layer=layer, label=label))
    return tuple(made)


def _training(case: Case, arrays: Arrays, _: Capabilities) -> Script:
    return _twice(case, [Load(probes.affine(arrays)), Forward(arrays.x, True)])


def _inference(case: Case, arrays: Arrays, _: Capabilities) -> Script:
    return _twice(case, [Load(probes.everything(arrays)), Forward(arrays.x, False)])


def _gradient(case: Case, arrays: Arrays, _: Capabilities) -> Script:
    return _twice(case, [Load(probes.affine(arrays)), Forward(arrays.x, True), Backward(arrays.dy)])


def _running(case: Case, arrays: Arrays, _: Capabilities) -> Script:
    """Two batches."""
    batches = (arrays.x, np.ascontiguousarray(arrays.x[::-1]) + arrays.x)
    return _twice(case, probes.watched(batches))


def _edges(case: Case, arrays: Arrays, _: Capabilities) -> Script:
    """One value per feature, and an empty batch."""
    none = probes.of_no_samples(case, arrays)
    return _twice(
        case,
        [
            Load(probes.affine(arrays), may_raise=True),
            Forward(arrays.x, True, may_raise=True, label="one value per feature"),
            Forward(none, True, may_raise=True, label="an empty batch"),
        ],
    )


_DOMAIN = replace(probes.PLAIN, max_count=64, momenta=(0.9, 0.99, 0.5, 0.1))
_FIRST = ((1, 3), 1), ((1, 4, 1), 1), ((1, 3, 1, 1), 1), ((1, 1, 2), -1), ((1, 2, 1, 1, 1), 1)
training = Probe("compiled-training", _training, _DOMAIN, ("eager", "training"), 0.25)
inference = Probe("compiled-inference", _inference, _DOMAIN, ("eager", "inference"), 0.25)
gradient = Probe(
    "compiled-gradient", _gradient, _DOMAIN, ("eager", "training", "gradients_in_training"), 0.25
)
running = Probe("compiled-running", _running, _DOMAIN, ("eager", "training", "running"), 0.1)
edges = Probe(
    "compiled-edges", _edges, replace(_DOMAIN, min_count=1, pool=_FIRST), ("eager", "training"), 0.1
)


@requirement(
    "compiled.training",
    MUST,
    "In training, compiled code gives what its eager parent gives, to within the bounds of both.",
    source="[N]",
    probes=(training,),
)
def trained(trial: Trial) -> Verdict:
    return _forward(trial)


@requirement(
    "compiled.inference",
    MUST,
    "In inference, compiled code gives what its eager parent gives, to within the bounds of both.",
    source="[N]",
    probes=(inference,),
)
def inferred(trial: Trial) -> Verdict:
    return _forward(trial)


def _forward(trial: Trial) -> Verdict:
    own, parent = trial.forward(COMPILED), trial.forward(EAGER)
    expected, *others = trial.expectations(own)
    bound = _wide_enough(expected.bound, expected.y, *(other.y for other in others))
    return _agreeing("y", "y", own.got, parent.got, bound)


def _wide_enough(bound: Any, exact: Array, *others: Array) -> Any:
    """The bound of each of two, widened so that they may also be as far apart as what either may soundly give."""
    for other in others:
        bound = bound + np.abs(other - exact) / 2
    return bound


@requirement(
    "compiled.gradient",
    MUST,
    "The gradients of compiled code are those of its eager parent, to within the bounds of both.",
    source="[N]",
    probes=(gradient,),
    presupposes=("compiled.training",),
)
def gradients(trial: Trial) -> Verdict:
    own, parent = trial.backward(COMPILED), trial.backward(EAGER)
    expected, *others = trial.gradient_expectations(own)
    verdicts = []
    for k, name in enumerate(DIFFERENTIABLE):
        if name not in trial.capabilities.gradients_of:
            continue
        bound = _wide_enough(expected.bounds[k], expected.exact[k], *(other.exact[k] for other in others))
        verdicts.append(_agreeing(f"d{name}", name, own.got(name), parent.got(name), bound))
    return worst(verdicts)


@requirement(
    "compiled.running",
    MUST,
    "Compiled code begins with the statistics of its eager parent, and keeps them under the same convention.",
    source="[N]",
    probes=(running,),
)
def kept(trial: Trial) -> Verdict:
    """Where the parent's fit no convention, that is the parent's matter."""
    _, own = trial.answer(Parameters, f"{COMPILED}, fresh")
    _, parent = trial.answer(Parameters, f"{EAGER}, fresh")
    assert isinstance(own, Answer) and isinstance(parent, Answer)
    for name, value in parent.arrays.items():
        got = own.arrays.get(name)
        if (
            got is None
            or got.shape != value.shape
            or got.dtype != value.dtype
            or got.tobytes() != value.tobytes()
        ):
            shown = "missing" if got is None else f"{got.dtype.name} of shape {got.shape}, {_first(got)}"
            return failed(
                f"at first {name} is {shown}; eager it is {value.dtype.name} of shape {value.shape}, {_first(value)}"
            )
    followed, _ = fitting(trial, layer=1)
    fits, best = fitting(trial, layer=0)
    if not followed or set(fits) & set(followed):
        return passed(best.ratio)
    if not fits:
        return best
    return failed(
        f"compiled, the running statistics follow: {', '.join(fits[0])} variance; eager: "
        f"{', '.join(followed[0])} variance"
    )


def _first(value: Array) -> str:
    return f"all {value.flat[0]:g}" if value.size and np.all(value == value.flat[0]) else "of several values"


@requirement(
    "compiled.edges",
    SHOULD,
    "With one value per feature, and with an empty batch, compiled code raises or gives what its eager parent does.",
    source="[N]",
    probes=(edges,),
)
def at_the_edges(trial: Trial) -> Verdict:
    for what in ("one value per feature", "an empty batch"):
        _, own = trial.answer(Forward, f"{COMPILED}, {what}")
        _, parent = trial.answer(Forward, f"{EAGER}, {what}")
        if isinstance(own, Raised) or isinstance(parent, Raised):
            if isinstance(own, Raised) and isinstance(parent, Raised):
                continue
            return failed(f"with {what}, compiled code {_did(own)}; eager it {_did(parent)}")
        y, eager = own.arrays["y"].astype(np.float64), parent.arrays["y"].astype(np.float64)
        # Coarse on purpose: 0 where eager it is beta, or NaN, and not how precisely.
        if y.shape != eager.shape or not np.allclose(y, eager, rtol=0.05, atol=0.05, equal_nan=True):
            return failed(f"with {what}, compiled code {_did(own)}; eager it {_did(parent)}")
    return passed()


def _did(answer: Answer | Raised) -> str:
    if isinstance(answer, Raised):
        return f"raises {answer.kind}: {answer.text}"
    y = answer.arrays["y"]
    return f"gives y of shape {y.shape}" + (f", at first {float(y.flat[0]):g}" if y.size else "")


def _agreeing(what: str, array: str, own: Array | None, parent: Array | None, bound: Array) -> Verdict:
    if own is None or parent is None:
        return passed() if own is parent else failed(f"only one of compiled and eager code has {what}")
    if own.shape != parent.shape or own.dtype != parent.dtype:
        return failed(
            f"compiled, {what} is {own.dtype.name} of shape {own.shape}; eager, {parent.dtype.name} of shape "
            f"{parent.shape}"
        )
    if own.size == 0:
        return passed()
    a, b = own.astype(np.float64), parent.astype(np.float64)
    with np.errstate(all="ignore"):
        ratio = np.abs(a - b) / np.broadcast_to(2 * np.reshape(bound, _fitting_shape(bound, a)), a.shape)
        ratio = np.where((a == b) | (np.isnan(a) & np.isnan(b)), 0.0, ratio)
        ratio = np.where(np.isnan(ratio), np.inf, ratio)
    index = tuple(int(i) for i in np.unravel_index(int(ratio.argmax()), ratio.shape))
    greatest = float(ratio[index])
    if greatest <= 1:
        return passed(greatest)
    return Verdict(
        Outcome.FAIL,
        greatest,
        f"compiled, {what}{list(index)} is {a[index]:.9g}; eager it is {b[index]:.9g}: they differ by "
        f"{abs(a[index] - b[index]):.2g}, {times(greatest, 'the bounds of both')}",
        index=index,
        expected=float(b[index]),
        actual=float(a[index]),
        array=array,
    )


def _fitting_shape(bound: Any, a: Array) -> tuple[int, ...]:
    """A gradient of gamma or beta may be held in a native shape; its bound is an n-vector."""
    shape = np.shape(bound)
    return a.shape if int(np.prod(shape)) == a.size else shape
