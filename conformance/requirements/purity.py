"""purity: a layer changes what it says it changes, and nothing else; how arrays lie in memory is no matter."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from conformance import probes
from conformance.case import Case
from conformance.implementation import Capabilities
from conformance.memory import LAYOUTS
from conformance.probes import Probe
from conformance.realisation import Arrays
from conformance.requirement import (
    MUST,
    Trial,
    Verdict,
    failed,
    passed,
    requirement,
    within,
    worst,
)
from conformance.requirements.running import unchanged
from conformance.script import (
    Answer,
    Backward,
    Build,
    Call,
    Forward,
    Load,
    Parameters,
    Script,
    Transfer,
)


def _both(case: Case, arrays: Arrays, can: Capabilities) -> Script:
    """Training and inference, each with a backward call where there is one."""
    calls: list[Call] = [Build(case.config()), Load(probes.applicable(arrays, can))]
    for training in (True, False):
        if can.training if training else can.inference:
            calls.append(Forward(arrays.x, training))
            calls += [Backward(arrays.dy)] * can.gradients
    return tuple(calls)


def _layouts(case: Case, arrays: Arrays, can: Capabilities) -> Script:
    """The same x in every layout; last, one sample repeated by a stride of zero."""
    calls: list[Call] = [Build(case.config())]
    modes = [training for training in (True, False) if (can.training if training else can.inference)]
    batch = 0 if case.axis % len(case.shape) else 1
    repeated = np.repeat(arrays.x.take([0], axis=batch), case.shape[batch], axis=batch)
    for training in modes:
        # Each time, since training moves the running statistics.
        calls += [Load(probes.applicable(arrays, can))]
        layouts = [layout for layout in LAYOUTS if layout not in ("contiguous", "broadcast")]
        for x, memories in ((arrays.x, layouts), (repeated, ["broadcast"])):
            calls += [Forward(x, training, memory=layout) for layout in ("contiguous", *memories)]
    return tuple(calls)


def _before_and_after(case: Case, arrays: Arrays, can: Capabilities) -> Script:
    calls: list[Call] = [Build(case.config()), Load(probes.applicable(arrays, can)), Parameters()]
    calls += [Forward(arrays.x, True)] * can.training
    calls += [Forward(arrays.x, False)] * can.inference
    return (*calls, Parameters())


def _round_trip(case: Case, arrays: Arrays, can: Capabilities) -> Script:
    """A layer that has been trained, and a fresh one that is given its parameters."""
    return (
        Build(case.config()),
        Load(probes.everything(arrays)),
        *[Forward(arrays.x, True)] * can.training,
        Forward(arrays.x, False),
        Build(case.config(), layer=1),
        Transfer(0, 1),
        Forward(arrays.x, False, layer=1),
    )


_DOMAIN = replace(probes.PLAIN, max_count=64)
both = Probe("both-modes", _both, _DOMAIN, share=0.25)
layouts = Probe("layouts", _layouts, _DOMAIN, ("views",), share=0.25)
before_and_after = Probe("before-and-after", _before_and_after, _DOMAIN, ("parameters",), 0.25)
round_trip = Probe("round-trip", _round_trip, _DOMAIN, ("parameters", "running", "inference"), 0.25)


@requirement(
    "purity.input",
    MUST,
    "x and dy are not modified.",
    source="[S]",
    probes=(both,),
)
def input_(trial: Trial) -> Verdict:
    for kind, name in ((Forward, "x"), (Backward, "dy")):
        for call, answer in trial.answers(kind):
            if isinstance(answer, Answer) and answer.modified:
                how = "" if kind is Backward else f" in {'training' if call.training else 'inference'}"
                return failed(f"{name} was modified by {kind.__name__.lower()}{how}")
    return passed()


@requirement(
    "purity.strided",
    MUST,
    "Transposed, strided, negative-strided, broadcast, misaligned, read-only and Fortran-ordered input gives "
    "what a contiguous copy gives.",
    source="[N]",
    probes=(layouts,),
    presupposes=("forward.training", "forward.inference", "numerics.bound"),
)
def strided(trial: Trial) -> Verdict:
    verdicts = []
    for which, forwarded in enumerate(trial.forwards):
        if forwarded.call.memory == "contiguous":
            first, expected = forwarded.got, trial.expected(which)
            continue
        if first is None or first.shape != expected.y.shape:
            return failed("there is no output for contiguous x")
        what = f"y of {forwarded.call.memory} x, beside that of a contiguous copy,"
        exact = first.astype(np.float64)
        verdicts.append(within(forwarded.got, exact, 2 * expected.bound, axis=trial.case.axis, what=what))
    return worst(verdicts)


@requirement(
    "purity.parameters",
    MUST,
    "A forward call does not change gamma or beta.",
    source="[P]",
    probes=(before_and_after,),
)
def parameters(trial: Trial) -> Verdict:
    (_, before), (_, after) = trial.answers(Parameters)
    assert isinstance(before, Answer) and isinstance(after, Answer)
    return unchanged(before, after, "a forward call", only=("gamma", "beta"))


@requirement(
    "purity.round-trip",
    MUST,
    "parameters() loaded into a fresh layer reproduce the inference output bit for bit.",
    source="[K, T]",
    probes=(round_trip,),
)
def reproduced(trial: Trial) -> Verdict:
    (_, first), (_, second) = trial.answers(Forward)[-2:]
    assert isinstance(first, Answer) and isinstance(second, Answer)
    y, again = first.arrays["y"], second.arrays["y"]
    if y.shape == again.shape and y.tobytes() == again.tobytes():
        return passed()
    if y.shape != again.shape:
        return failed(f"the fresh layer's y has shape {again.shape}, the first layer's {y.shape}")
    with np.errstate(all="ignore"):
        off = np.abs(y.astype(np.float64) - again.astype(np.float64)).max()
    return failed(f"the fresh layer's output differs from the first layer's by up to {off:.3g}")
