"""Of all that failed, what is shown: one case of each requirement, as small as it can be made."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from conformance.judging.probe import Probe
from conformance.running.shard import Shard, ShardResult
from conformance.running.shrunk import smallest
from conformance.running.tally import Tally, shown
from conformance.worker.client import Worker


def make_small(
    done: Sequence[ShardResult], shards: Sequence[Shard], worker: Worker, stop: Callable[[], bool]
) -> None:
    """Make the failing case that is shown of each requirement as small as can be: the one of many that is looked at.

    :param done: what came of one implementation. :param shards: those that this may have come of.
    """
    probes = {shard.probe.name: shard.probe for shard in shards}
    requirements = {each.id: each for shard in shards for each in shard.requirements}
    tallies: dict[str, list[tuple[Tally, Probe]]] = {}
    for result in done:
        for tally in result.tallies:
            tallies.setdefault(tally.requirement, []).append((tally, probes[result.probe]))
    for name, own in tallies.items():
        found = shown([tally for tally, _ in own])
        if found is not None:
            probe = next(probe for tally, probe in own if tally is found)
            found.counterexample = smallest(probe, requirements[name], found, worker, stop)
