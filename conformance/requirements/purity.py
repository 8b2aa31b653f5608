"""purity: a layer changes only what it says it changes, and the layout of arrays in memory makes no difference."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from conformance.cases.arrays import Arrays, realise
from conformance.cases.case import Case
from conformance.exploration.shapes import FORMS
from conformance.implementation import DIFFERENTIABLE, Array, Capabilities
from conformance.judging.exact import blur
from conformance.judging.level import MUST, SHOULD
from conformance.judging.probe import Probe
from conformance.judging.requirement import requirement
from conformance.judging.trial import Trial
from conformance.judging.verdict import Verdict, failed, passed, within, worst
from conformance.protocol.layouts import LAYOUTS, permuted
from conformance.protocol.messages import (
    Answer,
    Backward,
    Build,
    Call,
    Forward,
    Load,
    Observation,
    Parameters,
    Raised,
    Script,
    Transfer,
)
from conformance.protocol.refused import Refused, refusing
from conformance.requirements import probes
from conformance.requirements.running import held, unchanged


def _both(case: Case, arrays: Arrays, can: Capabilities) -> Script:
    """Training and inference, each with a backward call where there is one."""
    calls: list[Call] = [Build(case.config()), Load(probes.applicable(arrays, can))]
    for training in probes.modes(can):
        calls.append(Forward(arrays.x, training))
        if can.differentiates(training):
            calls.append(Backward(arrays.dy))
    return tuple(calls)


def _layouts(case: Case, arrays: Arrays, can: Capabilities) -> Script:
    """The same x in every layout, then the same dy; each time last, what repeats itself by a stride of zero.

    In training x repeats its first feature, and not its first sample: that would make features constant in rank 2 and
    leave few different values in others, so that chance decided whether a variance that cancels shows.
    """
    calls: list[Call] = [Build(case.config())]
    layouts = ["contiguous", *(each for each in LAYOUTS if each not in ("contiguous", "broadcast"))]
    for training in probes.modes(can):
        # Each time, since training moves the running statistics.
        calls += [Load(probes.applicable(arrays, can))]
        calls += [Forward(arrays.x, training, memory=layout) for layout in layouts]
        repeated = _repeated(arrays.x, case.axis if training else case.batch_axis)
        calls += [Forward(repeated, training, memory=layout) for layout in ("contiguous", "broadcast")]
    if can.gradients_in_training:
        for layout in layouts:
            calls += [Forward(arrays.x, True), Backward(arrays.dy, memory=layout)]
        repeated = _repeated(arrays.dy, case.batch_axis)
        for layout in ("contiguous", "broadcast"):
            calls += [Forward(arrays.x, True), Backward(repeated, memory=layout)]
    return tuple(calls)


def _each_layout(case: Case, arrays: Arrays, can: Capabilities) -> Script:
    """Every layout by itself, of what is loaded, of x and of dy; each may be refused."""
    layouts = [*LAYOUTS, permuted((*range(1, len(case.shape)), 0))] if len(case.shape) > 2 else list(LAYOUTS)
    held = probes.applicable(arrays, can)

    def own(array: Array, layout: str) -> Array:
        return _repeated(array, case.batch_axis) if layout == "broadcast" else array

    calls: list[Call] = [Build(case.config())]
    calls += [Load(held, memory=layout, may_raise=True) for layout in LAYOUTS]
    calls.append(Load(held))
    for training in probes.modes(can):
        for layout in layouts:
            calls.append(Forward(own(arrays.x, layout), training, memory=layout, may_raise=True))
        for layout in layouts if can.differentiates(training) else ():
            calls.append(Forward(arrays.x, training))
            calls.append(Backward(own(arrays.dy, layout), memory=layout, may_raise=True))
    return tuple(calls)


def _of_rank(rank: int, place: int) -> tuple[tuple[int, ...], int]:
    """A shape without axes of size 1, and its feature axis."""
    shape, axis = [4, 3, 2, 2][: rank - 1], place % rank
    shape.insert(axis, 5)
    return tuple(shape), axis


def refused_layouts(observation: Observation) -> dict[Refused, Raised]:
    """The layouts that are refused, and how. What raises for a contiguous array as well is not refused for how that
    lies; nor is what is read-only: whoever writes to what is not theirs is wrong.
    """
    found: dict[Refused, Raised] = {}
    sound: set[tuple[str, int]] = set()
    for call, answer in zip(observation.script, observation.answers, strict=False):
        key = refusing(call)
        if key is None:
            continue
        if key.layout == "contiguous" and isinstance(answer, Answer):
            sound.add((key.call, key.rank))
        elif key.layout not in ("contiguous", "read-only") and isinstance(answer, Raised):
            found.setdefault(key, answer)
    return {key: raised for key, raised in found.items() if (key.call, key.rank) in sound}


def refusal(observation: Observation) -> str:
    """Which layouts the first call that refuses any does refuse, in words; empty if none does."""
    refused = refused_layouts(observation)
    if not refused:
        return ""
    first, raised = next(iter(refused.items()))
    what = {
        "load": "load() refuses gamma",
        "training": "forward() in training refuses x",
        "inference": "forward() in inference refuses x",
        "backward": "backward() refuses dy",
    }[first.call]
    layouts = ", ".join(each.layout for each in refused if each.call == first.call)
    return f"{what} that lies in memory so: {layouts}. {raised.kind}: {raised.text}"


def _repeated(x: Array, axis: int) -> Array:
    """The first slice along an axis in place of all."""
    repeated = np.repeat(x.take([0], axis=axis), x.shape[axis], axis=axis)
    repeated.flags.writeable = False
    return repeated


def _history(case: Case, arrays: Arrays, can: Capabilities) -> Script:
    """Training, inference, backward and load, each after each other, on batches of one shape; the parameters
    are loaded anew wherever what follows would depend on a convention.
    """
    batches = [realise(replace(case, seed=(case.seed + k) % (1 << 32))) for k in range(3)]
    calls: list[Call] = [Build(case.config())]
    # (which batch, training or not, whose parameters are loaded before it, or None)
    for which, training, loaded in (
        (0, True, 0),
        (1, True, None),
        (2, False, 0),
        (0, True, None),
        (0, False, 1),
        (1, False, None),
        (2, True, 2),
    ):
        if loaded is not None:
            calls.append(Load(probes.applicable(batches[loaded], can)))
        if training in probes.modes(can):
            calls.append(Forward(batches[which].x, training))
            if can.differentiates(training):
                calls.append(Backward(batches[which].dy))
    return tuple(calls)


def _layers(case: Case, arrays: Arrays, can: Capabilities) -> Script:
    """Two layers alive at once, of which one is used, then the other; and a third, born after all that."""
    other = realise(replace(case, seed=(case.seed + 1) % (1 << 32)))
    one, two = probes.everything(arrays), probes.everything(other)
    return (
        Build(case.config()),
        Build(case.config(), layer=1),
        Parameters(layer=1, label="fresh"),
        Load(one),
        *probes.possible(can, Forward(arrays.x, True)),
        Parameters(layer=1, label="fresh, beside one that was trained"),
        Load(two, layer=1),
        *probes.possible(can, Forward(other.x, True, layer=1)),
        Load(two, layer=1),
        Load(one),
        Forward(arrays.x, False),
        Forward(arrays.x, False, layer=1),
        Build(case.config(), layer=2),
        Parameters(layer=2, label="new"),
    )


def _before_and_after(case: Case, arrays: Arrays, can: Capabilities) -> Script:
    return (
        Build(case.config()),
        Load(probes.applicable(arrays, can)),
        Parameters(label="before"),
        *probes.possible(can, Forward(arrays.x, True), Forward(arrays.x, False)),
        Parameters(label="after"),
    )


def _round_trip(case: Case, arrays: Arrays, can: Capabilities) -> Script:
    """A layer that has been trained, and a fresh one that is given its parameters."""
    return (
        Build(case.config()),
        Load(probes.everything(arrays)),
        *probes.possible(can, Forward(arrays.x, True)),
        Forward(arrays.x, False, label="first"),
        Build(case.config(), layer=1),
        Transfer(0, 1),
        Forward(arrays.x, False, layer=1, label="fresh"),
    )


_DOMAIN = replace(probes.PLAIN, max_count=64)
both = Probe("both-modes", _both, _DOMAIN, share=0.25)
# In every form that a shape can have, in turn, so that the seed does not decide which layouts are tried of which.
# There are few values for each feature, so that half precision shows it as well.
_SIZES = ((12, 3), (24, 8), (33, 17))
_FORMS = tuple((form.shape(*_SIZES[k % len(_SIZES)]), form.axis) for k, form in enumerate(FORMS))
layouts = Probe("layouts", _layouts, replace(_DOMAIN, pool=_FORMS), ("views",), share=0.25)
_OF_EACH_RANK = tuple(_of_rank(rank, place) for place in (1, -1, 0) for rank in (2, 3, 4, 5))
each_layout = Probe("each-layout", _each_layout, replace(_DOMAIN, pool=_OF_EACH_RANK), ("views",), share=0.08)
before_and_after = Probe("before-and-after", _before_and_after, _DOMAIN, ("parameters",), 0.25)
history = Probe("history", _history, _DOMAIN, share=0.25)
layers = Probe("layers", _layers, _DOMAIN, ("parameters", "running", "inference"), 0.1)
round_trip = Probe("round-trip", _round_trip, _DOMAIN, ("parameters", "running", "inference"), 0.25)


@requirement(
    "purity.input",
    MUST,
    "x and dy are not modified.",
    source="[S]",
    probes=(both,),
)
def input_(trial: Trial) -> Verdict:
    for call, answer in trial.answers(Forward):
        if isinstance(answer, Answer) and answer.modified:
            return failed(f"x was modified by forward in {'training' if call.training else 'inference'}")
    if any(isinstance(answer, Answer) and answer.modified for _, answer in trial.answers(Backward)):
        return failed("dy was modified by backward")
    return passed()


@requirement(
    "purity.layouts",
    SHOULD,
    "Arrays are taken however they lie in memory: NumPy slices, transposes and reverses without a copy.",
    source="[N]",
    probes=(each_layout,),
)
def layouts_taken(trial: Trial) -> Verdict:
    """Once it is seen that a layout is refused, the suite makes a copy, as any caller has to."""
    text = refusal(trial.observation)
    return failed(text) if text else passed()


@requirement(
    "purity.strided",
    MUST,
    "Transposed, strided, negative-strided, broadcast, misaligned, read-only and Fortran-ordered input gives "
    "what a contiguous copy gives.",
    source="[N]",
    probes=(layouts,),
    # Sessions say which layouts, and what else it takes.
    presupposes=(
        "forward.training",
        "forward.inference",
        "numerics.bound",
        "session.output",
        "session.gradient",
    ),
)
def strided(trial: Trial) -> Verdict:
    return worst([*_forward_strided(trial), *_backward_strided(trial)])


def _forward_strided(trial: Trial) -> Iterator[Verdict]:
    """Each beside the contiguous one before it."""
    for forwarded in trial.forwards:
        if forwarded.call.memory == "contiguous":
            first, expected = forwarded.got, trial.expected(forwarded)
            continue
        if first is None or first.shape != expected.y.shape:
            yield failed("there is no output for contiguous x")
            continue
        what = f"y[{{}}] for {forwarded.call.memory} x, compared with a contiguous copy,"
        exact = first.astype(np.float64)
        bound = 2 * expected.bound + blur(first, expected, trial.case.dtype, trial.case.count)
        yield within(forwarded.got, exact, bound, axis=trial.case.axis, what=what)


def _backward_strided(trial: Trial) -> Iterator[Verdict]:
    for backwarded in trial.backwards:
        if backwarded.call.memory == "contiguous":
            first, bounds = backwarded, trial.expected_gradients(backwarded).bounds
            continue
        for name, bound in zip(DIFFERENTIABLE, bounds, strict=True):
            if name not in trial.capabilities.gradients_of:
                continue
            beside, got = first.got(name), backwarded.got(name)
            if beside is None or got is None or beside.shape != got.shape:
                yield failed(f"there is no d{name} for {backwarded.call.memory} dy as for contiguous dy")
                continue
            what = f"d{name}[{{}}] for {backwarded.call.memory} dy, compared with a contiguous copy,"
            wide = beside.astype(np.float64)
            if name == "x":
                yield within(got, wide, 2 * bound, axis=trial.case.axis, what=what)
            else:
                yield within(got.ravel(), wide.ravel(), 2 * bound, axis=0, what=what)


@requirement(
    "purity.parameters",
    MUST,
    "A forward call does not change gamma or beta.",
    source="[P]",
    probes=(before_and_after,),
)
def parameters(trial: Trial) -> Verdict:
    before, after = held(trial, "before"), held(trial, "after")
    return unchanged(before, after, "a forward call", only=("gamma", "beta"))


@requirement(
    "purity.round-trip",
    MUST,
    "parameters() loaded into a fresh layer reproduce the inference output bit for bit.",
    source="[K, T]",
    probes=(round_trip,),
)
def reproduced(trial: Trial) -> Verdict:
    y, again = trial.forward("first").got, trial.forward("fresh").got
    assert y is not None and again is not None
    if y.shape == again.shape and y.tobytes() == again.tobytes():
        return passed()
    if y.shape != again.shape:
        return failed(f"the fresh layer's y has shape {again.shape}, the first layer's {y.shape}")
    with np.errstate(all="ignore"):
        off = np.abs(y.astype(np.float64) - again.astype(np.float64)).max()
    return failed(f"the fresh layer's output differs from the first layer's by up to {off:.3g}")


@requirement(
    "purity.history",
    MUST,
    "The result of a call depends on no earlier call, except on what was loaded and, in inference, on the running "
    "statistics. Training, inference, backward and load may come in any order.",
    source="[P]",
    probes=(history,),
    presupposes=(
        "forward.training",
        "forward.inference",
        "gradient.input",
        "gradient.gamma",
        "gradient.beta",
        "gradient.inference",
        "numerics.double",
    ),
)
def independent_of_history(trial: Trial) -> Verdict:
    verdicts, before = [], ""
    forwards, backwards = iter(trial.forwards), iter(trial.backwards)
    for call in trial.observation.script:
        name, found = "", []
        if isinstance(call, Forward):
            name, forwarded = "training" if call.training else "inference", next(forwards)
            if forwarded.known:
                found = [trial.forward_within(forwarded)]
        elif isinstance(call, Backward):
            name, backwarded = "backward", next(backwards)
            if backwarded.forward.known:
                found = [trial.gradients_within(backwarded)]
        elif isinstance(call, Load):
            name = "load"
        verdicts += [replace(v, message=f"after {before}: {v.message}") if v.message else v for v in found]
        before = ", ".join(filter(None, (before, name)))
    return worst(verdicts)


@requirement(
    "purity.layers",
    MUST,
    "Using one layer changes no other, and a new layer starts as the first did.",
    source="[P]",
    probes=(layers,),
    presupposes=("forward.inference", "numerics.double"),
)
def separate_layers(trial: Trial) -> Verdict:
    first = held(trial, "fresh")
    beside = held(trial, "fresh, beside one that was trained")
    apart = unchanged(first, beside, "another layer was trained")
    fresh = unchanged(
        first,
        held(trial, "new"),
        "other layers were trained, in a new layer",
        only=("running_mean", "running_var"),
    )
    inferred = [
        trial.forward_within(
            forwarded, what=f"y[{{}}] of layer {forwarded.call.layer}, beside another layer,"
        )
        for forwarded in trial.forwards
        if not forwarded.call.training
    ]
    return worst([apart, fresh, *inferred])
