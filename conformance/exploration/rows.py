"""The rows that an implementation is tried in, and which pairs of circumstances they cover."""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from conformance.cases.case import Case
from conformance.exploration.covering import cover
from conformance.exploration.factor import Factor, Level, Row
from conformance.exploration.factors import BY_NAME, FACTORS, forbidden
from conformance.exploration.session import case_of, permutations
from conformance.implementation import Capabilities
from conformance.protocol.layouts import permuted

#: Factors that act together by nature: of these every triple is tried.
TOGETHER: tuple[tuple[str, ...], ...] = (
    ("call", "history", "affine"),
    ("call", "dtype", "affine", "parameters"),
)
_MODES = ("training, backward", "inference, backward", "training", "inference")
#: Where each new shape is compiled: few, each with sizes and constants of its own: (n, N, epsilon, momentum).
_COMPILED = {
    "(N, n)": ("3", "12", "0.001", "0.9"),
    "(batch, n, 3)": ("17", "33", "1e-05", "0.99"),
    "(batch, n, 2, 3)": ("8", "24", "0.001", "0.9"),
    "(batch, n, 1, 4)": ("65", "12", "0.5", "0.5"),
    "(batch, 2, 3, n)": ("9", "24", "1e-05", "0.9"),
    "(1, n, N)": ("2", "257", "0.001", "0"),
    "(batch, 2, 2, 2, n)": ("33", "33", "0.001", "1"),
    "(n, N)": ("7", "129", "0.001", "0.9"),
}
_OTHER_DTYPES = 3  # of these for the dtypes after the first


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """What an implementation is tried in.

    :ivar pairs: how many pairs of levels there are to try.
    :ivar left_out: how many pairs of levels are not tried, by the reason.
    :ivar capabilities: those of the implementation.
    """

    rows: tuple[Row, ...]
    pairs: int
    left_out: Mapping[str, int]
    capabilities: Capabilities


def plan(
    capabilities: Capabilities, dtypes: Sequence[str], *, thorough: bool = False, most: float = math.inf
) -> Plan:
    """The rows for an implementation, in the dtypes that are asked for.

    :param thorough: cover every triple of levels, and not those of :data:`TOGETHER` alone.
    :param most: no more rows than these.
    """
    return _plan(capabilities, tuple(d for d in dtypes if d in capabilities.dtypes), thorough, most)


