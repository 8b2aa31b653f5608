"""A campaign: implementations, requirements, a budget and a seed; run on any executor; collected in one report.

The unit of work is a :class:`Task`, all shards of one implementation, so that an implementation is imported
once, or a part of it: its shards in some of the dtypes. They are independent, and their results do not depend on
where or in what order they run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import Literal

from conformance.implementation import DTYPES
from conformance.judging.probe import Probe
from conformance.judging.requirement import Requirement
from conformance.protocol.messages import Identity
from conformance.requirements.catalogue import catalogue
from conformance.running.coverage import Coverage, coverage
from conformance.running.held import Held, held
from conformance.running.layouts import spare
from conformance.running.shard import Profile, Shard, ShardResult, shard_in_steps
from conformance.running.shown import make_small
from conformance.running.steps import HELD, SMALLEST, Begun, Judged, Place, Tell, Without
from conformance.worker.client import Worker
from conformance.worker.locate import NotFound
from conformance.worker.process import CannotStart, NoProgram, NotDeclared

#: Asked between cases whether to stop.
Stop = Callable[[], bool]


@dataclass(frozen=True, slots=True)
class Settings:
    """What decides a campaign's verdicts, apart from the implementations.

    :ivar patterns: shell-style patterns of requirement ids; none means all.
    :ivar dtypes: dtypes to try where declared.
    :ivar max_examples: cases for a probe of full share, for each dtype.
    :ivar timeout: seconds an implementation may take for one call.
    :ivar memory: most bytes an implementation may use, where the system can limit it.
    :ivar until_rejected: go on only to the first dtype in which a requirement fails, and shrink nothing:
        enough to know that an implementation is wrong.
    :ivar interpreters: the Python interpreter to run an implementation in, for those that do not run in the
        suite's own.
    :ivar device: where to compute.
    :ivar thorough: cover circumstances in threes and not in twos.
    """

    patterns: tuple[str, ...] = ()
    dtypes: tuple[str, ...] = DTYPES
    max_examples: int = 100
    seed: int = 0
    timeout: float = 60.0
    memory: int | None = None
    until_rejected: bool = False
    interpreters: Mapping[str, str] = field(default_factory=dict)
    device: str = "cpu"
    thorough: bool = False

    def shards(self) -> list[Shard]:
        """:raises ValueError: a pattern matches no requirement."""
        by_probe: dict[Probe, list[Requirement]] = {}
        chosen = catalogue(self.patterns)
        for requirement in chosen:
            for probe in requirement.probes:
                by_probe.setdefault(probe, []).append(requirement)
        for probe, own in by_probe.items():
            own += [each for each in chosen if each.everywhere and probe not in each.probes]
        return [
            Shard(
                probe,
                dtype,
                self.seed,
                self.max_examples,
                tuple(requirements),
                self.dtypes,
                self.thorough,
            )
            for dtype in self.dtypes
            for probe, requirements in by_probe.items()
        ]


@dataclass(frozen=True, slots=True)
class Task:
    implementation: str
    settings: Settings


@dataclass(frozen=True, slots=True)
class TaskResult:
    """What came of one implementation.

    :ivar held: what its layers hold for typical inputs. :ivar coverage: what its sessions covered.
    :ivar status: ``missing``: a package it needs, or the program itself, is not installed; ``broken``: it could not
        be started, or not started again; ``unsupported``: it does not declare the device; ``lost``: a process that
        judged it died, and what it judged is missing.
    :ivar notes: what happened on the way that cost nothing, each a sentence.
    :ivar strays: the signals that ended its worker from outside, after each of which it was tried again.
    """

    implementation: str
    status: Literal["complete", "partial", "missing", "broken", "unsupported", "lost"]
    identity: Identity | None = None
    shards: tuple[ShardResult, ...] = ()
    problem: str = ""
    missing: str | None = None
    profile: Profile = field(default_factory=Profile)
    held: tuple[Held, ...] = ()
    coverage: Coverage | None = None
    notes: tuple[str, ...] = ()
    strays: tuple[str, ...] = ()


Start = Callable[[str, Settings], Worker]


def start(name: str, settings: Settings) -> Worker:
    """An implementation in a process of its own.

    :raises CannotStart: as :class:`Worker`. :raises NotFound: likewise.
    """
    return Worker(
        name,
        timeout=settings.timeout,
        memory=settings.memory,
        python=settings.interpreters.get(name),
        device=settings.device,
    )


def run_task(task: Task, stop: Stop = lambda: False, tell: Tell = lambda _: None) -> TaskResult:
    """Judge one implementation. Never raises on account of the implementation."""
    return run_together((task.implementation,), task.settings, stop, tell)[0]


def run_together(
    names: Sequence[str],
    settings: Settings,
    stop: Stop = lambda: False,
    tell: Tell = lambda _: None,
    start: Start = start,
    only: Sequence[str] | None = None,
    done: Sequence[ShardResult] = (),
    without: Without = lambda _: False,
) -> list[TaskResult]:
    """Judge several implementations case by case in turn, so that what is exact of a case, which costs more
    than anything else, is computed once for all that take the same shapes. The results are those of judging
    them one by one.

    :param start: how to start one.
    :param only: those of the dtypes to do, for :func:`joined`; all if None.
    :param done: shards that were done before, of all of the implementations; they are not done again.
    :param without: asked of each place whether to leave it out.
    """
    with ExitStack() as workers:
        runs = [_Run(name, settings, workers, start, done) for name in names] if not stop() else []
        for shard in settings.shards() if any(run.started for run in runs) else ():
            place = Place(shard.probe.name, shard.dtype)
            if (only is not None and shard.dtype not in only) or without(place):
                continue
            active: list[Iterator[None]] = [run.perform(shard, stop, tell) for run in runs]
            while active:
                active = [each for each in active if next(each, _OVER) is not _OVER]
        for run in runs:
            run.make_small(stop, tell)
            run.describe(stop, tell)
    if not runs:
        return [TaskResult(name, "partial", shards=tuple(done)) for name in names]
    return [run.result("partial" if stop() else "complete") for run in runs]


def joined(parts: Sequence[TaskResult], settings: Settings) -> TaskResult:
    """One implementation's result, of its results in some of the dtypes each: as if judged in one go.

    :param parts: at least one.
    """
    ended = next((part for part in parts if part.status != "complete"), parts[0])
    known = next((part for part in parts if part.identity is not None), parts[0])
    shards = [shard for part in parts for shard in part.shards]
    shards.sort(key=lambda shard: settings.dtypes.index(shard.dtype))
    profile = Profile()
    for part in parts:
        profile += part.profile
    problems = dict.fromkeys(part.problem for part in parts if part.problem)
    return replace(
        ended,
        problem="\n".join(problems),
        notes=tuple(dict.fromkeys(note for part in parts for note in part.notes)),
        strays=tuple(sorted(signal for part in parts for signal in part.strays)),
        identity=known.identity,
        shards=tuple(shards),
        profile=profile,
        held=next((part.held for part in parts if part.held), ()),
        coverage=_covered(ended.implementation, known.identity, settings, shards),
    )


def _covered(
    name: str, identity: Identity | None, settings: Settings, done: Sequence[ShardResult]
) -> Coverage | None:
    if identity is None or settings.until_rejected:
        return None
    return coverage(name, identity.capabilities, settings.shards(), done)


_OVER = object()


class _Run:
    """What becomes of one implementation, shard by shard."""

    def __init__(
        self, name: str, settings: Settings, workers: ExitStack, start: Start, done: Sequence[ShardResult]
    ) -> None:
        self._name, self._settings = name, settings
        self._done: list[ShardResult] = []
        self._places: set[Place] = set()
        self._profile = Profile()
        self._held: tuple[Held, ...] = ()
        self._worker: Worker | None = None
        self._rejected_in: str | None = None
        self._failure: CannotStart | NotFound | None = None
        for each in done:
            self._count(each)
        try:
            self._worker = workers.enter_context(start(name, settings))
            spare(self._worker, [shard.probe for shard in settings.shards()])
        except (CannotStart, NotFound) as error:
            self._failure = error

    @property
    def started(self) -> bool:
        return self._worker is not None

    def _count(self, result: ShardResult) -> None:
        self._done.append(result)
        self._places.add(Place(result.probe, result.dtype))
        self._profile += result.profile
        if self._settings.until_rejected and any(t.failures for t in result.tallies):
            self._rejected_in = result.dtype

    def perform(self, shard: Shard, stop: Stop, tell: Tell) -> Iterator[None]:
        """Judge a shard; a step is a case."""
        place = Place(shard.probe.name, shard.dtype)
        if self._worker is None or self._failure or place in self._places or stop():
            return
        if self._rejected_in not in (None, shard.dtype):
            return
        tell(Begun(self._name, place))
        try:
            confirm = not self._settings.until_rejected
            result = yield from shard_in_steps(shard, self._worker, stop=stop, confirm=confirm)
        except CannotStart as error:
            self._failure = error
            return
        self._count(result)
        tell(Judged(self._name, self._worker.identity, result))

    def make_small(self, stop: Stop, tell: Tell) -> None:
        """Look for the smallest case of what failed."""
        if self._worker is None or self._failure or stop() or self._settings.until_rejected:
            return
        tell(Begun(self._name, SMALLEST))
        inside = self._worker.inside
        try:
            make_small(self._done, self._settings.shards(), self._worker, stop)
        except CannotStart as error:
            self._failure = error
        self._profile.implementation += self._worker.inside - inside

    def describe(self, stop: Stop, tell: Tell) -> None:
        """See what its layers hold, for a report of shapes."""
        if self._worker is None or self._failure or stop() or self._settings.until_rejected:
            return
        tell(Begun(self._name, HELD))
        try:
            self._held = held(self._worker)
        except CannotStart as error:
            self._failure = error

    def result(self, status: Literal["complete", "partial"]) -> TaskResult:
        identity = self._worker.identity if self._worker else None
        covered = _covered(self._name, identity, self._settings, self._done)
        found = TaskResult(
            self._name,
            status,
            identity,
            tuple(self._done),
            profile=self._profile,
            held=self._held,
            coverage=covered,
            strays=tuple(sorted(self._worker.strays)) if self._worker else (),
        )
        match self._failure:
            case None:
                return found
            case CannotStart(missing=str(missing)):
                return replace(found, status="missing", problem=str(self._failure), missing=missing)
            case NoProgram():
                return replace(found, status="missing", problem=str(self._failure))
            case NotDeclared():
                return replace(found, status="unsupported", problem=str(self._failure))
            case _:
                return replace(found, status="broken", problem=str(self._failure))
