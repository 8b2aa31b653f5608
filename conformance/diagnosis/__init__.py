"""What a failing implementation computes instead, if a named deviation explains all it returned.

No guess is presented as a finding: an explanation has to hold for every output of every failing trial that
was kept, within the bounds a right implementation is held to, and no second one may hold as well. Where none
does, what can be seen of the error is told: where it is and what shape it has.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from conformance.diagnosis.finding import Diagnosis
from conformance.diagnosis.forward import of_forward, sound
from conformance.diagnosis.gradient import of_gradient
from conformance.diagnosis.running import of_running
from conformance.judging.averages import steps
from conformance.judging.level import Level
from conformance.judging.trial import Trial

__all__ = ["Diagnosis", "diagnose"]


def diagnose(trials: Sequence[Trial], level: Level) -> Diagnosis | None:
    """Explain the failing ``trials`` of one requirement; None where there is nothing to compare."""
    with np.errstate(all="ignore"):
        return _diagnose(trials, level)


def _diagnose(trials: Sequence[Trial], level: Level) -> Diagnosis | None:
    trials = [t for t in trials if t.observation.lost is None and t.observation.unexpected() is None]
    passes = [f for t in trials for f in t.forwards if f.known and f.got is not None]
    wrong = [f for f in passes if not sound(f, level)]
    outputs = of_forward(passes, wrong, level) if wrong else None
    if outputs is not None and outputs.key:
        return outputs
    backs = [b for t in trials for b in t.backwards if b.forward.known]
    if backs:
        return outputs or of_gradient(backs, level)
    # Where a few outputs are off as well, for a reason that cannot be told, the statistics may still have one.
    taken = [step for t in trials for step in steps(t.observation)]
    return (of_running(taken) if taken else None) or outputs
