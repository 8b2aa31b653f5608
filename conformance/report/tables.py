"""What a report says, in short tables: shared by the forms meant for people."""

from __future__ import annotations

from dataclasses import dataclass

from conformance.implementation import DTYPES, PARAMETERS
from conformance.judging.verdict import Outcome
from conformance.judging.wording import counted
from conformance.report.words import COUNT, KAPPA, SHAPES, spelled
from conformance.results.accuracy import Accuracy
from conformance.results.case_file import CaseFile
from conformance.results.model import INFINITE, HeldBy, Report, RequirementInfo, Result


@dataclass(frozen=True, slots=True)
class Shapes:
    """Native shapes of what an implementation's layer for n features holds, each with the framework's own name where
    it has one.
    """

    implementation: str
    gamma: str
    beta: str
    mean: str
    var: str

    @property
    def cells(self) -> tuple[str, ...]:
        return self.gamma, self.beta, self.mean, self.var


#: Above :attr:`Shapes.cells`.
HOLDS = ("gamma", "beta", "running mean", "running variance")


def shapes(report: Report) -> list[Shapes]:
    """One for each implementation that was judged on any of them."""
    rows = []
    for each in report.implementations:
        seen = [_shape(report.result(each.id, name), name) for name in SHAPES]
        if any(seen):
            own = dict(each.capabilities.names) if each.capabilities else {}
            cells = [
                f"{own[name]} {cell}" if name in own and cell not in ("", "not kept") else cell or "?"
                for name, cell in zip(PARAMETERS, seen, strict=True)
            ]
            rows.append(Shapes(each.id, *cells))
    return rows


def _shape(result: Result | None, name: str) -> str:
    """Empty where nothing was judged."""
    if result is None:
        return ""
    if result.outcome is Outcome.UNSUPPORTED:
        return "given" if name in SHAPES[:2] else "not kept"
    if result.outcome.failing:
        first, several, _ = (result.observed or str(result.outcome)).partition("), ")
        return f"{first}{')' if several else ''} ✗"
    return result.observed or "n-vector"


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
            held = {name for cell in cells if cell for name in cell.arrays}
            names = ", ".join(own.get(name, name) for name in PARAMETERS if name in held) or "nothing"
            rows.append((each.id, names, *(_shapes_of(cell) if cell else "·" for cell in cells)))
    if not rows:
        return None
    headings = ("implementation", "holds", *(f"{spelled(shape)}, axis {axis}" for shape, axis in inputs))
    return Table(headings, rows)


def _shapes_of(held: HeldBy) -> str:
    """One shape where gamma, beta and the statistics have the same."""
    if held.problem:
        return held.problem.partition("\n")[0]
    shapes_ = {name: held.arrays[name].shape for name in PARAMETERS if name in held.arrays}
    if len(set(shapes_.values())) == 1:
        return spelled(next(iter(shapes_.values())))
    return ", ".join(f"{name} {spelled(shape)}" for name, shape in shapes_.items()) or "nothing"


def held_dtypes(report: Report) -> Table | None:
    """In which dtypes layers hold their parameters and statistics, by that of the input."""
    dtypes = [dtype for dtype in DTYPES if any(h.dtype == dtype for h in report.held)]
    rows: list[tuple[str, ...]] = []
    first: dict[str, dict[str, HeldBy]] = {}
    for each in report.held:
        first.setdefault(each.implementation, {}).setdefault(each.dtype, each)
    for name, own in first.items():
        rows.append((name, *(_dtypes_of(own[dtype]) if dtype in own else "·" for dtype in dtypes)))
    return Table(("implementation", *(f"for {dtype}" for dtype in dtypes)), rows) if rows else None


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
    if result.message.startswith("contradicts itself"):
        return "✗ contradicts itself"
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
        relative = worst.error / worst.bound if worst.error is not None and worst.bound else INFINITE
        regime = case.features[0] if case else None
        kappa = "constant" if worst.kappa is None else f"kappa {_rounded(worst.kappa)}"
        if regime is not None:
            kappa = "constant" if regime.values == "constant" else f"{regime.values}, {kappa}"
        where = f", shape {spelled(case.shape)}, axis {case.axis}" if case else ""
        key = (each.implementation, each.dtype, each.of)
        if key not in found or relative > found[key].ratio:
            found[key] = WorstError(
                *key,
                "not finite" if worst.error is None else f"{worst.error:.2g}",
                relative,
                f"{kappa}, {counted(worst.count, 'value')}{where}",
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
class Growth:
    """How the errors of an implementation grow in one dtype; ``-`` where nothing was measured, or nothing is wrong.

    :ivar y, dx: with kappa. :ivar beyond: the least kappa at which an error exceeds its bound.
    :ivar lost: the least at which an output is not finite. :ivar y_by_count, beyond_by_count: the same with N.
    """

    implementation: str
    y: str
    dx: str
    beyond: str
    lost: str
    y_by_count: str
    beyond_by_count: str

    @property
    def cells(self) -> tuple[str, ...]:
        return self.y, self.dx, self.beyond, self.lost, self.y_by_count, self.beyond_by_count


#: Above :attr:`Growth.cells`: how many columns each group has, and the columns.
GROWTH_GROUPS = (("with kappa", 4), ("with N", 2))
GROWTH = ("y", "dx", "exceeds bound", "not finite", "y", "exceeds bound")
GROWTH_NAMED = tuple(
    f"{group}: {heading}"
    for (group, _), headings in zip(GROWTH_GROUPS, (GROWTH[:4], GROWTH[4:]), strict=True)
    for heading in headings
)
GROWTH_CAPTION = f"How the errors of y and dx grow with {KAPPA}, and with {COUNT}"


def growth(report: Report, dtype: str) -> list[Growth]:
    """One row for each implementation measured in a dtype."""
    rows = []
    measured: dict[str, list[Accuracy]] = {}
    for each in report.accuracy:
        measured.setdefault(each.implementation, []).extend([each] * (each.dtype == dtype))
    for name, own in measured.items():
        by_kappa = {a.of: a for a in own if a.against == "kappa"}
        by_count = [a for a in own if a.against == "count"]
        if not by_kappa and not by_count:
            continue
        beyond = [a.exceeds_at for a in by_kappa.values() if a.exceeds_at is not None]
        lost = [a.lost_at for a in by_kappa.values() if a.lost_at is not None]
        far = [a.exceeds_at for a in by_count if a.exceeds_at is not None]
        rows.append(
            Growth(
                name,
                _power(by_kappa.get("y"), "kappa"),
                _power(by_kappa.get("dx"), "kappa"),
                f"≥ {_rounded(min(beyond))}" if beyond else "-",
                f"≥ {_rounded(min(lost))}" if lost else "-",
                _power(by_count[0] if by_count else None, "N"),
                f"≥ {min(far):,.0f}" if far else "-",
            )
        )
    return rows


def _power(measured: Accuracy | None, symbol: str) -> str:
    if measured is None or measured.exponent is None:
        return "-"
    return f"{symbol}^{measured.exponent:.1f}"


def _rounded(value: float) -> str:
    return f"{float(f'{value:.2g}'):g}"
