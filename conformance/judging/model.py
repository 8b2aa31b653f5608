"""A model of a layer, which says of every answer in a script whether it is right.

It is a state machine. A layer holds what was loaded into it, or what it showed since. A training call moves the
statistics once. Nothing else moves anything, a backward call and a refused one included. So every output, every
gradient and every parameter can be predicted, whatever calls a script makes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from conformance.implementation import PARAMETERS, Array
from conformance.judging.arithmetic import largest
from conformance.judging.asked import Asked, asked
from conformance.judging.averages import Step, steps
from conformance.judging.conventions import explaining
from conformance.judging.exact import Backwarded, Forwarded
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
    Transfer,
)

STATISTICS = ("running_mean", "running_var")


def outputs(trial: Trial) -> Verdict:
    """Whether every y is right."""
    return _all(verdict for f in trial.forwards if (verdict := _output(trial, f)) is not None)


def _output(trial: Trial, f: Forwarded) -> Verdict | None:
    got = f.got
    if got is None or not f.known or f.call.x.size == 0:
        return None
    mode = "training" if f.call.training else "inference"
    what = f"y[{{}}] in {mode}"
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
            _wanted(expected.y, wanted, f.config.axis),
            _granted(expected.bound, wanted, f.config.axis),
            axis=f.config.axis,
            rest=expected.rest,
            what=what,
        )
        for expected in trial.expectations(f)
    )


def _hidden(x: Array, got: Array, what: str) -> Verdict | None:
    """A NaN in x that comes out as a number."""
    if got.shape != x.shape or x.dtype.kind == "V":
        return None
    lost = np.isnan(x.astype(np.float64))
    if not lost.any():
        return None
    seen = lost & np.isfinite(got.astype(np.float64))
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


def _wanted(exact: Array, wanted: Asked, axis: int) -> Array:
    """The exact values, NaN where nothing is asked."""
    return np.where(_along(wanted.finite, exact.ndim, axis), exact, np.nan)


def _granted(bound: Array, wanted: Asked, axis: int) -> Array:
    """The bound, infinite where nothing more is asked than a finite value."""
    return np.where(_along(wanted.judged, bound.ndim, axis), bound, np.inf)


def gradients(trial: Trial) -> Verdict:
    """Whether every gradient is right."""
    verdict = _all(
        verdict
        for b in trial.backwards
        for name in ("x", "gamma", "beta")
        if (verdict := _gradient(trial, b, name)) is not None
    )
    main = any(call.label == "main" for call, _ in trial.answers(Forward))
    if main and not any(b.call.label == "main" for b in trial.backwards):
        return replace(verdict, answers=0)  # None of the calls that are looked at.
    return verdict


def _gradient(trial: Trial, b: Backwarded, name: Literal["x", "gamma", "beta"]) -> Verdict | None:
    f = b.forward
    if not isinstance(b.answer, Answer) or f.got is None or not f.known or f.call.x.size == 0:
        return None
    if not {"gamma": f.config.scale, "beta": f.config.center}.get(name, True):
        return None
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
    most = largest(f.call.x.dtype.name) / 2
    after = "a training call" if f.call.training else "an inference call"
    return under_any(
        within(
            got,
            # What the dtype cannot hold need not be held.
            np.where(np.abs(exact := _wanted(expected.exact[k], wanted, axis)) < most, exact, np.nan),
            _granted(np.asarray(expected.bounds[k]), wanted, axis),
            axis=axis,
            rest=expected.rest[k],
            what=f"the gradient d{name}[{{}}] after {after}",
            array=name,
        )
        for expected in trial.gradient_expectations(b)
    )


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
            case Forward():
                mode = "training" if call.training else "inference"
                held.since.append(f"{mode} on an empty batch" if call.x.size == 0 else mode)
                moved = call.training and isinstance(answer, Answer) and call.x.size > 0
                if moved:
                    for name in STATISTICS:
                        held.known.pop(name, None)
                if isinstance(answer, Answer) and answer.modified:
                    yield failed(f"x was modified by forward in {mode}", call=number)
            case Backward():
                held.since.append("backward")
                if isinstance(answer, Answer) and answer.modified:
                    yield failed("dy was modified by backward", call=number)
            case Parameters() if isinstance(answer, Answer):
                yield _replicated(answer, number)
                yield _shown(answer, held, number)
                held.known = {name: value for name, value in answer.arrays.items() if name in PARAMETERS}
                held.since = []
    yield from _averages(trial)


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


def _averages(trial: Trial) -> Iterator[Verdict]:
    """Whether each training call moved the statistics as one of the conventions does, always the same."""
    lives: dict[tuple[int, int], list[Step]] = {}
    numbers = _numbers(trial)
    held = [
        name
        for _, answer in trial.answers(Parameters)
        if isinstance(answer, Answer)
        for name in answer.arrays
    ]
    more = any(name.partition("@")[0] not in PARAMETERS for name in held)
    for step in steps(trial.observation):
        call = step.call
        if call.call.x.size == 0 or not isinstance(call.answer, Answer) or call.config.defaults:
            continue
        if step.old[0].size != call.call.x.shape[call.config.axis]:
            continue
        life = numbers[call.number].life
        if life and more:
            continue  # Its state is more than the two statistics, of which it was given no more than those.
        if step.count == 1 and (lost := _lost(step)) is not None:
            yield lost
        lives.setdefault((call.call.layer, life), []).append(_judgeable(step))
    for (_, life), taken in lives.items():
        yield _average(trial, taken, [numbers[step.call.number] for step in taken], fresh=life == 0)


def _average(trial: Trial, taken: list[Step], numbers: list[_Number], *, fresh: bool) -> Verdict:
    """Whether the training calls of one life of a layer moved its statistics as a convention does."""
    config, verdict = taken[0].call.config, passed()
    # How many batches an average stands for a layer may count in several ways.
    own: set[str] = set()
    for count in dict.fromkeys(zip(*(each.counts for each in numbers), strict=True)):
        numbered = [replace(step, number=t) for step, t in zip(taken, count, strict=True)]
        fits, found = explaining(numbered, config.momentum, taken[0].x.dtype.name)
        verdict = found if fits or not own else verdict
        own |= {f"{weights}, {estimator} variance" for weights, estimator in fits}
    if not own:
        return verdict
    if config.cumulative:
        if any(each.startswith("cumulative") for each in own):
            return verdict
        return failed(f"the average is not cumulative: it is {' or '.join(sorted(own))}")
    if not fresh or config.momentum in (0, 1):
        return verdict  # Of loaded statistics, and where nothing or all is kept, a convention need not show.
    if trial.conventions and not own & trial.conventions:
        return failed(
            f"the running statistics follow another convention here, {' or '.join(sorted(own))}, than elsewhere: "
            f"{' or '.join(sorted(trial.conventions))}"
        )
    return replace(verdict, fits=frozenset(own))


def _lost(step: Step) -> Verdict | None:
    """Statistics that one value per feature made anything but finite."""
    for name, old, new in zip(STATISTICS, step.old, step.new, strict=True):
        lost = np.isfinite(old) & ~np.isfinite(new) & np.isfinite(step.batch.mean)
        if lost.any():
            k = int(lost.argmax())
            text = f"{name}[{k}] is {new[k]} after training on one value per feature; it was {old[k]:.9g}"
            return failed(text, index=(k,), actual=float(new[k]), array=name, feature=k)
    return None


@dataclass(frozen=True, slots=True)
class _Number:
    """Which of its layer's training calls one is.

    :ivar life: how often the statistics had been given from outside.
    :ivar counts: its number since the layer was built, with and without batches that were empty or refused, and since
        statistics were given.
    """

    life: int
    counts: tuple[int, int, int]


def _numbers(trial: Trial) -> dict[int, _Number]:
    """The number of every training call, by that in its script."""
    found: dict[int, _Number] = {}
    at: dict[int, list[int]] = {}
    pairs = zip(trial.observation.script, trial.observation.answers, strict=False)
    for number, (call, answer) in enumerate(pairs):
        life = at.setdefault(call.layer, [0, 0, 0, 0])
        given = isinstance(call, Load) and any(name in call.parameters for name in STATISTICS)
        given &= isinstance(answer, Answer)
        if isinstance(call, Build):
            at[call.layer] = [0, 0, 0, 0]
        elif given or isinstance(call, Transfer | Descend):
            life[0] += 1
            life[3] = 0
        elif isinstance(call, Forward) and call.training:
            taken = isinstance(answer, Answer) and call.x.size > 0
            life[1:] = [life[1] + 1, life[2] + taken, life[3] + taken]
            found[number] = _Number(life[0], (life[1], life[2], life[3]))
    return found


def _judgeable(step: Step) -> Step:
    """The step, with NaN where nothing is asked of what it arrived at."""
    wanted = asked(step.call)
    if wanted.judged.all() and np.isfinite(step.old[0]).all() and np.isfinite(step.old[1]).all():
        return step
    # An old value of NaN makes every target NaN, of which nothing is asked.
    ok = wanted.judged
    return replace(step, old=(np.where(ok, step.old[0], np.nan), np.where(ok, step.old[1], np.nan)))


def refusals(trial: Trial) -> Verdict:
    """Whether every call that has an answer was answered."""
    lost = trial.observation.lost
    if lost is not None:
        return Verdict(Outcome(lost.outcome), message=lost.text)
    unexpected = trial.observation.unexpected()
    if unexpected is not None:
        return replace(failed(said(*unexpected)), call=trial.number(unexpected[0]), answers=1)
    return replace(passed(), answers=len(trial.observation.answers))


def _all(verdicts: Iterator[Verdict]) -> Verdict:
    """The worst of them, with how many there were, and the conventions that all of them fit."""
    every = list(verdicts)
    if not every:
        return replace(passed(), answers=0)
    sets = [v.fits for v in every if v.fits is not None]
    top = replace(worst(every), answers=len(every), fits=None)
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
