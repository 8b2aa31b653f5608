"""In which circumstances a requirement fails: what the rows in which it does have in common."""

from __future__ import annotations

import math

from conformance.cases.case import Case
from conformance.cases.recent import Recent
from conformance.exploration.circumstances import Circumstances, circumstances
from conformance.exploration.factor import Row
from conformance.exploration.session import case_of
from conformance.judging.requirement import Requirement
from conformance.judging.trial import Trial
from conformance.judging.verdict import Outcome
from conformance.protocol.messages import Observation
from conformance.running.observing import observe
from conformance.running.shard import WHOLE, Shard, looking
from conformance.running.tally import Tally
from conformance.worker.client import Worker

_TRIED = 1 << 18  # elements of the cases tried, for which is remembered what came of them


class Narrowing:
    """For one implementation. What one requirement tries, others do too, so it remembers."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        self._tried: Recent[Observation] = Recent(_TRIED)

    def circumstances(self, shard: Shard, requirement: Requirement, tally: Tally) -> Circumstances | None:
        """None where they cannot be found, or where finding them would take too long.

        :param tally: of that requirement in that shard, which tried rows of circumstances.
        """
        capabilities = self._worker.identity.capabilities
        rows, usual = [row for row, _ in shard.rows(capabilities)][: len(tally.outcomes)], tally.usual()
        outcomes = tally.outcomes
        if tally.directly:  # What shows only before or after says less of the circumstances.
            outcomes = [None if out and k not in tally.directly else out for k, out in enumerate(outcomes)]

        def fails(row: Row) -> bool | None:
            try:
                case = case_of(row, shard.seed, 0, capabilities)
                observation = self._observed(shard, case)
            except ValueError:
                return None
            trial = Trial(case, observation, capabilities, usual)
            verdict = requirement.verdict(looking(trial) if tally.directly else trial)
            return None if verdict.answers == 0 and not verdict.outcome.failing else verdict.outcome.failing

        if tally.worst is not None and tally.worst.outcome in (Outcome.CRASH, Outcome.TIMEOUT):
            return None  # Each try again would cost a start or the whole timeout.
        judged = [failed for failed in outcomes if failed is not None]
        if capabilities.compiles and 2 * sum(judged) > len(judged):
            return None  # What fails in most circumstances seldom takes any, and here each try takes long.
        attempts = 60 if capabilities.compiles else max(60, round(600 * min(1, shard.examples / WHOLE)))
        return circumstances(rows, outcomes, fails, capabilities, attempts=attempts)

    def _observed(self, shard: Shard, case: Case) -> Observation:
        return self._tried.get(
            (shard.probe, case), math.prod(case.shape), lambda: observe(shard.probe, case, self._worker)
        )
