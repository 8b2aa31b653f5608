"""Cases: what Hypothesis draws, what arrays follow, what shrinking leaves."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import find, given, settings
from hypothesis import strategies as st

from conformance.cases.arrays import Arrays, realise
from conformance.cases.case import Case, Regime
from conformance.cases.domain import Domain
from conformance.cases.drawing import case_from, cases, evenly, sketches
from conformance.cases.shrinking import minimise
from conformance.implementation import DTYPES, Capabilities
from conformance.protocol.layouts import LAYOUTS, lay_out
from conformance.requirements.probes import HARD, ILL_CONDITIONED, NEAR_EPSILON, PLAIN

ANY = Capabilities(dtypes=DTYPES)
every_case = st.sampled_from([PLAIN, HARD, NEAR_EPSILON]).flatmap(
    lambda domain: st.sampled_from(DTYPES).flatmap(lambda dtype: cases(domain, ANY, dtype))
)


# -- drawing


@given(every_case)
def test_a_drawn_case_is_within_what_was_asked(case: Case) -> None:
    assert 2 <= len(case.shape) <= 5
    assert case.count >= 2
    assert 1e-8 <= case.epsilon <= 1
    assert 0 <= case.momentum <= 1
    assert len(case.features) == case.n == case.shape[case.axis]


def test_every_rank_and_axis_is_drawn() -> None:
    drawn = [case_from(s, Domain(), ANY, "float32") for s in sketches(0, 400)]
    assert {len(c.shape) for c in drawn} == {2, 3, 4, 5}
    for rank in (2, 3, 4, 5):
        assert {c.axis for c in drawn if len(c.shape) == rank} >= set(range(rank)) | {-1}


def test_only_declared_axes_and_ranks_are_drawn() -> None:
    narrow = Capabilities(ranks=(4,), axes=(-1,))
    drawn = [case_from(s, Domain(), narrow, "float32") for s in sketches(0, 50)]
    assert {(len(c.shape), c.axis % 4) for c in drawn} == {(4, 3)}


def test_implementations_that_compile_meet_few_shapes() -> None:
    drawn = [case_from(s, Domain(), Capabilities(compiles=True), "float32") for s in sketches(0, 200)]
    assert len({c.shape for c in drawn}) <= 8
    assert len({c.features for c in drawn}) > 100


@pytest.mark.parametrize("seed", [0, 1])
def test_a_few_cases_see_what_verdicts_turn_on_whatever_the_seed(seed: int) -> None:
    drawn = [case_from(s, PLAIN, ANY, "float32") for s in evenly(sketches(seed, 30), 4)]
    assert {len(case.shape) for case in drawn[:4]} == {2, 3, 4, 5}
    assert {case.momentum for case in drawn[:6]} == set(PLAIN.momenta)
    assert {case.epsilon for case in drawn} == set(PLAIN.epsilons)
    for rank in (2, 3, 4, 5):
        assert {case.axis for case in drawn[:8] if len(case.shape) == rank} == {1, -1}
    assert sum(case.count <= 24 for case in drawn) >= 10
    assert max(case.count for case in drawn) > 64


@given(cases(replace(ILL_CONDITIONED, min_features=24), ANY, "float32"))
def test_regimes_in_turn_are_all_met_by_a_few_features(case: Case) -> None:
    assert {r.values for r in case.features} == set(ILL_CONDITIONED.values)
    assert {r.kappa for r in case.features} == set(ILL_CONDITIONED.kappas)
    assert {r.scale for r in case.features} == set(ILL_CONDITIONED.scales)


@given(cases(ILL_CONDITIONED, ANY, "float16"))
def test_in_float16_sums_of_squares_are_within_range(case: Case) -> None:
    x = np.moveaxis(realise(case).x.astype(np.float64), case.axis, 0)
    assert np.square(x).reshape(case.n, -1).sum(axis=1).max() < np.finfo(np.float16).max


@given(st.sampled_from([PLAIN, HARD, NEAR_EPSILON]).flatmap(lambda domain: cases(domain, ANY, "float64")))
def test_no_feature_is_ill_conditioned_by_chance(case: Case) -> None:
    """Or constant: whether few values lie close together must not decide a verdict."""
    x = np.moveaxis(realise(case).x, case.axis, 0).reshape(case.n, -1)
    asked = np.abs([r.kappa for r in case.features])
    assert (np.abs(x.mean(axis=1)) <= (asked + 2.001) * x.std(axis=1)).all()
    assert (x.std(axis=1) > 0).all()


def test_the_same_seed_draws_the_same_cases_and_another_seed_others() -> None:
    first = sketches(3, 20)
    sketches.cache_clear()
    assert sketches(3, 20) == first
    assert sketches(4, 20) != first


def test_hypothesis_shrinks_to_the_plainest_case() -> None:
    plainest = find(cases(Domain(), ANY), lambda _: True, settings=settings(database=None))
    assert plainest.shape == (2, 1)
    assert plainest.features == (Regime(),)


# -- arrays


@given(every_case)
def test_arrays_have_the_shapes_and_the_dtype_of_the_case(case: Case) -> None:
    arrays = Arrays(case)
    assert arrays.x.shape == arrays.dy.shape == case.shape
    assert {a.dtype.name for a in (arrays.x, arrays.gamma, arrays.var)} == {case.dtype}
    assert arrays.gamma.shape == arrays.beta.shape == arrays.mean.shape == arrays.var.shape == (case.n,)
    for array in (arrays.x, arrays.dy, arrays.gamma, arrays.beta, arrays.mean, arrays.var):
        assert np.isfinite(array.astype(np.float64)).all()


@given(every_case)
def test_arrays_follow_from_the_case_alone(case: Case) -> None:
    assert Arrays(case).x.tobytes() == Arrays(replace(case)).x.tobytes()


@given(every_case, st.data())
def test_a_feature_keeps_its_numbers_when_the_others_are_dropped(case: Case, data: st.DataObject) -> None:
    k = data.draw(st.integers(0, case.n - 1))
    alone = realise(case.only((k,)))
    whole = realise(case)
    assert np.array_equal(alone.x.ravel(), whole.x.take([k], axis=case.axis).ravel())
    assert alone.gamma[0] == whole.gamma[k]


def test_regimes_mean_what_they_say() -> None:
    """A million values of mean kappa and spread 1, times scale."""
    case = Case((1_000_000, 2), 1, features=(Regime(kappa=8, scale=0.5, stream=0), Regime(stream=1)))
    x = realise(case).x.astype(np.float64)
    assert x.mean(axis=0) == pytest.approx([4, 0], abs=5e-3)
    assert x.std(axis=0) == pytest.approx([0.5, 1], rel=5e-3)


def test_the_numbers_are_the_same_on_every_machine() -> None:
    x = realise(Case((3, 1), 1, dtype="float64")).x.ravel()
    assert x.tolist() == [2.1136326797582874, 1.8490255525702015, -2.256666416508379]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts_change_the_memory_and_not_the_numbers(layout: str) -> None:
    x = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    laid = lay_out(x, layout)
    assert np.array_equal(laid, x)
    assert not np.shares_memory(laid, x)


# -- files


@given(every_case)
def test_a_case_survives_its_file(case: Case) -> None:
    assert Case.from_json(case.to_json()) == case


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"shape": (3,)}, "shape must have at least 2 extents"),
        ({"shape": (3, -1)}, "each 1 or more"),
        ({"shape": (3, 0)}, "each 1 or more"),
        ({"shape": (0, 2)}, "each 1 or more"),
        ({"shape": (1, 100_000_000)}, "more than 1025 features"),
        ({"shape": (1 << 20, 1 << 20)}, "more than"),
        ({"axis": 2}, "axis 2 is out of range"),
        ({"dtype": "int8"}, "dtype must be one of float32"),
        ({"epsilon": -1.0}, "epsilon must be finite and >= 0"),
        ({"momentum": 1.5}, "momentum must lie between 0 and 1"),
        ({"features": (Regime(),) * 3}, "one regime for each of the 2 features"),
        ({"memory": "upside-down"}, "unknown memory layout .upside-down.; known are contiguous"),
    ],
)
def test_nonsense_is_refused_in_words(change: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        replace(Case((4, 2), 1), **change)  # type: ignore[arg-type]


# -- shrinking


def test_a_failing_case_shrinks_to_its_feature_its_shape_and_the_plainest_regime() -> None:
    regimes = tuple(
        Regime("heavy-tailed", 4.0, 16.0, "negative" if k == 17 else "random", "large", stream=k)
        for k in range(40)
    )
    case = Case((7, 3, 40, 2), 2, "float32", 1e-3, 0.5, regimes, seed=99)
    smallest = minimise(
        case, lambda c: any(r.gamma == "negative" for r in c.features), feature=17, min_count=2
    )
    assert smallest.shape == (2, 1)
    assert [r.gamma for r in smallest.features] == ["negative"]
    assert smallest.features[0].kappa == 0
    assert smallest.features[0].scale == 1


def test_shrinking_keeps_what_the_failure_needs() -> None:
    case = Case((9, 5), 1, features=tuple(Regime(stream=k) for k in range(5)))
    smallest = minimise(case, lambda c: c.n >= 3 and c.count >= 5, min_count=2)
    assert smallest.shape == (5, 3)
