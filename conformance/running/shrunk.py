"""From the failures of a shard to the one that is shown: the smallest of them, with what explains it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from conformance.cases.arrays import realise
from conformance.cases.case import Case
from conformance.cases.shrinking import minimise
from conformance.diagnosis import Failure, reproduces
from conformance.exploration.session import case_of
from conformance.idioms.standalone import standalone
from conformance.judging.place import Place, locate, shown_input
from conformance.judging.probe import Probe
from conformance.judging.requirement import Requirement
from conformance.judging.trial import Trial
from conformance.judging.verdict import Outcome, Verdict
from conformance.protocol.messages import Identity, Script
from conformance.running.observing import observe
from conformance.running.tally import Counterexample, Tally
from conformance.worker.client import Worker

_REPEATED = (Outcome.FAIL, Outcome.ERROR)


@dataclass(frozen=True, slots=True)
class _Failing:
    """A failing case: the calls it makes, what is said of them, and where that shows."""

    case: Case
    calls: Script
    verdict: Verdict
    place: Place | None = None


def confirmed(
    probe: Probe, requirement: Requirement, tally: Tally, worker: Worker, stop: Callable[[], bool]
) -> Counterexample:
    """A case on which a requirement fails when it is tried again; for the reason that the failures are named by, if
    they have a name.

    :param tally: of a requirement that fails; its name is taken away where no case can be found that it explains.
    """
    failing = tally.failing
    assert failing is not None and tally.worst is not None
    capabilities = worker.identity.capabilities
    script = probe.script(failing, realise(failing), capabilities)
    search = _Search(probe, requirement, tally, worker, stop, _Failing(failing, script, tally.worst))
    # A crash or a hang is expensive to repeat: its case stands as it was drawn.
    if tally.worst.outcome in _REPEATED:
        evidence = [each.trial.case for each in tally.evidence[:1]]
        named = tally.diagnosis is not None and tally.diagnosis.key
        # By a case that the name explains, if there is one; else by any, and nothing is named.
        if not any(search.fails(case) for case in (failing, *evidence)) and named:
            tally.diagnosis = None
            search.fails(failing)
    return search.counterexample()


def smallest(
    probe: Probe, requirement: Requirement, tally: Tally, worker: Worker, seed: int, stop: Callable[[], bool]
) -> Counterexample:
    """The smallest case found, from the one that a tally has, or from the plainest that has its circumstances.

    :param seed: of the campaign.
    """
    known = tally.counterexample
    assert known is not None
    capabilities = worker.identity.capabilities
    script = probe.script(known.case, realise(known.case), capabilities)
    search = _Search(probe, requirement, tally, worker, stop, _Failing(known.case, script, known.verdict))
    if known.verdict.outcome not in _REPEATED:
        return known
    starts = [known.case]
    if tally.circumstances is not None:
        starts.insert(0, case_of(tally.circumstances.conjunctions[0].row, seed, 0, capabilities))
    start = next(filter(search.fails, starts), None)
    if start is None:
        return known
    domain = probe.domain.for_dtype(start.dtype)
    minimise(
        start,
        search.fails,
        feature=search.found.verdict.feature,
        min_features=domain.min_features,
        min_count=domain.min_count,
        epsilons=domain.epsilons,
        # A constant feature, say, stays one: the requirement is about nothing else.
        admits=lambda c: (
            capabilities.takes(c.shape, c.axis)
            and (probe.rows or all(r.values in domain.values for r in c.features))
        ),
        # Where every new shape is compiled, a smaller case is not worth minutes. What is required everywhere
        # has its smallest case from the rows of circumstances, mostly.
        attempts=24 if capabilities.compiles or (requirement.everywhere and not probe.rows) else 400,
    )
    return search.counterexample()


class _Search:
    """For cases on which a requirement fails as it failed. :ivar found: the last of them."""

    def __init__(
        self,
        probe: Probe,
        requirement: Requirement,
        tally: Tally,
        worker: Worker,
        stop: Callable[[], bool],
        found: _Failing,
    ) -> None:
        self.found = found
        self._probe, self._requirement, self._tally = probe, requirement, tally
        self._worker, self._stop = worker, stop
        self._outcome = found.verdict.outcome

    def fails(self, case: Case) -> bool:
        capabilities = self._worker.identity.capabilities
        if self._stop() or not capabilities.takes_constants(case.epsilon, case.momentum):
            return False
        try:
            trial = Trial(case, observe(self._probe, case, self._worker), capabilities, self._tally.usual())
        except ValueError:  # Circumstances that do not fit a smaller case.
            return False
        verdict = self._requirement.verdict(trial)
        if verdict.outcome is not self._outcome or not self._explained(trial, verdict):
            return False
        self.found = _Failing(case, trial.observation.script, verdict, locate(trial.observation, verdict))
        return True

    def _explained(self, trial: Trial, verdict: Verdict) -> bool:
        """Whether the name that was found for the failures is one for this."""
        named = self._tally.diagnosis
        if named is None or not named.key:
            return True
        level = self._requirement.level_for(self._tally.dtype)
        return reproduces(named.key, Failure(trial, verdict), level)

    def counterexample(self) -> Counterexample:
        found = self.found
        x = shown_input(found.calls, found.place, found.case)
        text = _written(found, self._requirement, self._worker.identity)
        return Counterexample(self._probe.name, found.case, found.verdict, x, text)


def _written(found: _Failing, requirement: Requirement, identity: Identity) -> str | None:
    """The failing case as Python, where the adapter says how its framework is written."""
    if identity.idiom is None:
        return None
    seen = found.verdict
    return standalone(
        identity.idiom,
        identity.capabilities,
        found.calls,
        found.place,
        about=f"{identity.name} {identity.version}\nRequired: {requirement.statement}\nSeen: {seen.message}",
        index=seen.index,
        expected=seen.expected,
    )
