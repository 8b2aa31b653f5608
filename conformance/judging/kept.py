"""How the running statistics of a layer should have moved, whatever else its script does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from conformance.implementation import PARAMETERS
from conformance.judging.asked import asked
from conformance.judging.averages import Step, steps
from conformance.judging.conventions import explaining
from conformance.judging.trial import Trial
from conformance.judging.verdict import Verdict, failed, passed
from conformance.protocol.messages import Answer, Build, Descend, Forward, Load, Parameters, Transfer

STATISTICS = ("running_mean", "running_var")


def kept(trial: Trial) -> Iterator[Verdict]:
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
        if step.count == 1 and trial.looks_at(call.number) and (lost := _lost(step)) is not None:
            yield lost
        lives.setdefault((call.call.layer, life), []).append(_judgeable(step))
    for (_, life), taken in lives.items():
        verdict = _average(trial, taken, numbers, fresh=life == 0)
        if trial.looked_at is not None and verdict.outcome.failing:
            own = [k for k, step in enumerate(taken) if trial.looks_at(step.call.number)]
            if not own or (
                own[0] and _average(trial, taken[: own[0]], numbers, fresh=not life).outcome.failing
            ):
                continue  # It was wrong before.
            verdict = _average(trial, taken[: own[-1] + 1], numbers, fresh=not life)
        yield verdict


def _average(trial: Trial, taken: list[Step], numbered: dict[int, _Number], *, fresh: bool) -> Verdict:
    """Whether the training calls of one life of a layer moved its statistics as a convention does."""
    numbers = [numbered[step.call.number] for step in taken]
    config, verdict = taken[0].call.config, passed()
    # How many batches an average stands for a layer may count in several ways.
    own: set[str] = set()
    for count in dict.fromkeys(zip(*(each.counts for each in numbers), strict=True)):
        counted = [replace(step, number=t) for step, t in zip(taken, count, strict=True)]
        fits, found = explaining(counted, config.momentum, taken[0].x.dtype.name)
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
