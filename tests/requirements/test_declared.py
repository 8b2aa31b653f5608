"""What an implementation does not declare is not demanded of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

import conformance
from conformance.implementation import Array, Gradients
from conformance.judging.verdict import Outcome
from conformance.templates.adapter import MyBatchNorm, MyBatchNormLayer

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
