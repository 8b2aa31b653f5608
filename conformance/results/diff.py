"""What changed between two reports."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from conformance.results.model import Report, Result

Kind = Literal["worse", "better", "changed", "new", "gone"]


@dataclass(frozen=True, slots=True)
class Change:
    """:ivar requirement: its id; empty where a whole implementation is new or gone.

    :ivar before, after: the outcome with the dtypes it is of, or what was observed.
    """

    kind: Kind
    implementation: str
    requirement: str
    before: str
    after: str


def changes(old: Report, new: Report) -> list[Change]:
    """All of them, the worst kind first. A failure in more dtypes than before is worse."""
    found: list[Change] = []
    before = {each.id: each.version for each in old.implementations}
    after = {each.id: each.version for each in new.implementations}
    for name in dict.fromkeys((*before, *after)):
        if name not in before or name not in after:
            kind: Kind = "gone" if name not in after else "new"
            found.append(Change(kind, name, "", before.get(name, ""), after.get(name, "")))
            continue
        earlier = {each.requirement: each for each in old.of(name)}
        later = {each.requirement: each for each in new.of(name)}
        for requirement in dict.fromkeys((*earlier, *later)):
            change = _change(name, requirement, earlier.get(requirement), later.get(requirement))
            found += [change] if change else []
    order: tuple[Kind, ...] = ("worse", "better", "changed", "new", "gone")
    return sorted(found, key=lambda change: order.index(change.kind))


def _change(name: str, requirement: str, old: Result | None, new: Result | None) -> Change | None:
    if old is None or new is None:
        kind: Kind = "new" if old is None else "gone"
        if new is not None and new.outcome.failing:
            kind = "worse"  # There was no such requirement, and now it does not hold.
        return Change(kind, name, requirement, _said(old), _said(new))
    gained = set(new.failing_dtypes) - set(old.failing_dtypes)
    lost = set(old.failing_dtypes) - set(new.failing_dtypes)
    if gained or (
        old.outcome.failing and new.outcome.failing and new.outcome.severity > old.outcome.severity
    ):
        return Change("worse", name, requirement, _said(old), _said(new))
    if lost or (new.outcome.severity < old.outcome.severity and old.outcome.failing):
        return Change("better", name, requirement, _said(old), _said(new))
    if old.observed != new.observed or old.outcome is not new.outcome:
        return Change("changed", name, requirement, _said(old), _said(new))
    return None


def _said(result: Result | None) -> str:
    if result is None:
        return "-"
    if result.outcome.failing:
        return f"{result.outcome} in {', '.join(result.failing_dtypes)}"
    return result.observed or str(result.outcome)
