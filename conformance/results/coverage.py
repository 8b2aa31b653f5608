"""How much of what can vary was tried, in pairs of circumstances."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from conformance.exploration.rows import cases, pairs_in, plan
from conformance.running.campaign import Settings, TaskResult
from conformance.running.shard import WHOLE


@dataclass(frozen=True)
class Coverage:
    """What was tried of one implementation.

    :ivar covered: pairs of circumstances that some session had. :ivar pairs: those there are to try.
    :ivar left_out: how many others are not tried, by the reason.
    """

    implementation: str
    covered: int
    pairs: int
    left_out: Mapping[str, int] = field(default_factory=dict)


def coverage(result: TaskResult, settings: Settings) -> Coverage | None:
    """What the sessions of an implementation covered; None where none was tried."""
    sessions = {s.dtype: max(t.cases for t in s.tallies) for s in result.shards if s.probe == "session"}
    if result.identity is None or not any(sessions.values()):
        return None
    planned = plan(result.identity.capabilities, settings.dtypes, thorough=settings.thorough)
    budget = settings.max_examples / WHOLE
    tried = [
        row
        for dtype, count in sessions.items()
        for row, _ in cases(planned, dtype, settings.seed, budget)[:count]
    ]
    return Coverage(result.implementation, pairs_in(tried), planned.pairs, dict(planned.left_out))
