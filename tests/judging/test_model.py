"""The model predicts every answer of a script, and finds each kind of answer that is not right."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from conformance.cases.arrays import realise
from conformance.cases.case import Case
from conformance.exploration.factors import PLAIN
from conformance.exploration.session import case_of, looked_at, session
from conformance.gallery.layer import BatchNorm
from conformance.implementation import Array, Gradients
from conformance.judging import model
from conformance.judging.trial import Trial
from conformance.judging.verdict import Outcome, Verdict
from conformance.protocol.messages import Build, Forward, Load, Parameters, Script
from conformance.worker.in_process import InProcessWorker

_JUDGES = {
    "output": model.outputs,
    "gradient": model.gradients,
    "state": model.state,
    "refusal": model.refusals,
}


def _verdicts(make: type[BatchNorm], case: Case, script: Script | None = None) -> dict[str, Verdict]:
    with InProcessWorker("a layer", make) as worker:
        can = worker.identity.capabilities
        trial = Trial(case, worker.run(script or session(case, realise(case), can)), can)
        return {name: judge(trial) for name, judge in _JUDGES.items()}


def _case(**levels: str) -> Case:
    return case_of({**PLAIN, **{name.replace("_", " "): level for name, level in levels.items()}}, 0, 0)


@pytest.mark.parametrize(
    "call", ["training, backward", "inference, backward", "load", "empty batch", "a NaN", "one value"]
)
@pytest.mark.parametrize(
    "history", ["nothing", "7 training calls", "backward", "refused load", "empty batch", "a NaN"]
)
def test_a_sound_layer_is_right_in_every_answer(call: str, history: str) -> None:
    for name, verdict in _verdicts(BatchNorm, _case(call=call, history=history)).items():
        assert verdict.outcome is Outcome.PASS, (name, verdict.message)


class _Forgets(BatchNorm):
    """Backward moves the statistics again."""

    def backward(self, dy: Array) -> Gradients:
        self.held["running_mean"] = self.held["running_mean"] + 1
        return super().backward(dy)


class _Sticks(BatchNorm):
    """The second training call gives what the first gave."""

    first: Array | None = None

    def forward(self, x: Array, *, training: bool) -> Array:
        y = super().forward(x, training=training)
        self.first = y if self.first is None else self.first
        return self.first if training else y


class _Drops(BatchNorm):
    """Loading gamma sets beta to zero."""

    def load(self, parameters: Mapping[str, Array]) -> None:
        super().load(parameters)
        if set(parameters) == {"gamma"}:
            self.held["beta"] = self.held["beta"] * 0


class _Hides(BatchNorm):
    """NaN comes out as 0."""

    def forward(self, x: Array, *, training: bool) -> Array:
        return np.nan_to_num(super().forward(x, training=training), nan=0.0)


class _Raises(BatchNorm):
    """A long batch is an error."""

    def forward(self, x: Array, *, training: bool) -> Array:
        if not training and x.shape[0] > 65_535:
            raise ValueError("too many rows")
        return super().forward(x, training=training)


class _Turns(BatchNorm):
    """From the second training call on, momentum weighs the new batch."""

    steps = 0

    def update(self, mean: Array, var: Array, count: int) -> None:
        self.steps += 1
        if self.steps == 2:
            self.momentum = 1 - self.momentum
        super().update(mean, var, count)


class _Widens(BatchNorm):
    """The gradient of gamma comes as float64, and that of beta as a column."""

    def backward(self, dy: Array) -> Gradients:
        x, gamma, beta = super().backward(dy)
        wide = None if gamma is None else gamma.astype(np.float64)
        return Gradients(x, wide, None if beta is None else beta.reshape(-1, 1))


@pytest.mark.parametrize(
    ("make", "case", "which", "message"),
    [
        (
            _Widens,
            _case(call="training, backward"),
            "gradient",
            "the gradient dgamma after a training call is float64, where gamma is float32",
        ),
        (
            _Widens,
            _case(call="inference, backward", affine="beta alone"),
            "gradient",
            "the gradient dbeta after an inference call has shape (3, 1), where beta has (3,)",
        ),
        (_Forgets, _case(call="training, backward"), "state", "running_mean[0] is"),
        (_Sticks, _case(history="1 training call"), "output", "in training is"),
        (_Drops, _case(call="load gamma"), "state", "beta[0] is 0 after a load; it should be"),
        (_Hides, _case(call="a NaN"), "output", "where x is NaN"),
        (
            _Raises,
            _case(call="inference", features="1", values_per_feature="65,536"),
            "refusal",
            "forward raised ValueError: too many rows",
        ),
        (_Turns, _case(history="2 training calls"), "state", "no convention in use explains"),
    ],
)
def test_each_kind_of_wrong_answer_is_found_and_named(
    make: type[BatchNorm], case: Case, which: str, message: str
) -> None:
    verdict = _verdicts(make, case)[which]
    assert verdict.outcome is Outcome.FAIL
    assert message in verdict.message


def test_the_calls_that_a_case_is_about_can_be_looked_at_alone() -> None:
    """What came before them, or comes after, is not of its circumstances."""
    case = _case(call="training", history="backward")
    with InProcessWorker("a layer", _Forgets) as worker:
        can = worker.identity.capabilities
        script = session(case, realise(case), can)
        trial = Trial(case, worker.run(script), can)
    assert model.state(trial).outcome is Outcome.FAIL  # by the backward call before
    numbers = looked_at(script)
    assert [type(script[k]) for k in sorted(numbers)] == [Load, Parameters, Forward, Parameters]
    assert model.state(replace(trial, looked_at=numbers)).outcome is Outcome.PASS


def test_nothing_is_asked_where_the_arithmetic_has_no_room() -> None:
    """Squares that overflow may give anything in the output; the calls after it are judged as ever."""
    for verdict in _verdicts(BatchNorm, _case(values="squares overflow")).values():
        assert verdict.outcome is Outcome.PASS


class _Flushes(BatchNorm):
    """Subnormal numbers count as zero."""

    def forward(self, x: Array, *, training: bool) -> Array:
        return super().forward(np.where(np.abs(x) < 2.0**-126, 0, x).astype(x.dtype), training=training)


def test_subnormal_numbers_may_count_as_zero() -> None:
    case = Case((8, 1), 1, epsilon=1e-4)
    x = (np.arange(8, dtype=np.float32) * np.float32(2.0**-130)).reshape(8, 1)
    script = (Build(case.config()), Forward(x, True), Forward(x, False))
    assert _verdicts(_Flushes, case, script)["output"].outcome is Outcome.PASS


def test_what_became_of_a_parameter_that_does_not_fit_is_not_guessed() -> None:
    case = Case((6, 2), 1)
    arrays = realise(case)
    script = (
        Build(case.config()),
        Load({"gamma": np.ones(3, np.float32)}, may_raise=True),
        Forward(arrays.x, True),
        Parameters(),
    )
    assert {v.outcome for v in _verdicts(BatchNorm, case, script).values()} == {Outcome.PASS}


class _RefusesLater(BatchNorm):
    """Takes any gamma, and raises when it is used; differentiates a call once."""

    used = False

    def load(self, parameters: Mapping[str, Array]) -> None:
        self.held.update(parameters)

    def forward(self, x: Array, *, training: bool) -> Array:
        if any(value.size != x.shape[self.axis] for value in self.held.values()):
            raise ValueError("scale has another shape than x")
        self.used = False
        return super().forward(x, training=training)

    def backward(self, dy: Array) -> Gradients:
        if self.used:
            raise RuntimeError("trying to differentiate a second time")
        self.used = True
        return super().backward(dy)


@pytest.mark.parametrize("levels", [{"history": "refused load"}, {"call": "training, backward twice"}])
def test_what_may_be_refused_later_is_no_failure(levels: dict[str, str]) -> None:
    assert _verdicts(_RefusesLater, _case(**levels))["refusal"].outcome is Outcome.PASS


def test_what_other_experiments_may_be_refused_is_theirs_to_say() -> None:
    class Refuses(BatchNorm):
        def forward(self, x: Array, *, training: bool) -> Array:
            raise ValueError("epsilon must be positive")

    case = Case((4, 2), 1)
    alone = (Build(case.config()), Forward(realise(case).x, True))
    assert _verdicts(Refuses, case, alone)["refusal"].outcome is Outcome.PASS
    assert _verdicts(Refuses, _case())["refusal"].outcome is Outcome.FAIL
