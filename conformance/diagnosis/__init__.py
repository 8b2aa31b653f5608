"""What a failing implementation computes instead, if a named deviation explains all it returned.

No guess is presented as a finding: an explanation has to hold for every output of every failing trial that
was kept, within the bounds a right implementation is held to, no second one may hold as well, and it has to
reproduce what each of those trials fails for. Where none does, what can be seen of the error is told: where it is
and what shape it has.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from conformance.diagnosis.finding import Diagnosis, Failure
from conformance.diagnosis.forward import of_forward, sound
from conformance.diagnosis.gradient import of_gradient
from conformance.diagnosis.reproducing import reproduces
from conformance.diagnosis.running import of_running
from conformance.judging.averages import steps
from conformance.judging.level import Level
from conformance.judging.trial import Trial

__all__ = ["Diagnosis", "Failure", "diagnose", "reproduces"]


def diagnose(failures: Sequence[Failure], level: Level) -> Diagnosis | None:
    """Explain the failures of one requirement; None where there is nothing to compare."""
    failures = [f for f in failures if _answered(f.trial)]
    with np.errstate(all="ignore"):
        unnamed = None
        for found in _explanations([f.trial for f in failures], level):
            if found.key and all(reproduces(found.key, each, level) for each in failures):
                return found
            unnamed = unnamed or (None if found.key else found)
        return unnamed


def _answered(trial: Trial) -> bool:
    return trial.observation.lost is None and trial.observation.unexpected() is None


def _explanations(trials: list[Trial], level: Level) -> Iterator[Diagnosis]:
    """What explains the outputs, the gradients, and how the statistics moved."""
    passes = [f for t in trials for f in t.forwards if f.known and f.got is not None]
    wrong = [f for f in passes if not sound(f, level)]
    backs = [b for t in trials for b in t.backwards if b.forward.known]
    taken = [step for t in trials for step in steps(t.observation)]
    if wrong and (outputs := of_forward(passes, wrong, level)):
        yield outputs
    if backs and (gradients := of_gradient(backs, level)):
        yield gradients
    if taken and (averages := of_running(taken)):
        yield averages
