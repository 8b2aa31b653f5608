"""Which circumstances a failure takes: the fewest levels that make it, found by trying, confirmed by every row."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

from conformance.exploration.factor import Row
from conformance.exploration.factors import BY_NAME, FACTORS, possible
from conformance.exploration.session import permutations
from conformance.implementation import Capabilities
from conformance.protocol.layouts import order_of, permuted

#: Whether it fails in a row; None where nothing is to be judged, or the row cannot be.
Fails = Callable[[Row], bool | None]

_MANY = 6  # levels that fail
_EXPLANATIONS = 3  # at most, for one requirement


@dataclass(frozen=True, slots=True)
class Conjunction:
    """What has to come together.

    :ivar levels: of each factor that matters, the levels at which it fails.
    :ivar failing, total: of the rows that have them all, how many fail.
    :ivar row: the plainest row that has them.
    """

    levels: tuple[tuple[str, frozenset[str]], ...]
    text: str
    failing: int
    total: int
    row: Row

    def holds(self, row: Row) -> bool:
        return all(
            row[name] in levels or BY_NAME[name].level(row[name]).name in levels
            for name, levels in self.levels
        )


@dataclass(frozen=True, slots=True)
class Circumstances:
    """When a requirement fails.

    :ivar failing, total: of the rows in which none of them holds, how many fail.
    """

    conjunctions: tuple[Conjunction, ...]
    failing: int
    total: int

    @property
    def factors(self) -> frozenset[str]:
        """Those of the first of them."""
        return frozenset(name for name, _ in self.conjunctions[0].levels)

    @property
    def text(self) -> str:
        each = [f"{c.text} ({c.failing:,} of {c.total:,})" for c in self.conjunctions]
        if not self.conjunctions[0].levels:
            return ""
        right = "right otherwise" if not self.failing else "and in other circumstances"
        return f"fails when {', and when '.join(each)}; {right} ({self.failing:,} of {self.total:,})"


def circumstances(
    rows: Sequence[Row],
    outcomes: Sequence[bool | None],
    fails: Fails,
    capabilities: Capabilities,
    *,
    attempts: int,
) -> Circumstances | None:
    """What the failing ones of some rows have in common, and no other has; None where no row fails again.

    :param rows: with levels as they were tried.
    :param outcomes: of each, whether it failed; None where nothing was judged.
    :param fails: tries a row again. :param attempts: most rows to try.
    """
    search = _Search(fails, capabilities, attempts)
    left = [k for k, failed in enumerate(outcomes) if failed]
    found: list[Conjunction] = []
    while left and len(found) < _EXPLANATIONS:
        plainest = min(
            left, key=lambda k: sum(rows[k][name] != level for name, level in search.plain.items())
        )
        conjunction = search.conjunction(rows[plainest])
        if conjunction is None or not conjunction.holds(rows[plainest]):
            break
        if found and not conjunction.levels:
            break  # It takes nothing in particular, which says nothing beside what was found.
        held = [failed for row, failed in zip(rows, outcomes, strict=True) if conjunction.holds(row)]
        judged = [failed for failed in held if failed is not None]
        found.append(
            Conjunction(conjunction.levels, conjunction.text, sum(judged), len(judged), conjunction.row)
        )
        left = [k for k in left if not conjunction.holds(rows[k])]
    if not found:
        return None
    others = [
        failed
        for row, failed in zip(rows, outcomes, strict=True)
        if failed is not None and not any(c.holds(row) for c in found)
    ]
    return Circumstances(tuple(found), sum(others), len(others))


class _Search:
    def __init__(self, fails: Fails, capabilities: Capabilities, attempts: int) -> None:
        self._try, self._can, self._left = fails, capabilities, attempts
        self._known: dict[tuple[tuple[str, str], ...], bool | None] = {}
        self.plain = {
            factor.name: next((level.name for level in factor.levels if level.declared(capabilities)), "")
            for factor in FACTORS
        }

    def _fails(self, row: Row) -> bool | None:
        key = tuple(row.items())
        if key not in self._known:
            if self._left <= 0 or not possible(row) or not _fit(row):
                return None
            self._left -= 1
            self._known[key] = self._try(row)
        return self._known[key]

    def conjunction(self, row: Row) -> Conjunction | None:
        self.plain["dtype"] = row["dtype"]  # One shard, one dtype.
        if not self._fails(row):
            return None
        row = self._plainer(row)
        literals: list[tuple[str, frozenset[str]]] = []
        words: list[str] = []
        for factor in FACTORS:
            name = factor.name
            matters = row[name] != self.plain[name]
            if name == "dtype" or not (matters or factor.ordered):
                continue
            tried = {level: self._at(row, name, level) for level in self._levels(name, row)}
            seen = _together({level: failed for level, failed in tried.items() if failed is not None})
            failing = frozenset(level for level, failed in seen.items() if failed)
            passing = len(seen) - len(failing)
            # What is right at one level of many is seldom what a failure takes: there another level shows less.
            if not passing or not failing or (passing == 1 and len(failing) >= _MANY):
                continue
            phrase, levels = factor.phrase(failing, list(seen))
            if not matters and "multiple" not in phrase and "odd" not in phrase:
                continue  # The plainest level is no circumstance, unless it is one of a kind.
            literals.append((name, levels))
            words.append(f"{phrase}, as {_order(row[name])}" if levels == {"permuted"} else phrase)
        return Conjunction(tuple(literals), " and ".join(words), 0, 0, row)

    def _at(self, row: Row, name: str, level: str) -> bool | None:
        """Whether it fails at another level. In another shape other orders of the axes may be those that do."""
        row = {**row, name: level}
        orders = [each for each, own in row.items() if order_of(own) is not None]
        if name != "shape" or not orders:
            return self._fails(row)
        rank = BY_NAME["shape"].level(level).value.rank
        judged = False
        for order in _some(permutations(rank), ""):
            found = self._fails({**row, orders[0]: permuted(order)})
            if found:
                return True
            judged |= found is not None
        return False if judged else None

    def _plainer(self, row: Row) -> Row:
        """Put back to the plainest what need not be otherwise, by halves and then one by one."""
        rest = [name for name, level in row.items() if level != self.plain[name]]
        size = max(1, len(rest) // 2)
        while rest:
            changed = False
            for start in range(0, len(rest), size):
                some = rest[start : start + size]
                if self._fails({**row, **{name: self.plain[name] for name in some}}):
                    row = {**row, **{name: self.plain[name] for name in some}}
                    rest = [name for name in rest if name not in some]
                    changed = True
                    break
            if not changed:
                if size == 1:
                    break
                size = max(1, size // 2)
        return row

    def _levels(self, name: str, row: Row) -> Iterator[str]:
        """The levels to try in place of a row's."""
        exact = order_of(row[name]) is not None
        for level in BY_NAME[name].levels:
            if not level.declared(self._can):
                continue
            if level.name == "permuted" and exact:
                rank = BY_NAME["shape"].level(row["shape"]).value.rank
                yield from (permuted(order) for order in _some(permutations(rank), row[name]))
            else:
                yield level.name


def _together(seen: dict[str, bool]) -> dict[str, bool]:
    """With the permutations as one level, unless it is a single one that fails."""
    orders = [level for level in seen if order_of(level) is not None]
    if not orders or sum(seen[level] for level in orders) == 1 < len(orders):
        return seen
    rest = {level: failed for level, failed in seen.items() if level not in orders}
    return {**rest, "permuted": any(seen[level] for level in orders)}


def _order(level: str) -> str:
    return level.removeprefix("permuted ")


def _some(orders: Sequence[tuple[int, ...]], own: str) -> Collection[tuple[int, ...]]:
    """The orders to try: all, but of rank 5 every fifth and the row's own."""
    return (
        orders if len(orders) < 24 else [o for k, o in enumerate(orders) if k % 5 == 0 or permuted(o) == own]
    )


def _fit(row: Row) -> bool:
    """Whether permutations are of as many axes as there are."""
    rank = BY_NAME["shape"].level(row["shape"]).value.rank
    return all(len(order) == rank for level in row.values() if (order := order_of(level)) is not None)
