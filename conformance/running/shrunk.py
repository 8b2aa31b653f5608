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


@dataclass(frozen=True, slots=True)
class _Failing:
    """A failing case: the calls it makes, what is said of them, and where that shows."""

    case: Case
    calls: Script
    verdict: Verdict
    place: Place | None = None


def shrunk(
    probe: Probe, requirement: Requirement, tally: Tally, worker: Worker, seed: int, stop: Callable[[], bool]
) -> Counterexample:
    """The smallest case found on which a requirement fails; for the reason that the failures are named by, if they
    have a name.

    :param seed: of the campaign.
    :param tally: of a requirement that fails; its name is taken away where no case can be found that it explains.
    """
    failing = tally.failing
    assert failing is not None and tally.worst is not None
    capabilities = worker.identity.capabilities
    outcome = tally.worst.outcome
    found = _Failing(failing, probe.script(failing, realise(failing), capabilities), tally.worst)
    start = failing
    if tally.circumstances is not None:
        # The plainest case that has the circumstances, to be made smaller within them.
        start = case_of(tally.circumstances.conjunctions[0].row, seed, 0, capabilities)

    def explained(trial: Trial, verdict: Verdict) -> bool:
        """Whether the name that was found for the failures is one for this."""
        found = tally.diagnosis
        if found is None or not found.key:
            return True
        return reproduces(found.key, Failure(trial, verdict), requirement.level_for(tally.dtype))

    def fails(case: Case) -> bool:
        nonlocal found
        if stop() or not capabilities.takes_constants(case.epsilon, case.momentum):
            return False
        try:
            trial = Trial(case, observe(probe, case, worker), capabilities, tally.usual())
        except ValueError:  # Circumstances that do not fit a smaller case.
            return False
        verdict = requirement.verdict(trial)
        if verdict.outcome is not outcome or not explained(trial, verdict):
            return False
        found = _Failing(case, trial.observation.script, verdict, locate(trial.observation, verdict))
        return True

    def starts() -> bool:
        """From a case that the name explains, if there is one; else from any, and nothing is named."""
        if any(fails(case) for case in (start, failing, *(each.trial.case for each in tally.evidence[:1]))):
            return True
        if tally.diagnosis is None or not tally.diagnosis.key:
            return False
        tally.diagnosis = None
        return any(fails(case) for case in (start, failing))

    # A crash or a hang is expensive to repeat: its case stands as it was drawn.
    if outcome in (Outcome.FAIL, Outcome.ERROR) and starts():
        domain = probe.domain.for_dtype(failing.dtype)
        minimise(
            found.case,
            fails,
            feature=found.verdict.feature,
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
    x = shown_input(found.calls, found.place, found.case)
    text = _written(found, requirement, worker.identity)
    return Counterexample(probe.name, found.case, found.verdict, x, text)


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
