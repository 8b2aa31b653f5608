"""One case of a probe, performed by an implementation."""

from __future__ import annotations

from conformance.cases.arrays import realise
from conformance.cases.case import Case
from conformance.judging.probe import Probe
from conformance.protocol.messages import Observation
from conformance.worker.client import Worker


def observe(probe: Probe, case: Case, worker: Worker) -> Observation:
    """What comes of the script that a probe makes of a case."""
    return worker.run(probe.script(case, realise(case), worker.identity.capabilities))
