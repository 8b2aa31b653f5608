"""What is done about a judging process that died: what it had judged is kept, and the rest is tried again.

An implementation can kill the process that judges it, and so can a system short of memory. One death may be
chance: a shard is tried a second time, and one that costs another process is left out. The third death in a dtype
ends that dtype, so that what kills always does not take for ever. Nothing here depends on how dtypes are spread
over processes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from conformance.protocol.messages import Identity
from conformance.running.campaign import TaskResult
from conformance.running.shard import ShardResult
from conformance.running.steps import HELD, SMALLEST, START, Judged, Place

_SHARD, _DTYPE = 2, 3  # deaths after which one is left out


@dataclass(frozen=True, slots=True)
class Death:
    """:ivar how: what the process did, as the predicate of a sentence; a trace may follow on lines of its own.
    :ivar place: where it was.
    """

    how: str
    place: Place


@dataclass(frozen=True, slots=True)
class Part:
    """What one process does in one go. :ivar dtypes: those of the settings it does.
    :ivar done: what processes that died had judged.
    """

    names: tuple[str, ...]
    dtypes: tuple[str, ...]
    identity: Identity | None = None
    done: tuple[ShardResult, ...] = ()
    deaths: tuple[Death, ...] = ()

    def without(self, place: Place) -> bool:
        """Whether to leave out this shard."""
        return self._at(place) >= _SHARD or self._in(place.dtype) >= _DTYPE

    @property
    def hopeless(self) -> bool:
        """Whether nothing is left that could be tried again: it died twice where it was at no shard."""
        return any(not death.place.dtype and self._at(death.place) >= _SHARD for death in self.deaths)

    def ends(self, place: Place) -> bool:
        """Whether a dtype was given up there."""
        own = [death.place for death in self.deaths if death.place.dtype == place.dtype]
        return bool(place.dtype) and len(own) >= _DTYPE and own[-1] == place

    def _at(self, place: Place) -> int:
        return sum(death.place == place for death in self.deaths)

    def _in(self, dtype: str) -> int:
        return sum(death.place.dtype == dtype for death in self.deaths)


def kept(part: Part, judged: Sequence[Judged]) -> Part:
    """A part of one implementation, with what its process judged before it died."""
    identity = judged[-1].identity if judged else part.identity
    return replace(part, identity=identity, done=(*part.done, *(each.shard for each in judged)))


def accounted(result: TaskResult, parts: Sequence[Part], dtypes: Sequence[str]) -> TaskResult:
    """A result, with what the deaths of processes cost it, in words.

    :param parts: all of the implementation's. :param dtypes: all that were to be tried, in their order.
    """
    lost, harmless = [], []
    places = dict.fromkeys(death.place for part in parts for death in part.deaths)
    for place in sorted(
        places, key=lambda each: (each in (HELD, SMALLEST), dtypes.index(each.dtype) if each.dtype else -1)
    ):
        own = max(([d for d in part.deaths if d.place == place] for part in parts), key=len)
        how = " and then ".join(dict.fromkeys(death.how.partition("\n")[0] for death in own))
        said = f"the process that judged it {how} {_where(place)}"
        if any(part.ends(place) for part in parts):
            lost.append(f"{said}, the third time in {place.dtype}: the rest of {place.dtype} is missing")
        elif len(own) >= _SHARD:
            lost.append(f"{said}, also when that was tried again: that is missing")
        else:
            harmless.append(f"{said}; that was tried again")
    unjudged = [dtype for dtype in dtypes if dtype not in {shard.dtype for shard in result.shards}]
    if lost and unjudged:
        lost.append(f"nothing was judged in {', '.join(unjudged)}")
    traces = dict.fromkeys(d.how.partition("\n")[2] for part in parts for d in part.deaths)
    problem = "\n".join(filter(None, [result.problem, *lost, *traces]))
    status = "lost" if lost and result.status in ("complete", "partial") else result.status
    return replace(result, status=status, problem=problem, notes=(*result.notes, *harmless))


def _where(place: Place) -> str:
    if place.dtype:
        return f"at {place.probe} in {place.dtype}"
    return {
        START: "when it began",
        HELD: "when it looked at what layers hold",
        SMALLEST: "when it looked for the smallest failing cases",
    }[place]
