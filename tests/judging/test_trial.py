"""What a requirement looks at: calls found by their labels, and epsilons as they may be held."""

from __future__ import annotations

import numpy as np
import pytest

from conformance.cases.case import Case
from conformance.implementation import Array
from conformance.judging.arithmetic import as_held
from conformance.judging.trial import Trial
from conformance.judging.verdict import Outcome, Verdict, failed, observed, passed, under_any
from conformance.protocol.codec import numpy_dtype
from conformance.protocol.messages import Answer, Backward, Build, Forward, Load, Observation, Parameters
from reference import batch_norm_grad, batch_norm_training

CASE = Case((8, 3), 1, "float64")
ONES, ZEROS = np.ones(3), np.zeros(3)


def trial(epsilon: float = CASE.epsilon, dtype: str = "float64") -> Trial:
    """Of a layer that computes with ``epsilon``: a batch, the batch reversed, and the gradients of the first."""
    case = Case((8, 3), 1, dtype)
    narrow = numpy_dtype(dtype)
    x = np.random.default_rng(0).normal(0, 0.05, (8, 3)).astype(narrow)
    batches = x.astype(np.float64), x[::-1].astype(np.float64)
    y, back = (batch_norm_training(each, ONES, ZEROS, epsilon=epsilon, axis=1).y for each in batches)
    mean, var = batches[0].mean(axis=0), batches[0].var(axis=0)
    dx, dgamma, dbeta = batch_norm_grad(
        batches[0], ONES, mean, var, batches[1], epsilon=epsilon, axis=1, training=True
    )
    script = (
        Build(case.config()),
        Forward(x[::-1], True, label="reversed"),
        Parameters(label="held"),
        Forward(x, True, label="plain"),
        Backward(x[::-1]),
    )
    given: tuple[dict[str, Array], ...] = (
        {},
        {"y": back.astype(narrow)},
        {"gamma": ONES},
        {"y": y.astype(narrow)},
    )
    gradients = {"x": dx, "gamma": dgamma, "beta": dbeta}
    return Trial(case, Observation(script, tuple(Answer(arrays=each) for each in (*given, gradients))))


class TestLabels:
    def test_a_call_is_found_by_its_label_wherever_it_stands(self) -> None:
        made = trial()
        assert made.forward("plain").call is made.observation.script[3]
        assert made.answer(Forward, "reversed") == (made.observation.script[1], made.observation.answers[1])
        assert made.forward_within("plain").outcome is Outcome.PASS
        assert np.array_equal(made.expected("plain").y, made.expected("reversed").y[::-1])

    def test_without_a_label_it_is_the_only_one_of_its_kind(self) -> None:
        made = trial()
        assert made.answer(Parameters)[0].label == "held"
        assert made.backward() is made.backwards[0]
        assert made.gradient_within("gamma").outcome is Outcome.PASS

    def test_one_call_of_all_stands_for_itself(self) -> None:
        made = trial()
        assert [made.forward(each) for each in made.forwards] == made.forwards
        assert made.expected(made.forwards[1]) is made.expected("plain")

    @pytest.mark.parametrize("label", ["plane", "held"])
    def test_a_label_that_no_such_call_has_is_an_error(self, label: str) -> None:
        with pytest.raises(
            LookupError, match=f"one Forward call labelled '{label}', .* 0; .*: 'reversed', 'plain'"
        ):
            trial().forward_within(label)

    def test_so_is_none_where_there_are_several(self) -> None:
        with pytest.raises(LookupError, match="expected one Forward call, and there are 2"):
            trial().forward()

    def test_so_is_a_kind_of_which_there_is_none(self) -> None:
        with pytest.raises(
            LookupError, match="expected one Load call, and there are 0; the labels are: none"
        ):
            trial().answer(Load)


class TestEpsilon:
    def test_of_float64_it_may_be_held_in_float32(self) -> None:
        assert as_held(1e-5, "float64") == (1e-5, float(np.float32(1e-5)))
        assert as_held(0.25, "float64") == (0.25,)
        assert as_held(1e-5, "float32") == (1e-5,)

    def test_a_layer_that_does_is_sound(self) -> None:
        made = trial(float(np.float32(1e-5)))
        assert made.forward_within("plain").outcome is Outcome.PASS
        assert all(made.gradient_within(name).outcome is Outcome.PASS for name in ("x", "gamma", "beta"))

    def test_one_whose_epsilon_is_another_is_not(self) -> None:
        made = trial(1.1e-5)
        assert made.forward_within("plain").outcome is Outcome.FAIL
        assert made.gradient_within("x").outcome is Outcome.FAIL

    def test_a_trial_is_read_both_ways(self) -> None:
        first, second = trial().readings()
        assert (first.case.epsilon, second.case.epsilon) == as_held(1e-5, "float64")
        assert second.forward("plain").config.epsilon == second.case.epsilon
        assert len(list(trial(dtype="float32").readings())) == 1


@pytest.mark.parametrize(
    ("verdicts", "chosen"),
    [
        ([passed(0.1), failed("no")], 0),
        ([observed("this"), passed(0.1)], 0),
        ([failed("no"), passed(0.1)], 1),
        ([failed("no"), failed("neither")], 0),
        ([failed("no"), observed("this")], 0),
        ([failed("alone")], 0),
    ],
)
def test_a_later_reading_counts_where_it_passes_alone(verdicts: list[Verdict], chosen: int) -> None:
    assert under_any(iter(verdicts)) is verdicts[chosen]
