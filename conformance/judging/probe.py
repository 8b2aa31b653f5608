"""A probe: which calls to make on an implementation, given a case. It judges nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from conformance.cases.arrays import Arrays
from conformance.cases.case import Case
from conformance.cases.domain import Domain, fitting
from conformance.implementation import Capabilities
from conformance.protocol.messages import Script


@dataclass(frozen=True, slots=True)
class Probe:
    """An experiment.

    :ivar script: from a case, its arrays and what the implementation declares, to the calls to make.
    :ivar needs: capabilities without which it cannot be made; any requirement that looks at it is then
        unsupported.
    :ivar share: the part of the budget of examples it gets.
    :ivar dtypes: of x that it is about; all if empty.
    :ivar rows: take the rows that cover all circumstances (see :mod:`conformance.exploration`), and not cases that
        are drawn from a domain.
    """

    name: str
    script: Callable[[Case, Arrays, Capabilities], Script]
    domain: Domain = Domain()
    needs: tuple[str, ...] = ()
    share: float = 1.0
    dtypes: tuple[str, ...] = ()
    rows: bool = False

    def lacking(self, capabilities: Capabilities) -> str | None:
        """Why an implementation cannot take part, or None."""
        absent = [name for name in self.needs if not getattr(capabilities, name)]
        if absent:
            return f"declares no {' and no '.join(absent).replace('_', ' ')}"
        if not any(capabilities.takes_axis(axis, r) for r in capabilities.ranks for axis in range(r)):
            return "declares no feature axis that fits its ranks"
        if self.domain.pool and not fitting(self.domain.pool, capabilities):
            return "declares no rank and feature axis of this experiment"
        return None
