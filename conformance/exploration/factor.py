"""What a factor is: one thing that can vary in a use of batch norm, with the levels it can have."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from conformance.implementation import Capabilities

_LOOSE = 3  # times as many levels may have in common what those that fail have
#: A level of every factor, by name.
Row: TypeAlias = Mapping[str, str]


def _anyone(_: Capabilities) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Level:
    """One level of a factor.

    :ivar value: what a session makes of it.
    :ivar says: what is so at this level, in words that can follow "fails when".
    :ivar groups: what is so at this level and at others, in such words as well.
    :ivar declared: whether an implementation declares what it takes.
    :ivar hides: how much it hides of what is wrong for another reason: 1, as a product with zero does; 3, where next
        to nothing is asked. (A call is worth 2, but for the one that shows most.)
    """

    name: str
    value: Any = None
    says: str = ""
    groups: tuple[str, ...] = ()
    declared: Callable[[Capabilities], bool] = _anyone
    hides: int = 0


@dataclass(frozen=True, slots=True)
class Factor:
    """One thing that can vary.

    :ivar levels: the plainest first.
    :ivar ordered: the levels are numbers, and their ``says`` is the symbol for them.
    """

    name: str
    about: str
    levels: tuple[Level, ...]
    ordered: bool = False

    @property
    def plainest(self) -> str:
        return self.levels[0].name

    def level(self, name: str) -> Level:
        """The level of that name; a permutation of the axes is the level "permuted".

        :raises ValueError: there is none.
        """
        for level in self.levels:
            if level.name == name or name.startswith(f"{level.name} ("):
                return level
        known = ", ".join(level.name for level in self.levels)
        raise ValueError(f"{self.name} must be one of {known}; it is {name!r}")

    def phrase(self, failing: Collection[str], tried: Collection[str]) -> tuple[str, frozenset[str]]:
        """What is so where it fails, in words, and the levels at which that is so.

        :param failing: the levels at which it fails, of those ``tried``.
        """
        exact = frozenset(failing)
        if self.ordered:
            return self._numeric(failing, tried), exact
        if len(failing) == 1:
            return self._says(next(iter(failing))), exact
        shared = set.intersection(*(set(self._groups(name)) for name in failing))
        of = {group: frozenset(n for n in tried if group in self._groups(n)) for group in sorted(shared)}
        # What all of them have in common; if it is little more than them, that is what an engineer looks for.
        closest = min(of, key=lambda group: len(of[group]), default="")
        if closest and len(of[closest]) <= _LOOSE * len(failing) and len(of[closest]) < len(tried):
            return closest, of[closest]
        rest = [name for name in tried if name not in failing]
        if len(rest) < len(failing) and len(rest) <= 2:
            return f"{self.name} is not {' or '.join(rest)}", exact
        some = sorted(failing, key=list(tried).index)
        more = f" or {len(some) - 4} others" if len(some) > 4 else ""
        return f"{self.name} is {' or '.join(some[:4])}{more}", exact

    def _says(self, name: str) -> str:
        level = self.level(name)
        exact = name if name != level.name else ""
        says = level.says or f"{self.name} is {level.name}"
        return f"{says} {exact.removeprefix(level.name).strip()}".strip() if exact else says

    def _groups(self, name: str) -> tuple[str, ...]:
        return self.level(name).groups

    def _numeric(self, failing: Collection[str], tried: Collection[str]) -> str:
        value = {name: self.level(name).value for name in tried}
        own, rest = [value[n] for n in failing], [value[n] for n in tried if n not in failing]
        symbol = self.levels[0].says
        if len(own) > 1:
            below, above = [r for r in rest if r < min(own)], [r for r in rest if r > max(own)]
            if not above and len(below) == len(rest):
                least = max(below, default=0) + 1
                return (
                    f"{symbol} is {min(own):,} or more" if least != min(own) else f"{symbol} > {least - 1:,}"
                )
            if not below and len(above) == len(rest):
                return f"{symbol} is {max(own):,} or less"
            for step in (32, 16, 8, 4, 2):
                if {v % step == 0 for v in own} == {True} and all(r % step for r in rest):
                    return f"{symbol} is a multiple of {step}"
                if all(v % step for v in own) and {r % step == 0 for r in rest} == {True}:
                    return f"{symbol} is not a multiple of {step}" if step > 2 else f"{symbol} is odd"
        some = sorted(own)
        more = f" or {len(some) - 4} others" if len(some) > 4 else ""
        return f"{symbol} is {' or '.join(f'{v:,}' for v in some[:4])}{more}"


@dataclass(frozen=True, slots=True)
class Constraint:
    """Two factors of which some levels do not go together.

    :ivar forbids: whether two values do not.
    :ivar why: in words that can follow "not tried:".
    """

    factors: tuple[str, str]
    forbids: Callable[[Any, Any], bool]
    why: str
