"""How much of what can vary was tried, in pairs of circumstances."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from conformance.exploration.rows import pairs_in
from conformance.implementation import Capabilities
from conformance.running.shard import Shard, ShardResult


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


def coverage(
    implementation: str, capabilities: Capabilities, shards: Sequence[Shard], done: Sequence[ShardResult]
) -> Coverage | None:
    """What the sessions of an implementation covered; None where none was tried.

    :param shards: those there were to do.
    """
    judged = {(each.probe, each.dtype): max(t.cases for t in each.tallies) for each in done}
    sessions = [s for s in shards if s.probe.rows and judged.get((s.probe.name, s.dtype))]
    if not sessions:
        return None
    tried = [
        row
        for shard in sessions
        for row, _ in shard.rows(capabilities)[: judged[shard.probe.name, shard.dtype]]
    ]
    planned = sessions[0].plan(capabilities)
    return Coverage(implementation, pairs_in(tried), planned.pairs, dict(planned.left_out))
