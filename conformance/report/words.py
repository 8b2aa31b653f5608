"""What a report says, in words: shared by the forms meant for people."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from conformance.cases.case import Case
from conformance.judging.level import Level
from conformance.judging.verdict import Outcome
from conformance.report.marks import FAIL, FOLLOWS, KNOWN, NONE, PASS, SHOULD, Mark
from conformance.results.model import INFINITE, Report, Result

_REMARKS = 12  # lines of a problem; what an implementation last said may have many

SHAPES = ("shape.gamma", "shape.beta", "shape.running-mean", "shape.running-var")

#: What the letters of the tables and charts stand for; said where they first occur.
KAPPA = "kappa = |mean| / standard deviation of a feature"
COUNT = "N = number of values per feature"


@dataclass(frozen=True, slots=True)
class Standing:
    """How an implementation stands in a group of requirements.

    :ivar count: of those that hold, among those that apply. :ivar ratio: the largest error divided by its bound.
    """

    mark: Mark
    count: str
    ratio: float | None


def standing(results: list[Result], roots: Collection[str] | None = None) -> Standing:
    """How the requirements of ``results`` stand together.

    :param roots: the implementation's :func:`~conformance.report.causes.roots`; without them no failure counts as
        following from another.
    """
    judged = [r for r in results if r.outcome is not Outcome.UNSUPPORTED]
    if not judged:
        return Standing(NONE, "", None)
    good = sum(not r.outcome.failing for r in judged)
    mark = PASS if good == len(judged) else KNOWN
    if any(r.fails_at((Level.MUST,)) for r in judged):
        mark = FAIL
    elif any(r.fails_at(tuple(Level)) for r in judged):
        mark = SHOULD
    failing = {r.requirement for r in judged if r.fails_at(tuple(Level))}
    if failing and roots is not None and failing.isdisjoint(roots):
        mark = FOLLOWS
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


def covered(report: Report) -> list[str]:
    """How many pairs of circumstances were tried: a line for all implementations of which it says the same."""
    same: dict[tuple[int, int], list[str]] = {}
    for each in report.coverage:
        same.setdefault((each.covered, each.pairs), []).append(each.implementation)
    return [
        f"{', '.join(names)}: {number(some)} of {number(pairs)} pairs of circumstances tried"
        for (some, pairs), names in same.items()
    ]


def remarks(report: Report) -> list[tuple[str, str]]:
    """What is to be known of how implementations were judged: each with what was lost, or nearly so."""
    return [
        (each.id, text)
        for each in report.implementations
        # Where there are no results, the problem stands in their place.
        for text in (*(each.problem.splitlines()[:_REMARKS] if report.of(each.id) else ()), *each.notes)
    ]


def described_case(case: Case, arrays: Mapping[str, Any]) -> str:
    """A minimal case in a few lines a person can read and type in; its arrays, if there are any, spelled out."""
    lines = [
        f"x of shape {spelled(case.shape)}, axis {case.axis}, {case.dtype}, epsilon {case.epsilon:g}, "
        f"seed {case.seed}"
    ]
    if case.circumstances:
        told = {"momentum": f"{case.momentum:g}"} if case.momentum != 0.9 else {}
        lines.append("; ".join(f"{name}: {level}" for name, level in {**told, **case.circumstances}.items()))
    if arrays:
        lines += [f"{name:5} = {_list(arrays[name])}" for name in ("x", "gamma", "beta") if name in arrays]
    else:
        regimes = sorted({f"{r.values}, kappa {r.kappa:g}, scale {r.scale:g}" for r in case.features})
        lines.append("features: " + "; ".join(regimes[:4]) + f" ({KAPPA})")
    return "\n".join(lines)


def ratio(value: float) -> str:
    """A ratio of error to bound, in few digits: for a table."""
    if value >= INFINITE:
        return "inf"
    if 1 < value < 1.005:
        return ">1"
    return (
        f"{value:.{3 if value > 1 else 2}g}"
        if value < 100
        else f"{value:.0e}".replace("e+0", "e").replace("e+", "e")
    )


def number(value: int) -> str:
    return f"{value:,}"


def failing(must: int, should: int) -> str:
    """How many requirements fail, by level."""
    return f"{number(must)} MUST and {number(should)} SHOULD requirements do not hold"


def spelled(shape: tuple[int, ...]) -> str:
    """A shape as Python writes it."""
    return f"({shape[0]},)" if len(shape) == 1 else f"({', '.join(map(str, shape))})"


def _list(value: object) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(_list(v) for v in value) + "]"
    return f"{value:.9g}" if isinstance(value, float) else str(value)
