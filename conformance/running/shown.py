"""Of all that failed, what is shown: one case of each requirement, as small as it can be made, and when it fails."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from conformance.running.narrowing import Narrowing
from conformance.running.shard import Shard, ShardResult
from conformance.running.shrunk import smallest
from conformance.running.tally import Tally, shown
from conformance.worker.client import Worker


def make_small(
    done: Sequence[ShardResult], shards: Sequence[Shard], worker: Worker, stop: Callable[[], bool]
) -> None:
    """Find the circumstances in which each requirement fails, by the first dtype that tells; and make the failing
    case that is shown of it as small as can be, the one of many that is looked at.

    :param done: what came of one implementation. :param shards: those that this may have come of.
    """
    by_place = {(shard.probe.name, shard.dtype): shard for shard in shards}
    requirements = {each.id: each for shard in shards for each in shard.requirements}
    tallies: dict[str, list[tuple[Tally, Shard]]] = {}
    for result in done:
        for tally in result.tallies:
            shard = by_place[result.probe, result.dtype]
            tallies.setdefault(tally.requirement, []).append((tally, shard))
    narrowing = Narrowing(worker)
    for name, own in tallies.items():
        for tally, shard in own:
            if shard.probe.rows and tally.failures and not stop():
                tally.circumstances = narrowing.circumstances(shard, requirements[name], tally)
                if tally.circumstances is not None:
                    break
        found = shown([tally for tally, _ in own])
        if found is None:
            continue
        shard = next(shard for tally, shard in own if tally is found)
        found.counterexample = smallest(shard.probe, requirements[name], found, worker, shard.seed, stop)
