"""What a report says, in words and short tables: shared by the forms meant for people."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from conformance.report.model import Failure, Level, Outcome, Report, Result

_SHAPES = ("shape.gamma", "shape.beta", "shape.running-mean", "shape.running-var")


@dataclass(frozen=True, slots=True)
class Standing:
    """How an implementation stands in a group of requirements."""

    mark: Literal["pass", "should", "fail", "none"]
    count: str
    ratio: float | None


def standing(results: list[Result]) -> Standing:
    """The mark tells MUST from SHOULD; the count is of requirements that hold among those that apply."""
    judged = [r for r in results if r.outcome is not Outcome.UNSUPPORTED]
    if not judged:
        return Standing("none", "-", None)
    good = sum(not r.outcome.failing for r in judged)
    mark: Literal["pass", "should", "fail", "none"] = "pass"
    if any(r.fails_at((Level.MUST,)) for r in judged):
        mark = "fail"
    elif good < len(judged):
        mark = "should"
    ratios = [r.worst_ratio for r in judged if r.worst_ratio is not None]
    return Standing(mark, f"{good}/{len(judged)}", max(ratios, default=None))


def answer(report: Report) -> str:
    """The answer to the question, as far as this report bears it out."""
    judged = [
        (i.id, [report.result(i.id, name) for name in _SHAPES[:2]]) for i in report.implementations
    ]
    holders = [
        (name, [r for r in results if r is not None and r.outcome is not Outcome.UNSUPPORTED])
        for name, results in judged
    ]
    holders = [(name, results) for name, results in holders if results]
    if not holders:
        return "Nothing here was judged on the shapes of gamma and beta."
    wrong = [name for name, results in holders if any(r.outcome.failing for r in results)]
    if not wrong:
        among = f"all {len(holders)} implementations" if len(holders) > 1 else holders[0][0]
        return f"gamma and beta are n-vectors, one pair for each feature, in {among} that hold them." if len(
            holders
        ) > 1 else f"gamma and beta are n-vectors, one pair for each feature, in {among}."
    return f"gamma and beta should be n-vectors, one pair for each feature; they are not in {', '.join(wrong)}."


def shapes(report: Report) -> list[tuple[str, str, str, str, str]]:
    """(implementation, native shapes of gamma, beta, running mean and variance)."""
    rows = []
    for each in report.implementations:
        cells = []
        for name in _SHAPES:
            result = report.result(each.id, name)
            if result is None:
                cells.append("?")
            elif result.outcome is Outcome.UNSUPPORTED:
                cells.append("given" if name in _SHAPES[:2] else "not kept")
            elif result.outcome.failing:
                cells.append(f"{result.observed or result.outcome} ✗")
            else:
                cells.append(result.observed or "n-vector")
        if any(cell != "?" for cell in cells):
            rows.append((each.id, *cells))
    return rows  # type: ignore[return-value]


def failures(report: Report) -> list[Result]:
    """What failed: MUST before SHOULD, then by requirement, so that the same defect stands together."""
    order = [r.id for r in report.requirements]
    found = [r for r in report.results if r.outcome.failing]
    return sorted(
        found, key=lambda r: (not r.fails_at((Level.MUST,)), order.index(r.requirement))
    )


def times(result: Result) -> str:
    """How far beyond its bound, as the beginning of a sentence, or nothing."""
    if result.outcome is not Outcome.FAIL or result.worst_ratio is None:
        return ""
    if math.isinf(result.worst_ratio):
        return "up to infinitely far beyond its bound. "
    return f"up to {result.worst_ratio:.3g} times its bound. "


def described_case(failure: Failure) -> str:
    """A minimal case in a few lines a person can read and type in."""
    case = failure.case
    lines = [
        f"x of shape {_tuple(case.shape)}, axis {case.axis}, {case.dtype}, epsilon {case.epsilon:g}, "
        f"seed {case.seed}"
    ]
    if failure.arrays:
        for name in ("x", "gamma", "beta"):
            value = failure.arrays[name]
            lines.append(f"{name:5} = {_list(value)}")
    else:
        recipes = sorted({f"{r.values}, kappa {r.kappa:g}, scale {r.scale:g}" for r in case.features})
        lines.append("features: " + "; ".join(recipes[:4]))
    return "\n".join(lines)


def ratio(value: float) -> str:
    """A ratio of error to bound, in three digits."""
    return "inf" if math.isinf(value) else f"{value:.2g}" if value < 100 else f"{value:.0e}"


def number(value: int) -> str:
    return f"{value:,}"


def _tuple(shape: tuple[int, ...]) -> str:
    return "(" + ", ".join(map(str, shape)) + ")"


def _list(value: object) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(_list(v) for v in value) + "]"
    return f"{value:.9g}" if isinstance(value, float) else str(value)
