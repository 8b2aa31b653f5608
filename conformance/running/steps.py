"""How a campaign goes on, step by step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from conformance.protocol.messages import Identity
from conformance.running.shard import ShardResult


@dataclass(frozen=True, slots=True)
class Place:
    """A shard; or without a dtype what is done before all of them or after."""

    probe: str = ""
    dtype: str = ""


START, HELD, SMALLEST = Place(), Place("held"), Place("smallest")


@dataclass(frozen=True, slots=True)
class Begun:
    """An implementation is come to there."""

    implementation: str
    place: Place


@dataclass(frozen=True, slots=True)
class Judged:
    """A shard is done."""

    implementation: str
    identity: Identity
    shard: ShardResult


#: Called with how a campaign goes on.
Tell = Callable[[Begun | Judged], None]
#: Whether to leave out a shard.
Without = Callable[[Place], bool]
