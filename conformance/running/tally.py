"""What the requirements made of one shard, counted while it runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from conformance.cases.case import Case
from conformance.diagnosis import Diagnosis, Failure
from conformance.exploration.circumstances import Circumstances
from conformance.implementation import DTYPES, Array
from conformance.judging.trial import Trial
from conformance.judging.verdict import Outcome, Point, Verdict, worst

_EVIDENCE = 8  # failures kept to diagnose from


@dataclass(frozen=True, slots=True)
class Counterexample:
    """The smallest case found on which a requirement fails.

    :ivar x: the input of the call in which that shows: the case's own, or what the probe made of it.
    :ivar script: Python that shows it with the framework's own API alone, where the calls have such a form.
    """

    probe: str
    case: Case
    verdict: Verdict
    x: Array
    script: str | None = None


@dataclass(slots=True)
class Tally:
    """What one requirement made of one shard.

    :ivar cases: trials judged. :ivar experiments: features in them.
    :ivar worst: the worst verdict. :ivar observed: what was observed, each with how often.
    :ivar fits: sets of conventions that trials are consistent with, each with the first such case.
    :ivar points: what was measured on the way. :ivar extremes: for y and for dx, the point where the error was
        largest for its bound, with its case.
    :ivar evidence: the first failures, until they are diagnosed.
    :ivar outcomes: of each trial, where rows of circumstances are tried, whether it failed; None where nothing was
        judged. :ivar directly: those that failed by the calls that their circumstances are about.
    :ivar followed: of each trial, the conventions it is consistent with. :ivar circumstances: what those
        that failed have in common.
    :ivar failed_at: the number of the first trial that failed, from 1; 0 if none.
    :ivar failures: how many trials failed. :ivar failing: the case of the worst of them.
    """

    requirement: str
    dtype: str
    cases: int = 0
    experiments: int = 0
    worst: Verdict | None = None
    observed: dict[str, int] = field(default_factory=dict)
    fits: dict[frozenset[str], Case] = field(default_factory=dict)
    points: list[Point] = field(default_factory=list)
    extremes: dict[str, tuple[Point, Case]] = field(default_factory=dict)
    failures: int = 0
    failed_at: int = 0
    failing: Case | None = None
    counterexample: Counterexample | None = None
    evidence: list[Failure] = field(default_factory=list)
    diagnosis: Diagnosis | None = None
    outcomes: list[bool | None] = field(default_factory=list)
    directly: set[int] = field(default_factory=set)
    followed: list[frozenset[str] | None] = field(default_factory=list)
    circumstances: Circumstances | None = None

    def add(self, trial: Trial, verdict: Verdict) -> None:
        case = trial.case
        self.cases += 1
        self.followed.append(verdict.fits)
        self.outcomes.append(
            None if verdict.answers == 0 and not verdict.outcome.failing else verdict.outcome.failing
        )
        self.experiments += case.n
        if verdict.observed is not None:
            self.observed[verdict.observed] = self.observed.get(verdict.observed, 0) + 1
        self.points += verdict.points
        for point in verdict.points:
            if point.of not in self.extremes or point.ratio > self.extremes[point.of][0].ratio:
                self.extremes[point.of] = point, case
        if verdict.fits is not None:
            self.fits.setdefault(verdict.fits, case)
        self._weigh(trial, verdict)

    def usual(self) -> frozenset[str]:
        """The convention that most trials are consistent with; empty where none of them tells."""
        sets = [fits for fits in self.followed if fits is not None]
        if not sets:
            return frozenset()
        often = {each: sum(each in fits for fits in sets) for each in frozenset().union(*sets)}
        return frozenset([max(sorted(often), key=lambda each: often[each])])

    def correct(self, number: int, trial: Trial, verdict: Verdict) -> None:
        """Put a verdict in place of one that passed, where more is known now.

        :param number: of the trial, from 0.
        """
        self.outcomes[number] = verdict.outcome.failing
        self._weigh(trial, verdict)

    def _weigh(self, trial: Trial, verdict: Verdict) -> None:
        if verdict.outcome.failing:
            self.failures += 1
            self.failed_at = self.failed_at or self.cases
            if len(self.evidence) < _EVIDENCE:
                self.evidence.append(Failure(trial, verdict))
        if self.worst is None or worst([self.worst, verdict]) is not self.worst:
            self.worst = verdict
            if verdict.outcome.failing:
                self.failing = trial.case


def worst_of(tallies: Sequence[Tally]) -> Verdict:
    """The worst verdict; where some could be judged, what could not is passed over.

    :param tallies: of which one has a verdict at least.
    """
    verdicts = [tally.worst for tally in tallies if tally.worst is not None]
    judged = [v for v in verdicts if v.outcome is not Outcome.UNSUPPORTED]
    return max(judged or verdicts, key=lambda v: (v.outcome.severity, v.ratio or 0.0))


def shown(tallies: Sequence[Tally]) -> Tally | None:
    """The one whose counterexample is shown: of the first dtype that fails, in the order of DTYPES, which is the one
    most people meet; if the circumstances of any are known, the one that these are of.
    """
    found = [t for t in tallies if t.counterexample is not None]
    found = [t for t in found if t.circumstances is not None] or found
    if not found:
        return None
    first = min(DTYPES.index(t.dtype) for t in found)
    own = [t for t in found if t.dtype == DTYPES[first]]
    top = worst_of(own)
    return next(t for t in own if t.worst is top)
