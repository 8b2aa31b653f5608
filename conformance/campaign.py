"""A campaign: implementations, requirements, a budget and a seed; run on any executor; collected in one report.

The unit of work is a :class:`Task`, all shards of one implementation, so that an implementation is imported
once. Tasks are independent and their results do not depend on where or in what order they run.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from conformance.implementation import DTYPES
from conformance.probes import Probe
from conformance.requirement import Requirement, catalogue
from conformance.script import Identity
from conformance.shard import Profile, Shard, ShardResult, run_shard
from conformance.worker.client import CannotStart, Worker
from conformance.worker.locate import NotFound

#: Asked between cases whether to stop; told of every finished shard.
Stop = Callable[[], bool]
Progress = Callable[[str, ShardResult], None]


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
    """

    patterns: tuple[str, ...] = ()
    dtypes: tuple[str, ...] = DTYPES
    max_examples: int = 100
    seed: int = 0
    timeout: float = 60.0
    memory: int | None = None
    until_rejected: bool = False

    def shards(self) -> list[Shard]:
        """:raises ValueError: a pattern matches no requirement."""
        by_probe: dict[Probe, list[Requirement]] = {}
        for requirement in catalogue(self.patterns):
            for probe in requirement.probes:
                by_probe.setdefault(probe, []).append(requirement)
        return [
            Shard(probe, dtype, self.seed, self.max_examples, tuple(requirements))
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

    :ivar status: ``missing``: a package it needs is not installed; ``broken``: it could not be started, or
        not started again.
    """

    implementation: str
    status: Literal["complete", "partial", "missing", "broken"]
    identity: Identity | None = None
    shards: tuple[ShardResult, ...] = ()
    problem: str = ""
    missing: str | None = None
    profile: Profile = field(default_factory=Profile)


def run_task(task: Task, stop: Stop = lambda: False, progress: Progress | None = None) -> TaskResult:
    """Judge one implementation. Never raises on account of the implementation."""
    settings, name = task.settings, task.implementation
    done: list[ShardResult] = []
    profile = Profile()
    identity = None
    if stop():
        return TaskResult(name, "partial")
    try:
        with Worker(name, timeout=settings.timeout, memory=settings.memory) as worker:
            identity = worker.identity
            rejected_in: str | None = None
            for shard in settings.shards():
                if rejected_in not in (None, shard.dtype):
                    break
                if stop():
                    return TaskResult(name, "partial", identity, tuple(done), profile=profile)
                result = run_shard(shard, worker, stop=stop, shrink=not settings.until_rejected)
                profile += result.profile
                done.append(result)
                if settings.until_rejected and any(t.failures for t in result.tallies):
                    rejected_in = shard.dtype
                if progress is not None:
                    progress(name, result)
    except NotFound as error:
        return TaskResult(name, "broken", problem=str(error))
    except CannotStart as error:
        status: Literal["missing", "broken"] = "missing" if error.missing else "broken"
        return TaskResult(name, status, identity, tuple(done), str(error), error.missing, profile)
    status_ = "partial" if stop() else "complete"
    return TaskResult(name, status_, identity, tuple(done), profile=profile)  # type: ignore[arg-type]
