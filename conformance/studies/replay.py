"""One failing case again, from a file, on the same implementation or another."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from conformance.diagnosis import Diagnosis, Failure, diagnose
from conformance.judging.requirement import Requirement
from conformance.judging.trial import Trial
from conformance.judging.verdict import Verdict
from conformance.results.case_file import BadCase, CaseFile, experiment_of
from conformance.running.layouts import spare
from conformance.running.observing import observe
from conformance.worker.client import Worker


@dataclass(frozen=True, slots=True)
class Replay:
    """What came of a case file: the verdict, and what explains it if it is a failure."""

    requirement: Requirement
    trial: Trial
    verdict: Verdict
    diagnosis: Diagnosis | None


def replay(file: CaseFile, worker: Worker) -> Replay:
    """Have an implementation perform the case, and judge it.

    :raises BadCase: the implementation declares that it cannot take part.
    """
    requirement, probe = experiment_of(file)
    can, case = worker.identity.capabilities, file.case
    lacking = probe.lacking(can)
    if case.dtype not in can.dtypes:
        lacking = f"declares no {case.dtype}"
    elif not can.takes(case.shape, case.axis):
        lacking = f"declares no input of rank {len(case.shape)} with features along axis {case.axis}"
    elif not can.takes_constants(case.epsilon, case.momentum):
        lacking = f"declares no epsilon {case.epsilon:g} with momentum {case.momentum:g}"
    if lacking:
        raise BadCase(f"{worker.name} {lacking}")
    spare(worker, [probe])
    trial = Trial(case, observe(probe, case, worker), can)
    verdict = requirement.verdict(trial)
    explained = None
    if verdict.outcome.failing:
        with suppress(ArithmeticError, ValueError, LookupError):
            explained = diagnose([Failure(trial, verdict)], requirement.level_for(case.dtype))
    return Replay(requirement, trial, verdict, explained)
