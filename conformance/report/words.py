"""What a report says, in words and short tables: shared by the forms meant for people."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from conformance.case import Case
from conformance.implementation import DTYPES, PARAMETERS
from conformance.oracle import Level
from conformance.replay import CaseFile
from conformance.report.accuracy import Accuracy
from conformance.report.model import INFINITE, Failure, HeldBy, Report, RequirementInfo, Result
from conformance.requirement import Outcome

_SHAPES = ("shape.gamma", "shape.beta", "shape.running-mean", "shape.running-var")


#: Everything holds; what fails is in the baseline; a SHOULD fails; a MUST fails; nothing applies.
Mark = Literal["pass", "known", "should", "fail", "none"]


@dataclass(frozen=True, slots=True)
class Standing:
    """How an implementation stands in a group of requirements."""

    mark: Mark
    count: str
    ratio: float | None


def standing(results: list[Result]) -> Standing:
    """The mark tells MUST from SHOULD; the count is of requirements that hold among those that apply."""
    judged = [r for r in results if r.outcome is not Outcome.UNSUPPORTED]
    if not judged:
        return Standing("none", "-", None)
    good = sum(not r.outcome.failing for r in judged)
    mark: Mark = "pass" if good == len(judged) else "known"
    if any(r.fails_at((Level.MUST,)) for r in judged):
        mark = "fail"
    elif any(r.fails_at(tuple(Level)) for r in judged):
        mark = "should"
    # What holds beyond its bound was not asked to keep to it, but to be finite.
    measured = [(r, r.worst_ratio) for r in judged if r.worst_ratio is not None]
    ratios = [ratio for r, ratio in measured if ratio <= 1 or r.outcome.failing]
    return Standing(mark, f"{good}/{len(judged)}", max(ratios, default=None))


def answer(report: Report) -> str:
    """The answer to the question, as far as this report bears it out."""
    judged = [(i.id, [report.result(i.id, name) for name in _SHAPES[:2]]) for i in report.implementations]
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


def shapes(report: Report) -> list[tuple[str, str, str, str, str]]:
    """(implementation, native shapes of gamma, beta, running mean and variance), each with the framework's own
    name where it has one.
    """
    rows = []
    for each in report.implementations:
        cells: list[str] = []
        for name in _SHAPES:
            result = report.result(each.id, name)
            if result is None:
                cells.append("?")
            elif result.outcome is Outcome.UNSUPPORTED:
                cells.append("given" if name in _SHAPES[:2] else "not kept")
            elif result.outcome.failing:
                first, several, _ = (result.observed or str(result.outcome)).partition("), ")
                cells.append(f"{first}{')' if several else ''} ✗")
            else:
                cells.append(result.observed or "n-vector")
        if any(cell != "?" for cell in cells):
            own = dict(each.capabilities.names) if each.capabilities else {}
            named = [
                f"{own[name]} {cell}" if name in own and cell not in ("?", "not kept") else cell
                for name, cell in zip(PARAMETERS, cells, strict=True)
            ]
            rows.append((each.id, *named))
    return rows  # type: ignore[return-value]


@dataclass(frozen=True, slots=True)
class Table:
    """:ivar rows: the first cell of each names it."""

    headings: tuple[str, ...]
    rows: list[tuple[str, ...]]


def typical_shapes(report: Report) -> Table | None:
    """Native shapes of what layers hold, for inputs as people have them."""
    inputs = list(dict.fromkeys((h.input_shape, h.axis) for h in report.held))
    inputs.sort(key=lambda each: (len(each[0]), each[1] != 1))
    first = {(h.implementation, h.input_shape, h.axis): h for h in reversed(report.held)}
    rows: list[tuple[str, ...]] = []
    for each in report.implementations:
        own = dict(each.capabilities.names) if each.capabilities else {}
        cells = [first.get((each.id, *one)) for one in inputs]
        if any(cells):
            names = ", ".join(own.get(name, name) for name in PARAMETERS)
            rows.append((each.id, names, *(_shapes_of(cell) if cell else "·" for cell in cells)))
    if not rows:
        return None
    headings = ("implementation", "holds", *(f"{_tuple(shape)}, axis {axis}" for shape, axis in inputs))
    return Table(headings, rows)


def _shapes_of(held: HeldBy) -> str:
    """One shape where gamma, beta and the statistics have the same."""
    if held.problem:
        return held.problem.partition("\n")[0]
    shapes_ = {name: held.arrays[name].shape for name in PARAMETERS if name in held.arrays}
    if len(set(shapes_.values())) == 1:
        return _tuple(next(iter(shapes_.values())))
    return ", ".join(f"{name} {_tuple(shape)}" for name, shape in shapes_.items()) or "nothing"


def held_dtypes(report: Report) -> Table | None:
    """In which dtypes layers hold their parameters and statistics, by that of the input."""
    dtypes = [dtype for dtype in DTYPES if any(h.dtype == dtype for h in report.held)]
    rows: list[tuple[str, ...]] = []
    for name in dict.fromkeys(h.implementation for h in report.held):
        own = {h.dtype: h for h in reversed(report.held) if h.implementation == name}
        rows.append((name, *(_dtypes_of(own[dtype]) if dtype in own else "·" for dtype in dtypes)))
    return Table(("implementation", *(f"of {dtype}" for dtype in dtypes)), rows) if rows else None


def _dtypes_of(held: HeldBy) -> str:
    if held.problem:
        return held.problem.partition("\n")[0]
    found = {name: held.arrays[name].dtype for name in PARAMETERS if name in held.arrays}
    affine, kept = (
        {found[name] for name in half if name in found} for half in (PARAMETERS[:2], PARAMETERS[2:])
    )
    if not kept or affine == kept:
        return ", ".join(sorted(affine | kept)) or "nothing"
    return f"{', '.join(sorted(affine))}; statistics {', '.join(sorted(kept))}"


@dataclass(frozen=True, slots=True)
class Convention:
    """What each implementation was observed to do about one requirement.

    :ivar values: one for each of the implementations judged. :ivar differ: not all of them are the same.
    """

    requirement: RequirementInfo
    values: tuple[str, ...]
    differ: bool


@dataclass(frozen=True, slots=True)
class Conventions:
    names: tuple[str, ...]
    rows: list[Convention]


def conventions(report: Report) -> Conventions | None:
    """Every requirement of which something was observed, but for shapes, which have a table of their own."""
    names = tuple(each.id for each in report.implementations if report.of(each.id))
    rows = []
    for requirement in report.requirements:
        results = [report.result(name, requirement.id) for name in names]
        seen = {each.observed for each in results if each is not None and each.observed}
        of_shapes = requirement.id.startswith("shape.") and requirement.id != "shape.scalar"
        if seen and not of_shapes:
            rows.append(Convention(requirement, tuple(map(_observed, results)), len(seen) > 1))
    return Conventions(names, rows) if rows else None


def _observed(result: Result | None) -> str:
    if result is not None and result.observed:
        return result.observed
    if result is None or result.outcome is Outcome.UNSUPPORTED:
        return "·"
    return "✗" if result.outcome.failing else "-"


@dataclass(frozen=True, slots=True)
class WorstError:
    """The largest error known of an implementation, in the units of its bound, and the input that causes it.

    :ivar of: the output, ``y`` or ``dx``. :ivar error: in units of gamma. :ivar cause: the input in words.
    """

    implementation: str
    dtype: str
    of: str
    error: str
    ratio: float
    cause: str
    case: CaseFile | None


def worst_errors(report: Report) -> list[WorstError]:
    """One for each implementation, dtype and output, in the order of the implementations."""
    found: dict[tuple[str, str, str], WorstError] = {}
    for each in report.accuracy:
        worst, case = each.worst, each.worst_case
        if worst is None or worst.bound is None:
            continue
        relative = INFINITE if worst.error is None else worst.error / worst.bound
        recipe = case.features[0] if case else None
        kappa = "constant" if worst.kappa is None else f"kappa {_rounded(worst.kappa)}"
        if recipe is not None:
            kappa = "constant" if recipe.values == "constant" else f"{recipe.values}, {kappa}"
        where = f", shape {_tuple(case.shape)}, axis {case.axis}" if case else ""
        key = (each.implementation, each.dtype, each.of)
        if key not in found or relative > found[key].ratio:
            found[key] = WorstError(
                *key,
                "not finite" if worst.error is None else f"{worst.error:.2g}",
                relative,
                f"{kappa}, {number(worst.count)} values{where}",
                CaseFile(each.requirement, case, each.implementation) if case else None,
            )
    order = [each.id for each in report.implementations]
    return sorted(
        found.values(),
        key=lambda w: (
            order.index(w.implementation) if w.implementation in order else -1,
            DTYPES.index(w.dtype),
        ),
    )


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
        return failing_dtypes(self.result)


def failing_dtypes(result: Result) -> list[str]:
    return [dtype for dtype, each in result.by_dtype.items() if each.outcome.failing]


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
    if failing[name].outcome is Outcome.ERROR and name not in _SHAPES[:2]:
        # A layer whose gamma or beta is no n-vector cannot so much as be loaded.
        first = (*_SHAPES[:2], *first)
    own = set(failing_dtypes(failing[name]))
    for earlier in first:
        if earlier not in failing or earlier == name:
            continue
        theirs = set(failing_dtypes(failing[earlier]))
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
        f"x of shape {_tuple(case.shape)}, axis {case.axis}, {case.dtype}, epsilon {case.epsilon:g}, "
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


def _tuple(shape: tuple[int, ...]) -> str:
    return f"({shape[0]},)" if len(shape) == 1 else f"({', '.join(map(str, shape))})"


def _list(value: object) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(_list(v) for v in value) + "]"
    return f"{value:.9g}" if isinstance(value, float) else str(value)


#: Headings of :func:`growth`.
GROWTH = ("", "y grows like", "dx grows like", "exceeds bound", "not finite", "y grows like", "exceeds bound")


def growth(report: Report, dtype: str) -> list[tuple[str, ...]]:
    """How errors grow in a dtype: with kappa = |mean| / std, then with N. One row for each implementation."""
    rows: list[tuple[str, ...]] = []
    for name in dict.fromkeys(each.implementation for each in report.accuracy):
        own = [a for a in report.accuracy if (a.implementation, a.dtype) == (name, dtype)]
        by_kappa = {a.of: a for a in own if a.against == "kappa"}
        by_count = [a for a in own if a.against == "count"]
        if not by_kappa and not by_count:
            continue
        beyond = [a.exceeds_at for a in by_kappa.values() if a.exceeds_at is not None]
        lost = [a.lost_at for a in by_kappa.values() if a.lost_at is not None]
        far = [a.exceeds_at for a in by_count if a.exceeds_at is not None]
        rows.append(
            (
                name,
                _power(by_kappa.get("y"), "kappa"),
                _power(by_kappa.get("dx"), "kappa"),
                f"kappa > {_rounded(min(beyond))}" if beyond else "-",
                f"kappa > {_rounded(min(lost))}" if lost else "-",
                _power(by_count[0] if by_count else None, "N"),
                f"N = {min(far):,.0f}" if far else "-",
            )
        )
    return rows


def _power(measured: Accuracy | None, symbol: str) -> str:
    if measured is None or measured.exponent is None:
        return "-"
    return f"{symbol}^{measured.exponent:.1f}"


def _rounded(value: float) -> str:
    return f"{float(f'{value:.2g}'):g}"