@functools.lru_cache(16)
def _plan(can: Capabilities, dtypes: tuple[str, ...], thorough: bool, most: float) -> Plan:
    levels = [_levels(factor, can, dtypes) for factor in FACTORS]
    if not all(levels):
        return Plan((), 0, {}, can)
    reasons: dict[str, int] = {}
    pairs = 0

    def allowed(f: int, a: int, g: int, b: int) -> bool:
        nonlocal pairs
        first, second = FACTORS[f].name, FACTORS[g].name
        row = {first: levels[f][a].name, second: levels[g][b].name}
        why = forbidden(row, first, second) or (_not_compiled(row, can, dtypes) if can.compiles else "")
        if why:
            reasons[why] = reasons.get(why, 0) + 1
        else:
            pairs += 1
        return not why

    number = {factor.name: k for k, factor in enumerate(FACTORS)}
    wanted = itertools.combinations(number.values(), 3) if thorough else _natural(number)
    layouts = list(_layouts(can, dtypes[0]))
    if most < math.inf:  # With few rows, half of them layouts, and then those that cover most pairs.
        few = min(len(layouts), int(most) // 2)
        layouts = [layouts[k * len(layouts) // few] for k in range(few)]
    place = [{level.name: k for k, level in enumerate(kept)} for kept in levels]
    found = cover(
        [len(each) for each in levels],
        allowed,
        triples=tuple(dict.fromkeys(wanted)) if most == math.inf else (),
        hides=[_hiding(factor, kept) for factor, kept in zip(FACTORS, levels, strict=True)],
        ordered=[k for k, factor in enumerate(FACTORS) if factor.ordered],
        given=[
            {number[name]: place[number[name]][level] for name, level in coarse(r).items()} for r in layouts
        ],
        most=most,
    )
    rows = [
        {factor.name: kept[k].name for factor, kept, k in zip(FACTORS, levels, row, strict=True)}
        for row in found.rows
    ]
    for row, held in zip(rows, found.given, strict=False):
        row |= layouts[held]  # with the order of the axes
    for factor, kept in zip(FACTORS, levels, strict=True):
        if gone := len(factor.levels) - len(kept):
            others = sum(len(each.levels) for each in FACTORS if each is not factor)
            reasons["the implementation does not declare it"] = (
                reasons.get("the implementation does not declare it", 0) + gone * others
            )
    if most < math.inf:
        return Plan(tuple(rows), pairs, reasons, can)
    held = pairs_in(rows)
    if held < pairs:
        reasons["no row can hold them beside what else is left out"] = pairs - held
    return Plan(tuple(rows), held, reasons, can)


@functools.lru_cache(8)
def cases(planned: Plan, dtype: str, seed: int, times: int = 1) -> tuple[tuple[Row, Case], ...]:
    """The rows of a dtype with their cases, the levels of each as they are tried.

    :param times: how often each comes, with other numbers every time.
    """
    own = [(number, row) for number, row in enumerate(planned.rows) if row["dtype"] == dtype]
    found: list[tuple[Row, Case]] = []
    for k in range(times * len(own)):
        again, (number, row) = k // len(own), own[k % len(own)]
        case = case_of(row, seed + again, number, planned.capabilities)
        found.append(({**row, **case.circumstances}, case))
    return tuple(found)


def _natural(number: Mapping[str, int]) -> Iterator[tuple[int, int, int]]:
    for group in TOGETHER:
        for three in itertools.combinations(sorted(number[name] for name in group), 3):
            yield three[0], three[1], three[2]


def _levels(factor: Factor, can: Capabilities, dtypes: tuple[str, ...]) -> list[Level]:
    kept = [level for level in factor.levels if level.declared(can)]
    if factor.name == "dtype":
        return [level for name in dtypes for level in kept if level.name == name]
    if can.compiles and factor.name in _TIED:
        pool = _COMPILED.values()
        names = list(_COMPILED) if factor.name == "shape" else {each[_TIED[factor.name]] for each in pool}
        kept = [level for level in kept if level.name in names]
        if factor.name == "shape" and not kept:  # It takes none of those.
            return [level for level in factor.levels if level.declared(can)][:4]
    if can.compiles and factor.name == "built for":
        kept = kept[:1]
    return kept


def _hiding(factor: Factor, levels: Sequence[Level]) -> list[tuple[int, ...]]:
    """How much levels hide of what is wrong for another reason: most, calls other than the one that shows most; some,
    dtypes other than the first, and what the table says. What one factor hides another may show, so each hides in a
    way of its own; but the dtype in the call's, since rows are spread over all dtypes.
    """
    names = [level.name for level in levels]
    hides = [level.hides for level in levels]
    if factor.name == "call":
        shows = next((mode for mode in _MODES if mode in names), "")
        hides = [2 * (name not in (shows, f"{shows} twice")) for name in names]
    if factor.name == "dtype":
        hides = [int(name != names[0]) for name in names]
    way = BY_NAME["call"] if factor.name == "dtype" else factor
    return [tuple(each * (way is other) for other in FACTORS) for each in hides]


_TIED = {"features": 0, "values per feature": 1, "epsilon": 2, "momentum": 3, "shape": -1}


def _not_compiled(row: Row, can: Capabilities, dtypes: tuple[str, ...]) -> str:
    """Why a pair is not tried where each new shape is compiled; empty if it is."""
    why = "each shape would be compiled"
    shape = row.get("shape")
    if shape not in _COMPILED:
        return ""
    for name, place in _TIED.items():
        if name == "momentum" and not can.running:
            continue
        if place >= 0 and row.get(name, _COMPILED[shape][place]) != _COMPILED[shape][place]:
            return why
    if row.get("dtype", dtypes[0]) != dtypes[0] and list(_COMPILED).index(shape) >= _OTHER_DTYPES:
        return why
    return ""


def _layouts(can: Capabilities, dtype: str) -> Iterator[Row]:
    """Every shape with every layout of x and of dy, in the call that shows most; after inference, whose y the others
    show as well, a third of them. The other factors are free.
    """
    modes = [mode for mode in _MODES if BY_NAME["call"].level(mode).declared(can)]
    modes = [m for m in modes if f"{m}, backward" not in modes]
    shapes = _levels(BY_NAME["shape"], can, (dtype,))
    for place, (shape, mode) in enumerate(itertools.product(shapes, modes)):
        orders = [permuted(order) for order in permutations(shape.value.rank)]
        if len(orders) > 24:  # of 119 in rank 5
            orders = [orders[(24 * place + k) % len(orders)] for k in range(24)]
        plain = [level.name for level in BY_NAME["memory of x"].levels if level.declared(can)]
        every = [name for name in plain if name != "permuted"]
        every += orders if "permuted" in plain else []
        for k, layout in enumerate(every):
            if mode != modes[0] and (k + place) % 3:
                continue
            other = every[(k + place) % len(every)] if "backward" in mode else plain[0]
            yield {"shape": shape.name, "call": mode, "memory of x": layout, "memory of dy": other}
            third = (k + place) % 3
            if mode == modes[0] and "backward" in mode and third < 2:  # Most often one of them is plain.
                x, dy = (layout, plain[0]) if third else (plain[0], layout)
                yield {"shape": shape.name, "call": mode, "memory of x": x, "memory of dy": dy}


def coarse(row: Row) -> Row:
    """The row with its levels as they stand in the table."""
    return {name: BY_NAME[name].level(level).name for name, level in row.items()}


def pairs_in(rows: Iterable[Row]) -> int:
    """How many different pairs of levels some rows cover."""
    found: set[tuple[tuple[str, str], tuple[str, str]]] = set()
    for row in rows:
        found.update(itertools.combinations(coarse(row).items(), 2))
    return len(found)
