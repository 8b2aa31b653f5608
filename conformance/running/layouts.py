"""Which layouts of arrays in memory an implementation refuses.

``torch.from_numpy`` refuses negative strides, say. Whoever calls such a layer makes a copy first, and so does the
suite, once it has seen that. That a layout is refused is one requirement, purity.layouts; no other is about it.
"""

from __future__ import annotations

from collections.abc import Iterable

from conformance.cases.arrays import realise
from conformance.cases.case import Case, Regime
from conformance.cases.domain import fitting
from conformance.judging.probe import Probe
from conformance.protocol.refused import Refused
from conformance.requirements.purity import each_layout, refused_layouts
from conformance.worker.client import Worker


def spare(worker: Worker, probes: Iterable[Probe]) -> None:
    """From now on, send contiguous arrays in place of those that the implementation refuses.

    :param probes: those to come; where none has arrays that lie otherwise, nothing is tried.
    :raises CannotStart: it ended, and did not start again.
    """
    can = worker.identity.capabilities
    if worker.refused is not None or each_layout.lacking(can) is not None:
        return
    if not any(probe.rows or "views" in probe.needs for probe in probes):
        return
    places = fitting(each_layout.domain.pool, can)
    of_rank = {len(shape): (shape, axis) for shape, axis in reversed(places)}
    found: set[Refused] = set()
    for shape, axis in places[:1] if can.compiles else of_rank.values():
        regimes = tuple(Regime(gamma="random", beta="random", stream=k) for k in range(shape[axis]))
        case = Case(shape, axis, can.dtypes[0], features=regimes)
        seen = worker.run(each_layout.script(case, realise(case), can))
        found |= refused_layouts(seen).keys()
        if seen.lost is not None:
            break
    worker.refused = frozenset(found)
