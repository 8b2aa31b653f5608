"""How errors grow is read off the points that were measured."""

from __future__ import annotations

import math
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.cases.recent import Recent
from conformance.judging.verdict import Point
from conformance.results.accuracy import Accuracy, accuracy
from conformance.running.tally import Tally

U = 2.0**-24


def measured(points: list[Point], requirement: str = "numerics.conditioning") -> Accuracy:
    tally = Tally(requirement, "float32", points=points)
    (found,) = accuracy("some", [tally])
    return found


def at(
    kappa: float, error: float, bound: float = 1e9, count: int = 64, of: Literal["y", "dx"] = "y"
) -> Point:
    return Point(of, kappa, count, error, bound)


KAPPAS = [10 ** (k / 4) for k in range(4, 21)]


@pytest.mark.parametrize("power", [0.5, 1.0, 2.0])
def test_exponent_is_that_of_the_error(power: float) -> None:
    found = measured([at(k, 4 * U * k**power) for k in KAPPAS])
    assert found.exponent == pytest.approx(power, abs=0.01)
    assert (found.exceeds_at, found.lost_at) == (None, None)


def test_saturated_errors_and_what_is_lost_do_not_flatten_it() -> None:
    points = [at(k, min(1.0, U * k**2)) for k in KAPPAS] + [at(5e4, math.nan), at(6e4, math.inf)]
    found = measured(points)
    assert found.exponent == pytest.approx(2.0, abs=0.05)
    assert found.lost_at == pytest.approx(5e4)


def test_beyond_the_bound_from_the_least_kappa() -> None:
    points = [at(k, U * k**2, bound=10 * U * k) for k in KAPPAS]
    assert measured(points).exceeds_at == pytest.approx(min(k for k in KAPPAS if k > 10))


def test_large_batches_are_looked_at_by_their_size_and_constants_left_out() -> None:
    sizes = (1000, 10_000, 100_000, 1_000_000)
    points = [at(1.0, 16 * U * math.sqrt(n), count=n) for n in sizes]
    points += [at(math.inf, 0.5, count=n) for n in sizes]
    found = measured(points, "numerics.large-batch")
    assert found.against == "count"
    assert found.exponent == pytest.approx(0.5, abs=0.01)


def test_outputs_and_gradients_are_told_apart() -> None:
    points = [at(k, U * k) for k in KAPPAS] + [at(k, U * k**2, of="dx") for k in KAPPAS]
    y, dx = accuracy("some", [Tally("numerics.conditioning", "float32", points=points)])
    assert (y.of, dx.of) == ("y", "dx")
    assert y.exponent is not None and dx.exponent is not None and dx.exponent > y.exponent


def test_nothing_measured_nothing_said() -> None:
    assert accuracy("some", [Tally("forward.training", "float32")]) == []


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 40)), max_size=60))
def test_what_is_kept_is_what_would_be_computed_and_no_more_than_fits(asked: list[tuple[int, int]]) -> None:
    recent: Recent[int] = Recent(100)
    sizes: dict[int, int] = {}
    for key, size in asked:
        size = sizes.setdefault(key, size)
        assert recent.get(key, size, lambda key=key: 7 * key) == 7 * key  # type: ignore[misc]
        assert recent.size <= 100 or len(recent) == 1
