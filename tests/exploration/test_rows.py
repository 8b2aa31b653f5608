"""Whatever an implementation declares, every pair of circumstances that it can be in is tried."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.cases.arrays import realise
from conformance.cases.case import Case
from conformance.exploration.factors import BY_NAME, FACTORS, PLAIN, possible
from conformance.exploration.rows import cases, coarse, pairs_in, plan
from conformance.exploration.session import case_of, session
from conformance.implementation import DTYPES, FROZEN, Capabilities
from conformance.protocol.messages import Backward, Build, Forward, Parameters, Resume

_EVERYTHING = Capabilities(
    dtypes=DTYPES,
    gradients=True,
    outstanding=True,
    frozen=FROZEN,
    saves=("bytes",),
    replicas=4,
    uneven=True,
    mask=True,
    cumulative=True,
    mixed=True,
)
_DECLARED = st.builds(
    Capabilities,
    dtypes=st.sampled_from([("float32",), ("float32", "float16"), ("bfloat16",)]),
    ranks=st.sampled_from([(2,), (4,), (2, 3, 4, 5)]),
    axes=st.sampled_from(["any", (1,), (-1,)]),
    gradients=st.booleans(),
    affine=st.sampled_from(["separate", "joint", "always"]),
    running=st.booleans(),
    inference=st.booleans(),
    views=st.booleans(),
    compiles=st.booleans(),
    mask=st.booleans(),
    saves=st.sampled_from([(), ("bytes",)]),
)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_all_pairs_are_tried_for_every_seed(seed: int) -> None:
    planned = plan(_EVERYTHING, DTYPES)
    tried = [row for dtype in DTYPES for row, _ in cases(planned, dtype, seed)]
    assert pairs_in(tried) == planned.pairs > 10_000
    assert not any(why.startswith("no row") for why in planned.left_out)


@pytest.mark.parametrize("dtypes", [("float32",), DTYPES], ids=["one dtype", "all dtypes"])
def test_every_pair_is_tried_where_no_other_factor_hides_what_is_wrong(dtypes: tuple[str, ...]) -> None:
    """With a momentum of 1 no statistic moves, with a beta of 0 it does not matter what becomes of it, and so on."""
    rows = [coarse(row) for row in plan(_EVERYTHING, dtypes).rows]
    seen: set[tuple[tuple[str, str], ...]] = set()
    shown: set[tuple[tuple[str, str], ...]] = set()
    for row in rows:
        hiding = {name for name, level in row.items() if BY_NAME[name].level(level).hides}
        for pair in itertools.combinations(row.items(), 2):
            seen.add(pair)
            if hiding <= {name for name, _ in pair}:
                shown.add(pair)
    assert seen - shown == set()


@settings(max_examples=8)
@given(_DECLARED, st.data())
def test_what_is_not_declared_is_left_out_and_the_rest_is_covered(
    can: Capabilities, data: st.DataObject
) -> None:
    planned = plan(can, DTYPES)
    assert pairs_in(planned.rows) == planned.pairs
    for row in planned.rows:
        assert all(BY_NAME[name].level(level).declared(can) for name, level in row.items())
        assert possible(coarse(row))
    number = data.draw(st.integers(0, len(planned.rows) - 1))
    _makes_only_calls_that_are_declared(case_of(planned.rows[number], 0, number), can)


def _makes_only_calls_that_are_declared(case: Case, can: Capabilities) -> None:
    calls = session(case, realise(case), can)
    assert isinstance(calls[0], Build)
    assert can.gradients or not any(isinstance(call, Backward) for call in calls)
    assert can.parameters or not any(isinstance(call, Parameters) for call in calls)
    assert can.saves or not any(isinstance(call, Resume) for call in calls)
    for call in calls:
        if isinstance(call, Forward):
            assert can.inference or call.training
            assert call.x.dtype.name == case.dtype
            assert can.takes(call.x.shape, case.axis)


def test_every_permutation_of_the_axes_is_tried_with_every_shape_of_rank_4() -> None:
    rows = plan(_EVERYTHING, ("float32",)).rows
    for array, shape in itertools.product(("memory of x", "memory of dy"), BY_NAME["shape"].levels):
        if shape.value.rank == 4:
            seen = {
                row[array]
                for row in rows
                if row["shape"] == shape.name and row["call"] == "training, backward"
            }
            assert sum(each.startswith("permuted (") for each in seen) == 23


def test_where_shapes_are_compiled_few_carry_all_pairs() -> None:
    planned = plan(
        Capabilities(dtypes=("float32",), gradients=True, compiles=True, views=False), ("float32",)
    )
    assert len({case.shape for _, case in cases(planned, "float32", 0)}) <= 8


def test_a_small_budget_takes_the_rows_that_cover_most() -> None:
    planned = plan(_EVERYTHING, ("float32",), most=300)
    assert len(planned.rows) == 300
    assert pairs_in(planned.rows) > 0.5 * planned.pairs


def test_the_table_begins_with_what_is_plain() -> None:
    assert set(PLAIN) == {factor.name for factor in FACTORS}
    assert possible(PLAIN)


@pytest.mark.parametrize(
    ("told", "what"),
    [
        ({"weather": "fine"}, "circumstances must be of"),
        ({"history": "long"}, "history must be one of nothing"),
        ({"memory of x": "upside down"}, "memory of x must be one of contiguous"),
    ],
)
def test_circumstances_that_there_are_not_are_named(told: dict[str, str], what: str) -> None:
    from dataclasses import replace

    case = replace(case_of(PLAIN, 0, 0), circumstances=told)
    with pytest.raises(ValueError, match=what):
        session(case, realise(case), _EVERYTHING)
