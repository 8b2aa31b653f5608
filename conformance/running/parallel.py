"""Implementations judged on a pool of processes, with progress as it is made, and an orderly end when interrupted."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Literal

from conformance.running.campaign import Settings, Stop, TaskResult, joined, run_together
from conformance.running.interrupts import asked_to_stop
from conformance.running.pool import Ended, Pool
from conformance.running.salvage import Death, Part, accounted, kept
from conformance.running.shard import ShardResult
from conformance.running.steps import START, Begun, Judged, Place


@dataclass(frozen=True, slots=True)
class Step:
    """A shard was finished."""

    implementation: str
    probe: str
    dtype: str
    failing: int


def run_all(
    names: list[str],
    settings: Settings,
    *,
    jobs: int,
    together: int = 1,
    step: Callable[[Step], None] = lambda _: None,
    finished: Callable[[TaskResult], None] = lambda _: None,
    stop: Stop | None = None,
) -> tuple[list[TaskResult], bool]:
    """Every implementation's result, in the order of ``names``, and whether the run was interrupted. The dtypes of
    the last implementations, one for each job, are spread over the jobs.

    At a signal that ends a run the shards under way end after their current case, and what was judged so far is
    returned. At a second one all is dropped, and KeyboardInterrupt is raised.

    :param together: how many a process judges side by side; worth it where they are many and small.
    :param step: called here for every shard that is done. :param finished: and for every implementation.
    :param stop: whether such a signal has come, where the caller has them noted.
    """
    waiting = deque(_Work(part) for part in _parts(list(dict.fromkeys(names)), settings, jobs, together))
    ended: list[_Work] = []
    work: _Work
    interrupted = False
    judge = partial(_judge, settings)
    with nullcontext(stop) if stop else asked_to_stop() as asked, Pool(judge, jobs) as pool:
        while waiting or pool.busy:
            if asked() and not interrupted:
                interrupted = True
                pool.stop()
            if interrupted:
                ended += [each.given_up() for each in waiting]
                waiting.clear()
            while waiting and pool.has_room:
                pool.give(waiting[0].part, about=waiting.popleft())
            before = len(ended)
            for work, said in pool.heard(0.1):
                match said:
                    case Ended(""):
                        ended.append(work)
                    case Ended():
                        waiting += work.again(said.how)
                    case _:
                        work.heard(said, step)
            ended += [each.given_up() for each in waiting if each.part.hopeless]
            waiting = deque(each for each in waiting if not each.part.hopeless)
            left = [*waiting, *pool.at_hand]
            for name in dict.fromkeys(name for each in ended[before:] for name in each.part.names):
                if not any(name in each.part.names for each in left):
                    finished(_together(name, ended, settings))
    return [_together(name, ended, settings) for name in names], interrupted


def _parts(names: list[str], settings: Settings, jobs: int, together: int) -> list[Part]:
    groups = [tuple(names[k : k + together]) for k in range(0, len(names), together)]
    # Until it is rejected, one dtype decides whether the next is tried.
    several = 1 if settings.until_rejected else min(jobs, len(settings.dtypes))
    # With the last ones so spread, no job is left alone with all of one at the end.
    spread = [several if k >= len(groups) - jobs else 1 for k in range(len(groups))]
    return [
        Part(group, settings.dtypes[k::parts])
        for group, parts in zip(groups, spread, strict=True)
        for k in range(parts)
    ]


@dataclass(slots=True)
class _Work:
    """A part under way, and what is known of it. :ivar at: where its process is, if it judges one alone.
    :ivar results: of all, once they are judged.
    """

    part: Part
    at: Place = START
    known: list[Judged] = field(default_factory=list)
    results: list[TaskResult] = field(default_factory=list)

    def heard(self, said: Begun | Judged | list[TaskResult], step: Callable[[Step], None]) -> None:
        match said:
            case Begun():
                self.at = said.place
            case Judged(name, _, shard):
                self.known.append(said)
                step(Step(name, shard.probe, shard.dtype, _failing(shard)))
            case results:
                self.results = results

    def again(self, how: str) -> list[_Work]:
        """What is to be tried again now that its process did not bring it to an end."""
        parts = [replace(self.part, names=(name,)) for name in self.part.names]
        parts = [
            kept(part, [each for each in self.known if each.implementation in part.names]) for part in parts
        ]
        if len(parts) == 1:  # Which of several it was is not known: they are tried one by one.
            parts = [replace(parts[0], deaths=(*parts[0].deaths, Death(how, self.at)))]
        return [_Work(part) for part in parts]

    def given_up(self) -> _Work:
        """With the results that there are."""
        identity, done = self.part.identity, self.part.done
        status: Literal["complete", "partial"] = "complete" if self.part.hopeless else "partial"
        self.results = [TaskResult(name, status, identity, done) for name in self.part.names]
        return self


def _together(name: str, ended: Sequence[_Work], settings: Settings) -> TaskResult:
    """The results for an implementation, its parts as one, in the order of their dtypes."""
    own = sorted(
        (each for each in ended if name in each.part.names),
        key=lambda each: settings.dtypes.index(each.part.dtypes[0]),
    )
    results = [result for each in own for result in each.results if result.implementation == name]
    found = joined(results, settings) if len(results) > 1 or results[0].coverage is None else results[0]
    return accounted(found, [each.part for each in own], settings.dtypes)


def _judge(settings: Settings, part: Part, say: Callable[[Any], None], stop: Stop) -> None:
    """In a process of the pool."""
    say(run_together(part.names, settings, stop, say, only=part.dtypes, done=part.done, without=part.without))


def _failing(result: ShardResult) -> int:
    return sum(t.worst is not None and t.worst.outcome.failing for t in result.tallies)
