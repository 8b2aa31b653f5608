"""What a requirement is, and how it is judged.

A requirement is one pure function from a :class:`Trial` to a :class:`Verdict`, registered with its id,
level, statement and source:

    @requirement("shape.output", MUST, "y has the shape of x.", source="[Q]", probes=(training,))
    def output(trial: Trial) -> Verdict: ...

A new one goes into any module of :mod:`conformance.requirements`, whose catalogue finds it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from conformance.judging.level import Level
from conformance.judging.probe import Probe
from conformance.judging.trial import Trial
from conformance.judging.verdict import Outcome, Verdict, under_any
from conformance.protocol.messages import Call, Raised


@dataclass(frozen=True, slots=True)
class Requirement:
    """One line of the catalogue.

    :ivar levels: levels that differ from ``level`` for a dtype.
    :ivar probes: the experiments on whose observations it is judged.
    :ivar dtypes: those it is about; none means all.
    :ivar everywhere: judge it on every other experiment as well, by what was answered, even if a call raised what it
        should not.
    :ivar presupposes: requirements without which this one cannot hold. It is judged all the same; a report
        names the cause first.
    """

    id: str
    level: Level
    statement: str
    source: str
    probes: tuple[Probe, ...]
    judge: Callable[[Trial], Verdict]
    levels: tuple[tuple[str, Level], ...] = ()
    presupposes: tuple[str, ...] = ()
    dtypes: tuple[str, ...] = ()
    everywhere: bool = False

    @property
    def group(self) -> str:
        return self.id.partition(".")[0]

    def level_for(self, dtype: str) -> Level:
        return dict(self.levels).get(dtype, self.level)

    def verdict(self, trial: Trial) -> Verdict:
        """Judge a trial, once it is clear that the implementation did what was asked of it."""
        observation = trial.observation
        if self.dtypes and trial.case.dtype not in self.dtypes:
            return Verdict(Outcome.UNSUPPORTED, message=f"is about {', '.join(self.dtypes)}")
        if observation.lost is not None and not self.everywhere:
            return Verdict(Outcome(observation.lost.outcome), message=observation.lost.text)
        unexpected = observation.unexpected()
        if unexpected is not None and not self.everywhere:
            call, raised = unexpected
            return Verdict(Outcome.ERROR, message=said(call, raised))
        try:
            return under_any(map(self.judge, trial.readings()))
        except Exception as error:
            # An implementation may return what no judge foresaw; that costs this verdict and not the run.
            return Verdict(Outcome.ERROR, message=f"could not be judged: {type(error).__name__}: {error}")


def said(call: Call, raised: Raised) -> str:
    """A call that raised what it should not, in words."""
    what = type(call).__name__.lower()
    return f"{what} raised {raised.kind}: {raised.text}"


registered: dict[str, Requirement] = {}


def requirement(
    id: str,
    level: Level,
    statement: str,
    *,
    source: str,
    probes: tuple[Probe, ...],
    levels: dict[str, Level] | None = None,
    presupposes: tuple[str, ...] = (),
    dtypes: tuple[str, ...] = (),
    everywhere: bool = False,
) -> Callable[[Callable[[Trial], Verdict]], Callable[[Trial], Verdict]]:
    """Register the decorated function as the judge of a requirement.

    :raises ValueError: the id is taken.
    """

    def register(judge: Callable[[Trial], Verdict]) -> Callable[[Trial], Verdict]:
        if id in registered:
            raise ValueError(f"there already is a requirement {id!r}")
        registered[id] = Requirement(
            id,
            level,
            statement,
            source,
            probes,
            judge,
            tuple((levels or {}).items()),
            presupposes,
            dtypes,
            everywhere,
        )
        return judge

    return register
