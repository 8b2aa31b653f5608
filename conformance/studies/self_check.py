"""What the suite itself is worth: how many wrong implementations it rejects, how many sound ones it accuses.

Both galleries are put to it like any implementation, in processes of their own. An impostor is rejected if
any requirement fails; a sound variant is accused if one fails that it does not declare.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from conformance.gallery import Exhibit, exhibits
from conformance.judging.level import Level
from conformance.results.build import build
from conformance.results.model import Report
from conformance.running.campaign import Settings, TaskResult
from conformance.running.parallel import run_all

_TOGETHER = 10  # exhibits judged side by side
_ROUNDS = 4  # the budget of examples is spent in parts


@dataclass(frozen=True, slots=True)
class Rejection:
    """What became of an impostor.

    :ivar caught_by: requirements that fail. :ivar cases: how many were judged up to the first that failed.
    :ivar diagnoses: keys of the deviations named.
    """

    exhibit: Exhibit
    caught_by: tuple[str, ...]
    cases: int
    diagnoses: tuple[str, ...]

    @property
    def diagnosed(self) -> Literal["right", "wrong", "none"]:
        """Whether the deviation it is was named: ``right`` where it is an explanation, or one of two that could
        not be told apart, of every failure that was explained.
        """
        if not self.diagnoses:
            return "none"
        return "right" if all(self._right(key.split("|")) for key in self.diagnoses) else "wrong"

    def _right(self, alternatives: list[str]) -> bool:
        """A less specific name, as one-pass-variance is of one-pass-variance-clipped, is right as well. What is wrong
        with the output may have another name in the statistics.
        """
        names = self.exhibit.deviation.split()
        return any(due == each or due.startswith(f"{each}-") for each in alternatives for due in names)


@dataclass(frozen=True, slots=True)
class Accusation:
    """A false alarm: a requirement that a sound variant fails, and why."""

    exhibit: Exhibit
    requirement: str
    message: str


@dataclass(frozen=True, slots=True)
class SelfCheck:
    """:ivar experiments: feature experiments put to sound variants. :ivar interrupted: whether this is but a part."""

    rejections: tuple[Rejection, ...]
    accusations: tuple[Accusation, ...]
    sound: int
    experiments: int
    problems: tuple[str, ...]
    interrupted: bool = False

    @property
    def holds(self) -> bool:
        survivors = any(not r.caught_by for r in self.rejections)
        misnamed = any(r.diagnosed == "wrong" for r in self.rejections)
        return not survivors and not misnamed and not self.accusations and not self.problems


def self_check(
    settings: Settings,
    *,
    experiments: int,
    sound_only: bool = False,
    kinds: tuple[str, ...] = (),
    among: tuple[Exhibit, ...] | None = None,
    jobs: int = 2,
    finished: Callable[[TaskResult], None] = lambda _: None,
) -> SelfCheck:
    """Run both galleries.

    :param experiments: feature experiments to put to the sound variants, in all.
    :param kinds: only exhibits of these kinds. :param among: only these exhibits.
    """
    every = [e for e in (exhibits() if among is None else among) if not kinds or e.kind in kinds]
    sound = [e for e in every if e.sound]
    impostors = [] if sound_only else [e for e in every if not e.sound]
    accusations: list[Accusation] = []
    problems: list[str] = []
    rejections: dict[str, Rejection] = {}
    judged, round_, stopped = 0, 0, False
    part = replace(settings, max_examples=max(4, settings.max_examples // _ROUNDS), until_rejected=True)
    # A part of the budget is enough for most; who survives it gets the whole.
    for budget in (part, replace(settings, until_rejected=True)):
        left = [e for e in impostors if e.id not in rejections or not rejections[e.id].caught_by]
        if not left or stopped:
            break
        results, stopped = run_all(
            [e.target for e in left], budget, jobs=jobs, together=_TOGETHER, finished=finished
        )
        rejections |= {e.id: _rejection(e, r, budget) for e, r in zip(left, results, strict=True)}
        problems += [] if stopped else _problems(results)
    while sound and judged < experiments and not stopped:
        # Every round has other cases.
        again = replace(part, seed=settings.seed + round_, until_rejected=False)
        results, stopped = run_all(
            [e.target for e in sound], again, jobs=jobs, together=_TOGETHER, finished=finished
        )
        for exhibit, result in zip(sound, results, strict=True):
            accusations += _accusations(exhibit, _report([result], again))
        made = sum(max(t.experiments for t in s.tallies) for r in results for s in r.shards)
        problems += [] if stopped else _problems(results)
        if not made:
            break
        judged, round_ = judged + made, round_ + 1
    found = tuple(rejections[e.id] for e in impostors if e.id in rejections)
    return SelfCheck(found, tuple(accusations), len(sound), judged, tuple(problems), stopped)


def _report(results: list[TaskResult], settings: Settings) -> Report:
    return build(results, settings, started=0.0, seconds=0.0)


def _problems(results: list[TaskResult]) -> list[str]:
    return [f"{r.implementation}: {r.problem or r.status}" for r in results if r.status != "complete"]


def _rejection(exhibit: Exhibit, result: TaskResult, settings: Settings) -> Rejection:
    caught = [r.requirement for r in _report([result], settings).results if r.outcome.failing]
    cases = 0
    for shard in result.shards:
        first = min((t.failed_at for t in shard.tallies if t.failed_at), default=0)
        cases += first or max(t.cases for t in shard.tallies)
        if first:
            break
    keys = {t.diagnosis.key for s in result.shards for t in s.tallies if t.diagnosis and t.diagnosis.key}
    return Rejection(exhibit, tuple(caught), cases, tuple(sorted(keys)))


def _accusations(exhibit: Exhibit, report: Report) -> list[Accusation]:
    """Any failure counts, of whatever level, but for those that are the variant's declared nature."""
    return [
        Accusation(exhibit, r.requirement, r.message)
        for r in report.results
        if r.fails_at(tuple(Level)) and r.requirement not in exhibit.declared
    ]
