"""Whether a named deviation reproduces a failure: the very answer that a requirement rejects is as it would give it.

A layer may have two defects. What explains its outputs is then not what its gradients or its statistics fail for.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence

import numpy as np

from conformance.diagnosis.deviations import FORWARD, GRADIENT, RUNNING, Deviation
from conformance.diagnosis.deviations.running import momentum_fixed
from conformance.diagnosis.finding import HALF, NARROWED, ONE_PASS, ONE_PASS_CLIPPED, Failure
from conformance.diagnosis.forward import reproduces as in_output
from conformance.diagnosis.gradient import reproduces as in_gradient
from conformance.diagnosis.running import reproduces as in_statistics
from conformance.judging.averages import steps
from conformance.judging.level import Level
from conformance.judging.place import Place, locate
from conformance.protocol.messages import Call, Parameters

_PRECISION = (NARROWED, HALF, ONE_PASS, ONE_PASS_CLIPPED)


def reproduces(key: str, failure: Failure, level: Level) -> bool:
    """Whether the deviation of that key, or one of two that could not be told apart, gives what is rejected."""
    place = locate(failure.trial.observation, failure.verdict)
    with np.errstate(all="ignore"):
        return any(each for name in key.split("|") for each in _looks(name, failure, place, level))


def _looks(key: str, failure: Failure, place: Place | None, level: Level) -> Iterator[bool]:
    """One for each answer that the failure may show in: whether a deviation gives it."""
    trial, script = failure.trial, failure.trial.observation.script
    shows = None if place is None else script[place.call]

    def shown(call: Call) -> bool:
        # Statistics that should have moved and did not are the same in several answers.
        return (
            shows is None or call is shows or (isinstance(call, Parameters) and isinstance(shows, Parameters))
        )

    array = place.array if place is not None else ""
    for d in _called(key, (*FORWARD, *_PRECISION)):
        yield from (in_output(d, f, level) for f in trial.forwards if shown(f.call))
    for d in _called(key, (*FORWARD, *GRADIENT, *_PRECISION)):
        yield from (in_gradient(d, b, level, array) for b in trial.backwards if shown(b.call))
    for d in _called(key, (*FORWARD, *RUNNING, *_PRECISION)):
        yield from (in_statistics(d, s, level) for s in steps(trial.observation) if shown(s.seen))


def _called(key: str, known: Sequence[Deviation]) -> Iterator[Deviation]:
    """The deviations of that key, or combinations of several: one name may be of an output and of a statistic."""
    # A momentum is one of any number of them.
    measured = re.fullmatch(r"momentum-fixed-(.+)", key)
    known = (*known, momentum_fixed(float(measured[1]))) if measured else known
    parts = [[d for d in known if d.key == part] for part in key.split("+")]
    for each in itertools.product(*parts):
        found: Deviation | None = each[0]
        for other in each[1:]:
            found = found and found.with_(other)
        if found:
            yield found
