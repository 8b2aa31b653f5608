"""A shard: one probe, in one dtype, on one implementation. Its result is a pure function of its description,
so any executor can run it and any number of processes give the same report.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import lru_cache

from conformance.cases.arrays import realise
from conformance.cases.case import Case
from conformance.cases.domain import Domain
from conformance.cases.drawing import case_from, evenly, sketches
from conformance.diagnosis import diagnose
from conformance.exploration.factor import Row
from conformance.exploration.rows import Plan, cases, plan
from conformance.exploration.session import looked_at
from conformance.implementation import Capabilities
from conformance.judging.probe import Probe
from conformance.judging.requirement import Requirement
from conformance.judging.trial import Trial
from conformance.judging.verdict import Outcome, Verdict
from conformance.protocol.messages import Script
from conformance.running.observing import observe
from conformance.running.shrunk import confirmed
from conformance.running.tally import Tally
from conformance.worker.client import Worker

_HANGS = 4  # in a row, after which the rest of a shard is not tried: each costs the whole timeout
_LOST = 8  # rows of circumstances, after which the rest is not tried: each costs a start


@dataclass(frozen=True, slots=True)
class Shard:
    """:ivar examples: how many cases to draw. :ivar requirements: those to judge by this probe.
    :ivar dtypes: all there are in the campaign: rows of circumstances are spread over them.
    :ivar thorough: cover circumstances in threes and not in twos.
    """

    probe: Probe
    dtype: str
    seed: int
    examples: int
    requirements: tuple[Requirement, ...]
    dtypes: tuple[str, ...] = ()
    thorough: bool = False

    def cases(self, capabilities: Capabilities) -> tuple[Case, ...]:
        """The cases: for one seed the same for every implementation of equal shapes and axes."""
        if self.probe.rows:
            return tuple(case for _, case in self.rows(capabilities))
        count = max(4, round(self.examples * self.probe.share))
        return _cases(self.seed, self.examples, count, self.probe.domain, capabilities, self.dtype)

    def rows(self, capabilities: Capabilities) -> tuple[tuple[Row, Case], ...]:
        """The rows of circumstances with their cases."""
        times = max(1, self.examples // WHOLE)
        return cases(self.plan(capabilities), self.dtype, self.seed, times)

    def plan(self, capabilities: Capabilities) -> Plan:
        """All rows, over every dtype; with fewer examples than :data:`WHOLE`, the first of them."""
        most = math.inf if self.examples >= WHOLE else _ROWS * self.examples
        return plan(capabilities, self.dtypes or (self.dtype,), thorough=self.thorough, most=most)


#: The number of examples at which all rows of circumstances are tried, and how many rows are for one below.
WHOLE, _ROWS = 100, 10


@lru_cache(8)
def _cases(
    seed: int, examples: int, count: int, domain: Domain, capabilities: Capabilities, dtype: str
) -> tuple[Case, ...]:
    drawn = evenly(sketches(seed, max(4, examples))[:count], len(capabilities.ranks))
    return tuple(case_from(sketch, domain, capabilities, dtype) for sketch in drawn)


@dataclass(slots=True)
class Profile:
    """Seconds spent on each part of the work."""

    generation: float = 0.0
    wire: float = 0.0
    implementation: float = 0.0
    judging: float = 0.0

    def __iadd__(self, other: Profile) -> Profile:
        for name in self.__slots__:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        return self


@dataclass(frozen=True, slots=True)
class ShardResult:
    probe: str
    dtype: str
    tallies: tuple[Tally, ...]
    profile: Profile


def shard_in_steps(
    shard: Shard,
    worker: Worker,
    *,
    stop: Callable[[], bool] = lambda: False,
    confirm: bool = True,
) -> Generator[None, None, ShardResult]:
    """Draw the cases, have the implementation perform them, judge; then explain what failed. Yields after
    every case, for other implementations to take theirs.

    :param stop: asked before every case; the result is then of the cases so far.
    :param confirm: whether to try again what failed, and to find out by what.
    """
    profile = Profile()
    capabilities = worker.identity.capabilities
    lacking = shard.probe.lacking(capabilities)
    if lacking is None and shard.dtype not in capabilities.dtypes:
        lacking = f"declares no {shard.dtype}"
    if lacking is None and shard.probe.dtypes and shard.dtype not in shard.probe.dtypes:
        lacking = f"is about {', '.join(shard.probe.dtypes)}"
    tallies = tuple(Tally(r.id, shard.dtype) for r in shard.requirements)
    start = time.perf_counter()
    drawn = shard.cases(capabilities) if lacking is None else ()
    profile.generation += time.perf_counter() - start
    if not drawn:
        lacking = lacking or "declares nothing that this experiment needs"
        for tally in tallies:
            tally.worst = Verdict(Outcome.UNSUPPORTED, message=lacking)
        return ShardResult(shard.probe.name, shard.dtype, tallies, profile)
    inside, waited = worker.inside, worker.waited

    def scripts() -> Iterator[Script]:
        for case in drawn:
            if stop():
                return
            start = time.perf_counter()
            script = shard.probe.script(case, realise(case), capabilities)
            profile.generation += time.perf_counter() - start
            yield script

    hangs = lost = 0
    for case, observation in zip(drawn, worker.stream(scripts()), strict=False):
        start = time.perf_counter()
        trial = Trial(case, observation, capabilities)
        for requirement, tally in zip(shard.requirements, tallies, strict=True):
            verdict = requirement.verdict(trial)
            tally.add(trial, verdict)
            if shard.probe.rows and verdict.outcome.failing and _fails_directly(trial, requirement):
                tally.directly.add(tally.cases - 1)
        profile.judging += time.perf_counter() - start
        hung = observation.lost is not None and observation.lost.outcome == "timeout"
        hangs = hangs + 1 if hung else 0
        lost += observation.lost is not None
        if stop() or hangs == _HANGS or (shard.probe.rows and lost == _LOST):
            break
        yield
    if shard.probe.rows and not stop():
        _settle(shard, tallies, drawn, worker)
    for requirement, tally in zip(shard.requirements, tallies, strict=True):
        if requirement.everywhere:
            tally.evidence.clear()  # The circumstances say what it takes, and other requirements what it is.
        if tally.evidence and not stop():
            # What cannot be explained, for whatever reason, is a failure all the same.
            with suppress(ArithmeticError, ValueError, LookupError):
                tally.diagnosis = diagnose(tally.evidence, requirement.level_for(shard.dtype))
        if confirm and tally.failing is not None and not stop():
            tally.counterexample = confirmed(shard.probe, requirement, tally, worker, stop)
        tally.evidence.clear()
    profile.implementation = worker.inside - inside
    profile.wire = max(0.0, worker.waited - waited - profile.implementation)
    return ShardResult(shard.probe.name, shard.dtype, tallies, profile)


def _fails_directly(trial: Trial, requirement: Requirement) -> bool:
    """Whether it fails by the calls that the circumstances are about, and not only by others."""
    return requirement.verdict(looking(trial)).outcome.failing


def looking(trial: Trial) -> Trial:
    """The same, judged by the calls alone that its circumstances are about."""
    return replace(trial, looked_at=looked_at(trial.observation.script))


def _settle(shard: Shard, tallies: tuple[Tally, ...], drawn: tuple[Case, ...], worker: Worker) -> None:
    """See by which convention an implementation keeps its statistics, and judge again what followed another."""
    for requirement, tally in zip(shard.requirements, tallies, strict=True):
        usual = tally.usual()
        for number, fits in enumerate(tally.followed):
            if usual and fits is not None and not fits & usual:
                case = drawn[number]
                trial = Trial(case, observe(shard.probe, case, worker), worker.identity.capabilities, usual)
                tally.correct(number, trial, requirement.verdict(trial))
