"""Which failures explain which: a defect is told once, with all that follows from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from conformance.judging.level import Level
from conformance.judging.verdict import Outcome
from conformance.report.marks import FAIL, KNOWN, SHOULD, Mark
from conformance.report.words import SHAPES
from conformance.results.model import Report, RequirementInfo, Result


@dataclass(frozen=True, slots=True)
class Cause:
    """A failure that no other explains, and those that follow from it: requirements that presuppose what failed, and
    fail in no other dtype than it did.
    """

    result: Result
    followers: tuple[Result, ...] = ()

    @property
    def level(self) -> Level:
        """The strictest of those at which it fails."""
        failing = [each.level for each in self.result.by_dtype.values() if each.outcome.failing]
        return min(failing, key=list(Level).index)

    @property
    def is_known(self) -> bool:
        return not self.result.fails_at(tuple(Level))

    @property
    def mark(self) -> Mark:
        if self.is_known:
            return KNOWN
        return FAIL if self.result.fails_at((Level.MUST,)) else SHOULD

    @property
    def dtypes(self) -> list[str]:
        return self.result.failing_dtypes


def causes(report: Report) -> list[Cause]:
    """What failed, cause before consequence: MUST before SHOULD, then in the order of the catalogue, so
    that the same defect of several implementations stands together.
    """
    place = {r.id: k for k, r in enumerate(report.requirements)}
    found: list[Cause] = []
    for implementation in report.implementations:
        failing = _failing(report, implementation.id)
        followers: dict[str, list[Result]] = {}
        for name, root in _explained(report.requirements, failing).items():
            followers.setdefault(root, []).extend([failing[name]] * (name != root))
        found += (Cause(failing[root], tuple(others)) for root, others in followers.items())
    return sorted(
        found,
        key=lambda f: (f.is_known, f.level is not Level.MUST, place[f.result.requirement]),
    )


def roots(report: Report, implementation: str) -> frozenset[str]:
    """The failing requirements of an implementation that no other explains, by their ids."""
    return frozenset(_explained(report.requirements, _failing(report, implementation)).values())


def _failing(report: Report, implementation: str) -> dict[str, Result]:
    return {r.requirement: r for r in report.of(implementation) if r.outcome.failing}


def _explained(requirements: tuple[RequirementInfo, ...], failing: Mapping[str, Result]) -> dict[str, str]:
    """For each failing requirement the one that explains it in the end, which may be itself.

    A report may be a stranger's. So each is followed once, however long the chain, and of those that explain each
    other in a ring it is the first of the catalogue.
    """
    presupposes = {r.id: tuple(name for name in r.presupposes if name in failing) for r in requirements}
    place = {name: k for k, name in enumerate(presupposes)}
    dtypes = {name: frozenset(each.failing_dtypes) for name, each in failing.items()}

    def earlier(name: str) -> str | None:
        """Of two that presuppose each other the one that fails in fewer dtypes is explained by the other; where
        they fail in the same ones, that which comes later in the catalogue, and is more special, is the cause.
        """
        first = presupposes.get(name, ())
        if failing[name].outcome is Outcome.ERROR and name not in SHAPES[:2]:
            # A layer whose gamma or beta is no n-vector cannot so much as be loaded.
            first = (*SHAPES[:2], *first)
        for other in first:
            if other == name or other not in failing:
                continue
            mutual = name in presupposes.get(other, ()) and place[name] > place[other]
            if dtypes[name] < dtypes[other] or (dtypes[name] == dtypes[other] and not mutual):
                return other
        return None

    found: dict[str, str] = {}
    for name in failing:
        path: dict[str, None] = {}
        while name not in found:
            path[name] = None
            other = earlier(name)
            if other in path:
                ring = list(path)[list(path).index(other) :]
                name = min(ring, key=lambda each: place[each])
            if other is None or other in path:
                found[name] = name
            else:
                name = other
        found |= dict.fromkeys(path, found[name])
    return found
