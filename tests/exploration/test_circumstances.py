"""What failing rows have in common is found, said in words, and counted."""

from __future__ import annotations

import pytest

from conformance.exploration.circumstances import Fails, circumstances
from conformance.exploration.factor import Row
from conformance.exploration.factors import BY_NAME, PLAIN
from conformance.exploration.rows import plan
from conformance.implementation import Capabilities

_CAN = Capabilities(gradients=True)
_ROWS = plan(_CAN, ("float32",)).rows


def _found(fails: Fails) -> str:
    found = circumstances(_ROWS, [fails(row) for row in _ROWS], fails, _CAN, attempts=600)
    assert found is not None
    return found.text


def _value(row: Row, name: str) -> int:
    value = BY_NAME[name].level(row[name]).value
    assert isinstance(value, int)
    return value


def test_two_circumstances_are_named_with_how_often_they_fail() -> None:
    text = _found(lambda row: row["history"] == "a NaN" and row["memory of x"] == "strided")
    assert text.startswith("fails when a batch with a NaN came before and x is strided (")
    assert "; right otherwise (0 of " in text


def test_what_several_levels_have_in_common_is_said_as_one() -> None:
    def fails(row: Row) -> bool:
        size_one = "an axis has size 1" in BY_NAME["shape"].level(row["shape"]).groups
        return size_one and row["memory of dy"] not in ("contiguous", "offset", "misaligned", "read-only")

    assert _found(fails).startswith("fails when an axis has size 1 and dy is not contiguous (")


@pytest.mark.parametrize(
    ("fails", "words"),
    [
        (lambda row: _value(row, "features") > 32, "n > 32"),
        (lambda row: _value(row, "features") % 8 != 0, "n is not a multiple of 8"),
        (lambda row: _value(row, "values per feature") > 768, "N > 768"),
        (lambda row: row["momentum"] == "0", "momentum is 0"),
        (lambda row: "training call" in row["history"], "a training call came before"),
    ],
)
def test_sizes_and_levels_read_as_english(fails: Fails, words: str) -> None:
    assert words in _found(fails)


def test_a_second_cause_is_found_as_well() -> None:
    text = _found(lambda row: row["epsilon"] == "0.5" or row["dy"] == "large")
    assert "epsilon" in text and "dy is large" in text and "; right otherwise (0 of " in text


def test_nothing_is_said_of_rows_that_do_not_fail_again() -> None:
    failed: list[bool | None] = [row["dy"] == "large" for row in _ROWS]
    assert circumstances(_ROWS, failed, lambda row: False, _CAN, attempts=600) is None


def test_what_fails_always_takes_no_circumstances() -> None:
    assert _found(lambda row: True) == ""
    assert PLAIN["dtype"] == "float32"
