"""What an implementation does not declare is not demanded of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

import conformance
from conformance.implementation import Array, Gradients
from conformance.judging.level import Level
from conformance.judging.verdict import Outcome
from conformance.templates.numpy import MyBatchNorm, MyBatchNormLayer

BOTH = ("training", "inference")


class _Layer(MyBatchNormLayer):
    """Differentiates some calls alone."""

    after: tuple[str, ...] = BOTH

    def backward(self, dy: Array) -> Gradients:
        if BOTH[not self.training] not in self.after:
            raise RuntimeError("there is no gradient of that")
        return super().backward(dy)


def differentiating(*after: str, declared: Any) -> Any:
    class Made(MyBatchNorm):
        capabilities = replace(MyBatchNorm.capabilities, dtypes=("float32",), gradients=declared)

        def build(self, config: Any) -> Any:
            layer = _Layer(config)
            layer.after = after
            return layer

    return Made()


@pytest.mark.parametrize("mode", BOTH)
def test_gradients_after_the_calls_they_are_declared_for(mode: str) -> None:
    result = conformance.check(differentiating(mode, declared=mode), max_examples=8)
    assert not result.failures
    outcomes = {each.requirement: each.outcome for each in result.report.results}
    assert outcomes["session.gradient"] is Outcome.PASS
    judged, other = ("gradient.input", "gradient.inference")[:: 1 if mode == "training" else -1]
    assert outcomes[judged] is Outcome.PASS and outcomes[other] is Outcome.UNSUPPORTED


def test_gradients_after_every_call_if_declared_for_every_call() -> None:
    result = conformance.check(
        differentiating("training", declared=True), requirements="gradient.*", max_examples=8
    )
    assert {failure.requirement for failure in result.failures} == {"gradient.inference"}


def _refuse_negative(x: Array) -> None:
    if min(x.strides, default=0) < 0:
        raise ValueError("At least one stride in the given numpy array is negative")


class _TakesNoNegativeStrides(MyBatchNorm):
    """As an adapter that hands its arrays to torch.from_numpy."""

    capabilities = replace(MyBatchNorm.capabilities, dtypes=("float32",))

    def build(self, config: Any) -> Any:
        class Made(MyBatchNormLayer):
            def load(self, parameters: Any) -> None:
                for value in parameters.values():
                    _refuse_negative(value)
                super().load(parameters)

            def forward(self, x: Array, *, training: bool) -> Array:
                _refuse_negative(x)
                return super().forward(x, training=training)

            def backward(self, dy: Array) -> Gradients:
                _refuse_negative(dy)
                return super().backward(dy)

        return Made(config)


def test_a_layout_that_is_refused_by_name_is_no_wrong_number() -> None:
    result = conformance.check(_TakesNoNegativeStrides(), max_examples=8)
    (failure,) = result.failures
    assert failure.requirement == "purity.layouts" and failure.level is Level.SHOULD
    assert (
        "forward() in training refuses x that lies in memory so: negative. ValueError: At least"
        in failure.message
    )


class _RefusesSome(_TakesNoNegativeStrides):
    """Each kind of call refuses another layout, and one rank refuses more."""

    def build(self, config: Any) -> Any:
        class Made(MyBatchNormLayer):
            def forward(self, x: Array, *, training: bool) -> Array:
                if not training:
                    _refuse_negative(x)
                if 0 in x.strides or (x.ndim == 4 and not x.flags.forc):
                    raise ValueError("this layout is not supported")
                return super().forward(x, training=training)

        return Made(config)


def test_a_layout_may_be_refused_by_some_calls_and_in_some_ranks() -> None:
    result = conformance.check(
        _RefusesSome(), requirements=("purity.*", "session.*"), dtypes="float32", max_examples=24
    )
    assert {failure.requirement for failure in result.failures} == {"purity.layouts"}


class _WrongButWhereItRaises(_TakesNoNegativeStrides):
    """What raises whatever the layout is not refused for that."""

    def build(self, config: Any) -> Any:
        class Made(MyBatchNormLayer):
            def forward(self, x: Array, *, training: bool) -> Array:
                if x.ndim == 5:
                    raise ValueError("there are no kernels for that")
                y: Array = super().forward(x, training=training)
                return y if x.flags.c_contiguous else 1.5 * y

        return Made(config)


def test_what_raises_in_one_rank_hides_nothing_in_others() -> None:
    result = conformance.check(_WrongButWhereItRaises(), requirements="session.output", max_examples=8)
    assert [failure.requirement for failure in result.failures] == ["session.output"]


class _NeverAnswers(_TakesNoNegativeStrides):
    capabilities = replace(_TakesNoNegativeStrides.capabilities, gradients=False)

    def build(self, config: Any) -> Any:
        class Made(MyBatchNormLayer):
            def forward(self, x: Array, *, training: bool) -> Array:
                raise ValueError("there are no kernels at all")

        return Made(config)


def test_what_raises_for_contiguous_arrays_refuses_no_layout() -> None:
    result = conformance.check(_NeverAnswers(), requirements="purity.layouts", max_examples=8)
    assert not result.failures


class _WrongForTransposed(_TakesNoNegativeStrides):
    def build(self, config: Any) -> Any:
        class Made(type(super().build(config))):  # type: ignore[misc]
            def forward(self, x: Array, *, training: bool) -> Array:
                y: Array = super().forward(x, training=training)
                return y if x.flags.c_contiguous else 1.5 * y

        return Made(config)


def test_a_layout_that_is_taken_is_judged_beside_one_that_is_refused() -> None:
    result = conformance.check(_WrongForTransposed(), requirements="purity.*", max_examples=8)
    assert {failure.requirement for failure in result.failures} == {"purity.layouts", "purity.strided"}


# -- what a layer has alone, and what is declared of it


class _XAlone(MyBatchNorm):
    capabilities = replace(MyBatchNorm.capabilities, dtypes=("float32",), gradients_of=("x",))

    def build(self, config: Any) -> Any:
        class Made(MyBatchNormLayer):
            def backward(self, dy: Array) -> Gradients:
                return Gradients(super().backward(dy).x)

        return Made(config)


def test_no_gradient_of_gamma_is_asked_of_who_declares_that_of_x_alone() -> None:
    result = conformance.check(_XAlone(), max_examples=8)
    assert not result.failures
    outcomes = {each.requirement: each.outcome for each in result.report.results}
    assert outcomes["gradient.input"] is Outcome.PASS
    assert outcomes["session.gradient"] is Outcome.PASS
    assert outcomes["gradient.gamma"] is Outcome.UNSUPPORTED


class _OfOneEpsilon(MyBatchNorm):
    has = 1e-3
    capabilities = replace(MyBatchNorm.capabilities, dtypes=("float32",), epsilon=1e-3, momentum=0.8)

    def build(self, config: Any) -> Any:
        return MyBatchNormLayer(replace(config, epsilon=self.has, momentum=0.8))


class _OfAnotherEpsilon(_OfOneEpsilon):
    has = 1e-5


def test_a_layer_is_judged_by_the_only_epsilon_and_momentum_it_declares() -> None:
    result = conformance.check(_OfOneEpsilon(), max_examples=8)
    assert not result.failures
    outcomes = {each.requirement: each.outcome for each in result.report.results}
    for needs_others in ("degenerate.zero-epsilon", "invariance.scale", "running.extremes"):
        assert outcomes[needs_others] is Outcome.UNSUPPORTED
    assert outcomes["forward.epsilon"] is outcomes["running.update"] is Outcome.PASS


def test_and_fails_if_it_has_another_one() -> None:
    result = conformance.check(_OfAnotherEpsilon(), requirements="forward.epsilon", max_examples=8)
    (failure,) = result.failures
    assert failure.case.epsilon == 1e-3  # However small the case is made.


def _mixed(impostor: str, *requirements: str) -> set[str]:
    found = conformance.check(
        f"conformance.gallery.{impostor}", requirements=requirements, dtypes="float16", max_examples=12
    )
    return {failure.requirement for failure in found.failures}


@pytest.mark.parametrize(
    ("impostor", "requirement"),
    [
        ("GivenVarianceHalved", "mixed.inference"),
        ("BatchVarianceHalved", "mixed.training"),
        ("EpsilonHalved", "mixed.training"),
        ("StatisticsKeptInHalf", "mixed.dtype"),
        ("AverageRoundedToHalf", "mixed.running"),
        ("GammaGradientInHalf", "mixed.gradient"),
        ("GradientSumsInHalf", "mixed.precision"),
        ("GammaLoadedInHalf", "session.state"),
    ],
)
def test_half_precision_beside_float32_is_judged_where_it_is_declared(
    impostor: str, requirement: str
) -> None:
    assert _mixed(f"impostors_mixed:{impostor}", requirement) == {requirement}


def test_a_sound_layer_passes_in_mixed_precision() -> None:
    assert not _mixed("sound:PairwiseSums", "mixed.*")


# -- two calls outstanding


def _outstanding(layer: str, requirement: str = "gradient.outstanding") -> list[str]:
    """The messages of what does not hold of a layer."""
    found = conformance.check(
        f"conformance.gallery.{layer}", requirements=requirement, dtypes="float32", max_examples=8
    )
    return [failure.message for failure in found.failures]


def test_a_layer_that_keeps_two_calls_has_the_gradients_of_both() -> None:
    assert not _outstanding("sound_forms:KeepsTwoCalls")


def test_wrong_gradients_come_with_the_call_they_are_of() -> None:
    (message,) = _outstanding("impostors_outstanding:ModeOfTheLaterCall")
    assert message.endswith(", of a training call, after an inference call")


def test_a_session_says_which_call_came_in_between() -> None:
    (message,) = _outstanding("impostors_outstanding:RunningStatisticsReadInBackward", "session.gradient")
    assert (
        "fails when backward follows inference and a training call comes before its backward call" in message
    )


# -- frozen layers


def _frozen(layer: str) -> list[str]:
    """The messages of what does not hold of a layer that can be frozen."""
    found = conformance.check(
        f"conformance.gallery.{layer}", requirements="running.frozen", dtypes="float32", max_examples=8
    )
    return [failure.message for failure in found.failures]


def test_a_layer_that_freezes_what_it_is_told_passes() -> None:
    assert not _frozen("sound_forms:FreezesWhatItIsTold")


def test_what_is_frozen_wrongly_is_named() -> None:
    (message,) = _frozen("impostors_frozen:UntrackedByInitialStatistics")
    assert message.endswith("(frozen='untracked')")


# -- saved and restored


def _saved(layer: str, requirement: str = "saved.*") -> dict[str, str]:
    """The messages of what does not hold of a layer that can be saved, by requirement."""
    found = conformance.check(
        f"conformance.gallery.{layer}", requirements=requirement, dtypes="float32", max_examples=8
    )
    return {failure.requirement: failure.message for failure in found.failures}


def test_a_layer_that_saves_all_it_holds_passes() -> None:
    assert not _saved("sound_forms:SavesAllItHolds")


@pytest.mark.parametrize(
    ("impostor", "requirement", "said"),
    [
        ("SavesVarianceAsDeviation", "saved.state", "after it was saved as arrays and restored"),
        ("SavesNoCount", "saved.onward", "(saved as arrays)"),
        ("RestoresDefaultEpsilon", "saved.onward", "(saved as arrays)"),
    ],
)
def test_what_is_lost_on_the_way_is_found(impostor: str, requirement: str, said: str) -> None:
    assert said in _saved(f"impostors_saved:{impostor}")[requirement]


def test_a_session_goes_on_in_another_process() -> None:
    found = _saved("impostors_saved:RestoresDefaultEpsilon", "session.output")
    assert "fails when another process saved the layer" in found["session.output"]


# -- derivatives of higher order


def _derivatives(layer: str) -> dict[str, str]:
    """The outcomes of the group, by requirement."""
    found = conformance.check(
        f"conformance.gallery.{layer}", requirements="derivative.*", dtypes="float64", max_examples=16
    )
    return {each.requirement.partition(".")[2]: str(each.outcome) for each in found.report.results}


def test_a_sound_layer_has_every_derivative_by_every_composition() -> None:
    assert set(_derivatives("sound_derivatives:DerivativesInOtherOrder").values()) == {"pass"}


def test_those_of_one_composition_alone_are_judged_by_that() -> None:
    found = _derivatives("sound_derivatives:ReverseModeAlone")
    assert found["second"] == found["inference"] == "pass"
    assert found["forward"] == found["third"] == "unsupported"


@pytest.mark.parametrize(
    ("impostor", "wrong"),
    [
        ("ForwardModeOfInference", "forward"),
        ("SecondWithStatisticsKept", "second"),
        ("ThirdWithoutTheVariance", "third"),
        ("CurvedInInference", "inference"),
    ],
)
def test_each_requirement_sees_what_it_is_for(impostor: str, wrong: str) -> None:
    found = _derivatives(f"impostors_derivative:{impostor}")
    assert found[wrong] == "fail"
    earlier = list(found)[: list(found).index(wrong)]
    assert {found[name] for name in earlier} <= {"pass"}


def test_what_is_wrong_by_some_compositions_alone_says_by_which() -> None:
    found = conformance.check(
        "conformance.gallery.impostors_derivative:ForwardOverForwardOfOne",
        requirements="derivative.second",
        dtypes="float64",
        max_examples=16,
    )
    (failure,) = found.failures
    assert "wrong by forward over forward, right by " in failure.message
