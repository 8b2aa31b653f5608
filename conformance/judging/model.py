"""A model of a layer, which says of every answer in a script whether it is right.

It is a state machine. A layer holds what was loaded into it, or what it showed since. A training call moves the
statistics once. Nothing else moves anything, a backward call and a refused one included. So every output, every
gradient and every parameter can be predicted, whatever calls a script makes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from conformance.exploration.session import MAIN
from conformance.implementation import PARAMETERS, Array
from conformance.judging.arithmetic import largest
from conformance.judging.asked import Asked, asked
from conformance.judging.exact import Backwarded, ExpectedGradients, Forwarded
from conformance.judging.kept import STATISTICS, kept
from conformance.judging.requirement import said
from conformance.judging.trial import Trial
from conformance.judging.verdict import Outcome, Verdict, failed, passed, under_any, within, worst
from conformance.protocol.messages import (
    Answer,
    Backward,
    Build,
    Descend,
    Forward,
    Load,
    Parameters,
    Raised,
    Resume,
    Transfer,
)


def answers(trial: Trial) -> Verdict:
    """Whether every output, every gradient and everything that was shown is right."""
    return worst([outputs(trial), gradients(trial), state(trial)])


def outputs(trial: Trial) -> Verdict:
    """Whether every y is right."""
    looked_at = [f for f in trial.forwards if trial.looks_at(f.number)]
    return _all(verdict for f in looked_at if (verdict := _output(trial, f)) is not None)


def _output(trial: Trial, f: Forwarded) -> Verdict | None:
    got = f.got
    if got is None or not f.known or f.call.x.size == 0:
        return None
    mode = "training" if f.call.training else "inference"
    what = f"y[{{}}] in {mode}"
    if got.dtype != f.call.x.dtype:
        return failed(f"y is {got.dtype.name} in {mode}, where x is {f.call.x.dtype.name}", call=f.number)
    hidden = _hidden(f.call.x, got, what)
    if hidden is not None:
        return hidden
    verdict = trial.forward_within(f, what=what)
    if verdict.outcome is Outcome.PASS:
        return verdict
    wanted = asked(f)
    return under_any(
        within(
            got,
            *_wanted(expected.y, expected.bound, wanted, f.config.axis),
            axis=f.config.axis,
            rest=expected.rest,
            what=what,
        )
        for expected in trial.expectations(f)
    )


def _hidden(x: Array, got: Array, what: str) -> Verdict | None:
    """A NaN in x that comes out as a number."""
    if got.shape != x.shape:
        return None
    lost = np.isnan(x)
    if not lost.any():
        return None
    seen = lost & np.isfinite(got)
    if not seen.any():
        return None
    index = tuple(int(k) for k in np.unravel_index(int(seen.argmax()), seen.shape))
    return failed(
        f"{what.replace('{}', ', '.join(map(str, index)))} is {got[index]}, where x is NaN",
        index=index,
        actual=float(got[index]),
        ratio=float("inf"),
    )


def _along(bits: Array, rank: int, axis: int) -> Array:
    return bits.reshape([-1 if k == axis % rank else 1 for k in range(rank)])


def _wanted(exact: Array, bound: Array, wanted: Asked, axis: int) -> tuple[Array, Array]:
    """The exact values, NaN where nothing is asked, and the bound, infinite where no more is than a finite value.

    Where sound arithmetic is not bounded, it may leave its range on the way: there nothing is asked.
    """
    judged, finite = (_along(each, exact.ndim, axis) for each in (wanted.judged, wanted.finite))
    bounded = np.isfinite(bound) | ~judged
    return np.where(finite & bounded, exact, np.nan), np.where(judged, bound, np.inf)


def gradients(trial: Trial) -> Verdict:
    """Whether every gradient is right."""
    verdict = _all(
        verdict
        for b in trial.backwards
        if trial.looks_at(b.number)
        for name in ("x", "gamma", "beta")
        if (verdict := _gradient(trial, b, name)) is not None
    )
    main = any(call.label == MAIN for call, _ in trial.answers(Forward))
    if main and not any(b.call.label == MAIN for b in trial.backwards):
        return replace(verdict, answers=0)  # None of the calls that are looked at.
    return verdict


def _gradient(trial: Trial, b: Backwarded, name: str) -> Verdict | None:
    f = b.forward
    if not isinstance(b.answer, Answer) or f.got is None or not f.known or f.call.x.size == 0:
        return None
    if not {"gamma": f.config.scale, "beta": f.config.center}.get(name, True):
        return None
    if b.got(name) is None and name not in trial.capabilities.gradients_of:
        return None
    if name != "x" and not f.config.learns:
        return None  # Of what is not trained there may be none, and nobody reads it.
    foreign = _foreign(trial, b, name)
    if foreign is not None:
        return foreign
    verdict = trial.gradient_within(name, b)
    if verdict.outcome is Outcome.PASS:
        return verdict
    got, wanted = b.got(name), asked(f)
    k, axis = ("x", "gamma", "beta").index(name), f.config.axis if name == "x" else 0
    n = f.call.x.shape[f.config.axis]
    if got is not None and name != "x" and got.size == n:
        got = got.reshape(n)
    finite = np.isfinite(b.call.dy.astype(np.float64)).all(
        axis=tuple(j for j in range(b.call.dy.ndim) if j != f.config.axis % b.call.dy.ndim)
    )
    wanted = Asked(wanted.judged & finite, wanted.finite & finite)
    most = (
        largest(f.call.x.dtype.name if name == "x" else f.config.parameter_dtype or f.call.x.dtype.name) / 2
    )
    after = "a training call" if f.call.training else "an inference call"

    def judged(expected: ExpectedGradients) -> Verdict:
        exact, bound = _wanted(expected.exact[k], np.asarray(expected.bounds[k]), wanted, axis)
        return within(
            got,
            np.where(np.abs(exact) < most, exact, np.nan),  # What the dtype cannot hold need not be held.
            bound,
            axis=axis,
            rest=expected.rest[k],
            what=f"the gradient d{name}[{{}}] after {after}",
            array=name,
        )

    return under_any(judged(expected) for expected in trial.gradient_expectations(b))


def _foreign(trial: Trial, b: Backwarded, name: str) -> Verdict | None:
    """A gradient of another dtype or shape than that of which it is the gradient, as the layer shows it."""
    got = b.got(name)
    of = b.forward.call.x if name == "x" else _native(trial, b.call.layer, name)
    if got is None or of is None:
        return None
    after = "a training call" if b.forward.call.training else "an inference call"
    if got.dtype != of.dtype:
        return failed(
            f"the gradient d{name} after {after} is {got.dtype.name}, where {name} is {of.dtype.name}"
        )
    if got.shape != of.shape and name != "x":
        return failed(
            f"the gradient d{name} after {after} has shape {got.shape}, where {name} has {of.shape}"
        )
    return None


def _native(trial: Trial, layer: int, name: str) -> Array | None:
    """A parameter as a layer shows it."""
    for call, answer in trial.answers(Parameters):
        if call.layer == layer and isinstance(answer, Answer) and name in answer.arrays:
            return answer.arrays[name]
    return None


@dataclass(slots=True)
class _Held:
    """What a layer is known to hold: what was loaded or shown, by name."""

    n: int
    known: dict[str, Array]
    #: Since the parameters were last shown: what was called.
    since: list[str]
    lost: bool = False


def state(trial: Trial) -> Verdict:
    """Whether everything that was shown is what it should be, and no array that was given away was changed."""
    return _all(_states(trial))


def _states(trial: Trial) -> Iterator[Verdict]:
    layers: dict[int, _Held] = {}
    pairs = zip(trial.observation.script, trial.observation.answers, strict=False)
    for number, (call, answer) in enumerate(pairs):
        if isinstance(call, Build):
            if isinstance(answer, Answer):
                n = call.config.input_shape[call.config.axis]
                layers[call.layer] = _Held(n, {}, [])
            continue
        held = layers.get(call.layer)
        if held is None or held.lost:
            continue
        match call:
            case Load():
                if isinstance(answer, Raised):
                    held.since.append("a load that was refused")
                elif any(value.shape != (held.n,) for value in call.parameters.values()):
                    held.lost = True  # It took what does not fit; what it made of that is not known.
                else:
                    held.known |= call.parameters
                    held.since.append("a load")
            case Transfer() | Descend():
                held.known.clear()
            case Resume():
                held.since.append("being saved and restored")
            case Forward():
                mode = "training" if call.training else "inference"
                held.since.append(f"{mode} on an empty batch" if call.x.size == 0 else mode)
                moved = call.training and isinstance(answer, Answer) and call.x.size > 0
                if moved:
                    for name in STATISTICS:
                        held.known.pop(name, None)
                if isinstance(answer, Answer) and answer.modified and trial.looks_at(number):
                    yield failed(f"x was modified by forward in {mode}", call=number)
            case Backward():
                held.since.append("backward")
                if isinstance(answer, Answer) and answer.modified and trial.looks_at(number):
                    yield failed("dy was modified by backward", call=number)
            case Parameters() if isinstance(answer, Answer):
                if trial.looks_at(number):
                    yield _replicated(answer, number)
                    yield _shown(answer, held, number)
                held.known = {name: value for name, value in answer.arrays.items() if name in PARAMETERS}
                held.since = []
    yield from kept(trial)


def _replicated(answer: Answer, number: int) -> Verdict:
    """Whether every replica holds the same."""
    for name, value in answer.arrays.items():
        of, at, replica = name.partition("@")
        if at and of in answer.arrays and value.tobytes() != answer.arrays[of].tobytes():
            return failed(f"{of} of replica {replica} differs from that of replica 0", call=number)
    return passed()


def _shown(answer: Answer, held: _Held, number: int) -> Verdict:
    by = f"after {', '.join(held.since)}" if held.since else "though nothing was called"
    for name, due in held.known.items():
        now = answer.arrays.get(name)
        if now is None:
            if name in STATISTICS:
                continue  # A layer need not keep what it was given.
            return failed(f"{name} is missing {by}", call=number)
        if now.size != due.size:
            return failed(f"{name} has {now.size} values {by}; it had {due.size}", call=number)
        with np.errstate(all="ignore"):
            flat, want = now.ravel(), due.astype(now.dtype).ravel()
            lost = np.isnan(flat.astype(np.float64)) & np.isnan(want.astype(np.float64))
        same = (flat == want) | lost
        if not same.all():
            k = int((~same).argmax())
            return failed(
                f"{name}[{k}] is {float(flat[k]):.9g} {by}; it should be {float(want[k]):.9g}, as it was",
                index=(k,),
                expected=float(want[k]),
                actual=float(flat[k]),
                array=name,
                feature=k if flat.size == held.n else None,
                call=number,
            )
    return passed()


def refusals(trial: Trial) -> Verdict:
    """Whether every call of a session that has an answer was answered. What may be refused in other experiments, such
    as an epsilon of 0, their own requirements say.
    """
    if all(call.label != MAIN for call in trial.observation.script):
        return replace(passed(), answers=0)
    lost = trial.observation.lost
    if lost is not None:
        return Verdict(Outcome(lost.outcome), message=lost.text)
    features: dict[int, int] = {}
    unfit: set[int] = set()  # layers that took parameters which do not fit, and may refuse to go on from them
    pairs = zip(trial.observation.script, trial.observation.answers, strict=False)
    for number, (call, answer) in enumerate(pairs):
        match call:
            case Build():
                features[call.layer] = call.config.input_shape[call.config.axis]
                unfit.discard(call.layer)
            case Load() if isinstance(answer, Answer):
                n = features[call.layer]
                if any(value.shape != (n,) for value in call.parameters.values()):
                    unfit.add(call.layer)
        if not isinstance(answer, Raised) or call.may_raise or call.layer in unfit:
            continue
        if trial.looks_at(number):
            return replace(failed(said(call, answer)), call=number, answers=1)
    return Verdict(Outcome.PASS, answers=len(trial.observation.answers))


def _all(verdicts: Iterator[Verdict]) -> Verdict:
    """The worst of them, with how many there were, and the conventions that all of them fit."""
    every = list(verdicts)
    if not every:
        return replace(passed(), answers=0)
    sets = [v.fits for v in every if v.fits is not None]
    found = worst(every)
    if found.outcome is Outcome.PASS and not sets:
        return Verdict(Outcome.PASS, found.ratio, answers=len(every))
    top = replace(found, answers=len(every), fits=None)
    if not sets or top.outcome.failing:
        return top
    common = frozenset.intersection(*sets)
    if not common:
        first, other = sets[0], next(each for each in sets if not each & sets[0])
        text = (
            f"the running statistics follow {' or '.join(sorted(first))}, then {' or '.join(sorted(other))}"
        )
        return replace(failed(text), answers=len(every))
    return replace(top, fits=common)
