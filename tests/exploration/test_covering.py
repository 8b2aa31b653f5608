"""Rows cover every pair, and every triple that is wanted, of what can go together."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from conformance.exploration.covering import cover

_SIZES = st.lists(st.integers(1, 5), min_size=2, max_size=6)


def _never(f: int, a: int, g: int, b: int) -> bool:
    return True


@given(_SIZES)
def test_every_pair_is_in_some_row(sizes: list[int]) -> None:
    rows = cover(sizes, _never).rows
    for f, g in itertools.combinations(range(len(sizes)), 2):
        assert {(row[f], row[g]) for row in rows} == set(itertools.product(range(sizes[f]), range(sizes[g])))


@given(st.lists(st.integers(1, 4), min_size=3, max_size=5))
def test_every_wanted_triple_is_in_some_row(sizes: list[int]) -> None:
    rows = cover(sizes, _never, triples=[(0, 1, 2)]).rows
    assert {row[:3] for row in rows} == set(itertools.product(*map(range, sizes[:3])))


@given(_SIZES, st.sets(st.tuples(st.integers(0, 4), st.integers(0, 4)), max_size=6))
def test_what_does_not_go_together_is_in_no_row(sizes: list[int], apart: set[tuple[int, int]]) -> None:
    """The first two factors exclude each other at some levels; all that is left is covered."""

    def allowed(f: int, a: int, g: int, b: int) -> bool:
        return (f, g) != (0, 1) or (a, b) not in apart

    found = cover(sizes, allowed)
    assert all(row[:2] not in apart for row in found.rows)
    possible = set(itertools.product(range(sizes[0]), range(sizes[1]))) - apart
    assert {row[:2] for row in found.rows} == possible


def test_a_few_rows_are_enough() -> None:
    """The least there can be is the product of the two largest."""
    assert len(cover([6, 5, 4, 3, 3, 2], _never).rows) <= 36


def test_what_no_row_can_hold_is_left_out() -> None:
    """Level 0 of the first factor leaves the second nothing."""
    found = cover([2, 2, 2], lambda f, a, g, b: not (f == 0 and a == 0 and g == 1))
    assert all(row[0] == 1 for row in found.rows)


def test_what_no_row_can_hold_is_found_without_a_search() -> None:
    """Level 0 of the first factor leaves two others a level each, which exclude each other: nothing in between shows
    it, and there are 3 ** 20 ways to fill that.
    """

    def allowed(f: int, a: int, g: int, b: int) -> bool:
        left = {21: 0, 22: 1}
        if f == 0 and a == 0 and g in left:
            return b == left[g]
        return (f, a, g, b) != (21, 0, 22, 1)

    rows = cover([3] * 23, allowed).rows
    assert {row[0] for row in rows} == {1, 2}


@given(_SIZES, st.data())
def test_every_pair_is_in_a_row_where_no_other_level_hides_more(
    sizes: list[int], data: st.DataObject
) -> None:
    """Every factor has a level that hides nothing, in either way."""
    ways = st.tuples(st.integers(0, 2), st.integers(0, 2))
    hides = [[(0, 0), *data.draw(st.lists(ways, min_size=s - 1, max_size=s - 1))] for s in sizes]

    def most(levels: list[tuple[int, int]]) -> tuple[int, ...]:
        return tuple(map(max, zip(*levels, strict=True)))

    rows = cover(sizes, _never, hides=hides).rows
    for f, g in itertools.combinations(range(len(sizes)), 2):
        for pair in itertools.product(range(sizes[f]), range(sizes[g])):
            assert any(
                (row[f], row[g]) == pair
                and most([hides[k][level] for k, level in enumerate(row)])
                == most([hides[f][pair[0]], hides[g][pair[1]]])
                for row in rows
            )
