"""What a report says, in words: shared by the forms meant for people."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from conformance.cases.case import Case
from conformance.judging.level import Level
from conformance.judging.verdict import Outcome
from conformance.results.model import INFINITE, Failure, Report, Result

SHAPES = ("shape.gamma", "shape.beta", "shape.running-mean", "shape.running-var")


#: Everything holds; what fails is in the baseline; a SHOULD fails; a MUST fails; what fails presupposes what fails
#: in another group; nothing applies.
Mark = Literal["pass", "known", "should", "fail", "follows", "none"]


@dataclass(frozen=True, slots=True)
class Standing:
    """How an implementation stands in a group of requirements."""

    mark: Mark
    count: str
    ratio: float | None


def standing(results: list[Result], roots: Collection[str] | None = None) -> Standing:
    """The mark tells MUST from SHOULD; the count is of requirements that hold among those that apply.

    :param roots: the implementation's :func:`causes`; without them nothing is told to follow from another.
    """
    judged = [r for r in results if r.outcome is not Outcome.UNSUPPORTED]
    if not judged:
        return Standing("none", "-", None)
    good = sum(not r.outcome.failing for r in judged)
    mark: Mark = "pass" if good == len(judged) else "known"
    if any(r.fails_at((Level.MUST,)) for r in judged):
        mark = "fail"
    elif any(r.fails_at(tuple(Level)) for r in judged):
        mark = "should"
    failing = {r.requirement for r in judged if r.fails_at(tuple(Level))}
    if failing and roots is not None and failing.isdisjoint(roots):
        mark = "follows"
    # What holds beyond its bound was not asked to keep to it, but to be finite.
    measured = [(r, r.worst_ratio) for r in judged if r.worst_ratio is not None]
    ratios = [ratio for r, ratio in measured if ratio <= 1 or r.outcome.failing]
    return Standing(mark, f"{good}/{len(judged)}", max(ratios, default=None))


def answer(report: Report) -> str:
    """The answer to the question, as far as this report bears it out."""
    judged = [(i.id, [report.result(i.id, name) for name in SHAPES[:2]]) for i in report.implementations]
    holders = [
        (name, [r for r in results if r is not None and r.outcome is not Outcome.UNSUPPORTED])
        for name, results in judged
    ]
    holders = [(name, results) for name, results in holders if results]
    if not holders:
        return "Nothing here was judged on the shapes of gamma and beta."
    wrong = [name for name, results in holders if any(r.outcome.failing for r in results)]
    if wrong:
        return (
            "gamma and beta should be n-vectors, one pair for each feature; they are not in "
            f"{', '.join(wrong)}."
        )
    where = holders[0][0]
    if len(holders) > 1:
        where = f"all {len(holders)} implementations that hold them"
    return f"gamma and beta are n-vectors, one pair for each feature, in {where}."


@dataclass(frozen=True, slots=True)
class Finding:
    """A failure, known or not, and those of the same implementation that follow from it: requirements that
    presuppose what failed, in no other dtype than it did.
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
            return "known"
        return "fail" if self.result.fails_at((Level.MUST,)) else "should"

    @property
    def dtypes(self) -> list[str]:
        return self.result.failing_dtypes


def findings(report: Report) -> list[Finding]:
    """What failed, cause before consequence: MUST before SHOULD, then in the order of the catalogue, so
    that the same defect of several implementations stands together.
    """
    order = [r.id for r in report.requirements]
    found: list[Finding] = []
    for implementation in report.implementations:
        failing = {r.requirement: r for r in report.of(implementation.id) if r.outcome.failing}
        cause = {name: _cause(report, failing, name) for name in failing}
        for name, result in failing.items():
            if cause[name] == name:
                followers = [r for other, r in failing.items() if cause[other] == name != other]
                found.append(Finding(result, tuple(followers)))
    return sorted(
        found, key=lambda f: (f.is_known, f.level is not Level.MUST, order.index(f.result.requirement))
    )


def causes(report: Report, implementation: str) -> frozenset[str]:
    """The failing requirements of an implementation that no other explains."""
    failing = {r.requirement: r for r in report.of(implementation) if r.outcome.failing}
    return frozenset(name for name in failing if _cause(report, failing, name) == name)


def _cause(report: Report, failing: dict[str, Result], name: str) -> str:
    """The failing requirement that explains ``name``, which may be itself.

    Of two that presuppose each other the one that fails in fewer dtypes is explained by the other; where
    they fail in the same ones, that which comes later in the catalogue, and is more special, is the cause.
    """
    presupposes = {r.id: r.presupposes for r in report.requirements}
    order = list(presupposes)
    seen = [name]  # A report may come from a stranger, and its requirements presuppose each other in a ring.
    while (earlier := _explaining(presupposes, order, failing, name)) is not None and earlier not in seen:
        seen.append(earlier)
        name = earlier
    return name


def _explaining(
    presupposes: Mapping[str, tuple[str, ...]], order: list[str], failing: dict[str, Result], name: str
) -> str | None:
    first = presupposes.get(name, ())
    if failing[name].outcome is Outcome.ERROR and name not in SHAPES[:2]:
        # A layer whose gamma or beta is no n-vector cannot so much as be loaded.
        first = (*SHAPES[:2], *first)
    own = set(failing[name].failing_dtypes)
    for earlier in first:
        if earlier not in failing or earlier == name:
            continue
        theirs = set(failing[earlier].failing_dtypes)
        mutual = name in presupposes.get(earlier, ())
        if own < theirs or (own == theirs and not (mutual and order.index(name) > order.index(earlier))):
            return earlier
    return None


def headline(finding: Finding) -> str:
    """Level, outcome, dtypes, and how far beyond its bound."""
    result = finding.result
    text = f"{finding.level}, {result.outcome} in {', '.join(finding.dtypes)}"
    if result.outcome is Outcome.FAIL and result.worst_ratio is not None:
        infinite = result.worst_ratio >= INFINITE
        beyond = "not finite" if infinite else f"{ratio(result.worst_ratio)} times the bound"
        text += f", at worst {beyond}"
    return text


def described_case(case: Case, arrays: Mapping[str, Any]) -> str:
    """A minimal case in a few lines a person can read and type in; its arrays, if there are any, spelled out."""
    lines = [
        f"x of shape {spelled(case.shape)}, axis {case.axis}, {case.dtype}, epsilon {case.epsilon:g}, "
        f"seed {case.seed}"
    ]
    if arrays:
        for name in ("x", "gamma", "beta"):
            value = arrays[name]
            lines.append(f"{name:5} = {_list(value)}")
    else:
        recipes = sorted({f"{r.values}, kappa {r.kappa:g}, scale {r.scale:g}" for r in case.features})
        lines.append("features: " + "; ".join(recipes[:4]))
    return "\n".join(lines)


def ratio(value: float) -> str:
    """A ratio of error to bound, in three digits."""
    if value >= INFINITE:
        return "inf"
    return f"{value:.2g}" if value < 100 else f"{value:.0e}".replace("e+0", "e").replace("e+", "e")


def number(value: int) -> str:
    return f"{value:,}"


def described_failure(failure: Failure) -> str:
    return described_case(failure.case, failure.arrays)


def slug(name: str) -> str:
    """A name as part of that of a file."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", name).strip("-.") or "unnamed"


def spelled(shape: tuple[int, ...]) -> str:
    """A shape as Python writes it."""
    return f"({shape[0]},)" if len(shape) == 1 else f"({', '.join(map(str, shape))})"


def _list(value: object) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(_list(v) for v in value) + "]"
    return f"{value:.9g}" if isinstance(value, float) else str(value)
