"""Rows that cover every combination of two levels, or three, that can go together.

Greedy, one row at a time: a row starts from a combination that is not covered yet, and takes for each further factor
the level that covers most of what is left, among those that leave every other factor a level. Libraries for covering
arrays were tried. ``allpairspy`` 2.5 covers pairs as well as this, but of three factors it leaves most combinations
out; ``covertable`` 3.2 takes minutes for those.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Bits = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Covered:
    """:ivar rows: for each factor, the number of its level. :ivar given: which of those given as first rows hold."""

    rows: tuple[tuple[int, ...], ...]
    given: tuple[int, ...] = ()


def cover(
    sizes: Sequence[int],
    allowed: Callable[[int, int, int, int], bool],
    *,
    triples: Sequence[tuple[int, int, int]] = (),
    hides: Sequence[Sequence[tuple[int, ...]]] = (),
    ordered: Collection[int] = (),
    given: Sequence[Mapping[int, int]] = (),
    most: float = math.inf,
) -> Covered:
    """Rows that cover every pair of levels of different factors, and every triple of some factors.

    :param sizes: how many levels each factor has.
    :param allowed: whether level a of factor f goes with level b of factor g, given (f, a, g, b) with f < g.
    :param triples: the factors of which all triples are wanted as well, in ascending order.
    :param hides: of each level, how much it hides of what others do, in each of several ways. Each pair is in a row
        of which no other level hides more in any way than the two, if there can be one.
    :param ordered: the factors of which the first level is taken where all else is equal, not one at random: sizes,
        say, of which the others take longer.
    :param given: the levels of some factors, of rows that are wanted first; each is filled up to a row that hides
        no more. What no row can hold is left out.
    :param most: stop at so many rows: the first cover most.
    """
    flat = [each for levels in hides for each in levels] or [(0,)] * sum(sizes)
    return _Cover(sizes, allowed, triples, np.array(flat), frozenset(ordered)).run(given, most)


class _Cover:
    def __init__(
        self,
        sizes: Sequence[int],
        allowed: Callable[[int, int, int, int], bool],
        triples: Sequence[tuple[int, int, int]],
        hides: NDArray[np.intp],
        ordered: frozenset[int],
    ) -> None:
        self._hides, self._ordered = hides, ordered
        self._starts = np.concatenate([[0], np.cumsum(sizes)])
        self._count = int(self._starts[-1])
        self._of = np.repeat(np.arange(len(sizes)), sizes)
        self._factors = len(sizes)
        self._fits = self._consistent(self._compatible(allowed))
        self._pairs = self._fits & (self._of[:, None] != self._of[None, :])
        self._triples = self._wanted(triples)
        self._in_threes = frozenset(itertools.chain.from_iterable(triples))
        self._chance = np.random.Generator(np.random.PCG64(0))

    def _compatible(self, allowed: Callable[[int, int, int, int], bool]) -> Bits:
        fits = np.ones((self._count, self._count), bool)
        for f, g in itertools.combinations(range(self._factors), 2):
            for i, j in itertools.product(self._levels(f), self._levels(g)):
                if not allowed(f, i - int(self._starts[f]), g, j - int(self._starts[g])):
                    fits[i, j] = fits[j, i] = False
        return fits

    def _consistent(self, fits: Bits) -> Bits:
        """Without the pairs that leave some third factor no level, nor those that these left out leave none, and so
        on: the search would find each of them out again in every row, by trying all else.
        """
        while True:
            kept = fits.copy()
            for factor in range(self._factors):
                own = fits[:, self._starts[factor] : self._starts[factor + 1]].astype(np.float32)
                kept &= own @ own.T > 0
            if (kept == fits).all():
                return fits
            fits = kept

    def _levels(self, factor: int) -> range:
        return range(int(self._starts[factor]), int(self._starts[factor + 1]))

    def _wanted(self, triples: Sequence[tuple[int, int, int]]) -> Bits:
        size = self._count if triples else 0
        wanted = np.zeros((size, size, size), bool)
        for three in triples:
            for f, g, h in itertools.permutations(three):
                cut = tuple(slice(self._starts[k], self._starts[k + 1]) for k in (f, g, h))
                wanted[cut] = (
                    self._fits[cut[0], cut[1], None]
                    & self._fits[cut[0], None, cut[2]]
                    & self._fits[None, cut[1], cut[2]]
                )
        return wanted

    def run(self, given: Sequence[Mapping[int, int]], most: float) -> Covered:
        rows: list[tuple[int, ...]] = []
        held: list[int] = []
        for number, levels in enumerate(given):
            row = self._row([int(self._starts[f]) + level for f, level in levels.items()], hiding=0)
            if row is not None:
                rows.append(self._marked(row))
                held.append(number)
        while len(rows) < most and (start := self._uncovered()) is not None:
            row = self._row(start)
            if row is None:
                self._forget(start)
                continue
            rows.append(self._marked(row))
            self._forget(start)
        return Covered(tuple(rows), tuple(held))

    def _marked(self, row: list[int]) -> tuple[int, ...]:
        """The levels of a row, whose combinations count as covered: no pair where another level hides more."""
        ids = np.array(row)
        hides = self._hides[ids]
        self._pairs[np.ix_(ids, ids)] &= (np.maximum(hides[:, None], hides) < hides.max(axis=0)).any(axis=2)
        if self._triples.size:
            self._triples[np.ix_(ids, ids, ids)] = False
        return tuple(int(i - self._starts[k]) for k, i in enumerate(row))

    def _uncovered(self) -> tuple[int, ...] | None:
        """A combination that is not covered: the first triple, then of the level that has most pairs."""
        if self._triples.size:
            place = np.unravel_index(int(self._triples.argmax()), self._triples.shape)
            if self._triples[place]:
                return tuple(int(each) for each in place)
        if self._pairs.any():
            first = int(self._pairs.sum(axis=1).argmax())
            return first, int(self._pairs[first].argmax())
        return None

    def _forget(self, combination: tuple[int, ...]) -> None:
        for order in itertools.permutations(combination):
            if len(order) == 2:
                self._pairs[order] = False
            else:
                self._triples[order] = False

    def _row(self, start: Sequence[int], hiding: int | None = None) -> list[int] | None:
        """A row that holds ``start``, or None if there is none.

        :param hiding: how much the others may hide, where there is a choice; as much as the start does, by default.
        """
        self._hiding = self._hides[list(start)].max(axis=0) if hiding is None else np.array(hiding)
        chosen: dict[int, int] = {}
        domain = np.ones(self._count, bool)
        for level in start:
            domain &= self._fits[level]
            chosen[int(self._of[level])] = level
        if not self._alive(domain[None])[0]:
            return None
        rest = [f for f in self._chance.permutation(self._factors) if f not in chosen]
        return self._filled(chosen, domain, rest)

    def _filled(self, chosen: dict[int, int], domain: Bits, rest: list[int]) -> list[int] | None:
        if not rest:
            return [chosen[f] for f in range(self._factors)]
        factor = rest[0]
        levels = np.array([i for i in self._levels(factor) if domain[i]])
        domains = domain & self._fits[levels]
        living = self._alive(domains)
        levels, domains = levels[living], domains[living]
        for k in np.argsort(-self._gain(factor, levels, chosen), kind="stable"):
            found = self._filled({**chosen, factor: int(levels[k])}, domains[k], rest[1:])
            if found is not None:
                return found
        return None

    def _gain(self, factor: int, levels: NDArray[np.intp], chosen: dict[int, int]) -> NDArray[np.float64]:
        """How much each level would cover that is not covered; of most factors, chance decides between equals."""
        rows = levels[:, None]
        gain = self._pairs[rows, list(chosen.values())].sum(axis=1)
        if factor not in self._ordered:  # Of equals, argsort takes the first.
            gain = gain + 0.5 * self._chance.random(len(levels))
        if factor in self._in_threes:
            others = np.array([level for f, level in chosen.items() if f in self._in_threes], np.intp)
            gain = gain + self._triples[rows[:, :, None], others[:, None], others].sum(axis=(1, 2)) / 2
        # What hides more than what is there, only where there is no other.
        more = (self._hides[levels] > self._hiding).any(axis=1)
        return np.asarray(gain - self._count * self._factors * more, np.float64)

    def _alive(self, domains: Bits) -> Bits:
        """Whether every factor has a level left, for each of several domains."""
        return np.asarray(np.logical_or.reduceat(domains, self._starts[:-1], axis=1).all(axis=1))
