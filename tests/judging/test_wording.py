"""Messages read as English, whatever numbers they hold."""

from __future__ import annotations

import math

import numpy as np
import pytest

from conformance.judging.verdict import Outcome, within
from conformance.judging.wording import counted, element, times, whole
from conformance.report.words import ratio


@pytest.mark.parametrize(
    ("count", "said"), [(0, "0 features"), (1, "1 feature"), (2, "2 features"), (1000, "1,000 features")]
)
def test_a_count_has_its_plural(count: int, said: str) -> None:
    assert counted(count, "feature") == said


@pytest.mark.parametrize(
    ("off", "said"),
    [(1.0001, "just over the bound"), (1.02, "1.02 times the bound"), (3.36e7, "3.36e+07 times the bound"),
     (0.5, "0.5 times the bound"), (math.inf, "infinitely many times the bound")],
)  # fmt: skip
def test_what_exceeds_its_bound_is_never_once_the_bound(off: float, said: str) -> None:
    assert times(off) == said


def test_nor_is_it_in_a_table() -> None:
    assert [ratio(value) for value in (0.97, 1.0, 1.0001, 1.02, 7e8)] == ["0.97", "1", ">1", "1.02", "7e8"]


def test_an_index_stands_within_the_phrase() -> None:
    what = "the change of y[{}] when gamma[0] grows by 1"
    assert element(what, (1, 0)) == "the change of y[1, 0] when gamma[0] grows by 1"
    assert whole(what) == "the change of y when gamma[0] grows by 1"
    assert whole("y[{}], at a position that counts,") == "y, at a position that counts"


def test_a_verdict_says_where_and_how_far() -> None:
    got, exact = np.array([[1.0, 2.0]]), np.array([[1.0, 2.5]])
    verdict = within(got, exact, np.full((1, 2), 0.25), what="y[{}] in training")
    assert verdict.outcome is Outcome.FAIL
    assert verdict.message == (
        "y[0, 1] in training is 2, exactly 2.5; it may be off by 0.25 and is off by 0.5, 2 times the bound; "
        "values beyond their bounds: 1 of 2"
    )
    lost = within(np.full((1, 2), np.nan), exact, np.full((1, 2), 0.25))
    assert lost.message.startswith("y[0, 0] is nan, exactly 1; it may be off by 0.25; values beyond")
    assert within(None, exact, exact, what="y[{}] in training").message == "y in training is missing"
