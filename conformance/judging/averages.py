"""The running statistics as they were seen to move, one training call at a time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from conformance.implementation import Array
from conformance.judging.exact import Float64, Forwarded, Statistics, forwards, statistics
from conformance.protocol.messages import Answer, Build, Call, Forward, Load, Observation, Parameters

Pair = tuple[Float64, Float64]


@dataclass(frozen=True, slots=True)
class Step:
    """One training call, and the running (mean, variance), each (n,), before and after it.

    :ivar seen: the call that showed them after it.
    :ivar number: of the training call since the layer was built, from 1.
    :ivar precision: the dtype in whose arithmetic it is judged; that of x if empty.
    """

    call: Forwarded
    seen: Parameters
    number: int
    old: Pair
    new: Pair
    precision: str = ""

    @property
    def x(self) -> Array:
        return self.call.call.x

    @property
    def axis(self) -> int:
        return self.call.config.axis

    @property
    def batch_axis(self) -> int:
        """The first axis that is not the features'."""
        return 0 if self.call.config.feature_axis else 1

    @property
    def count(self) -> int:
        """N, the number of values per feature."""
        return self.call.count

    @property
    def batch(self) -> Statistics:
        """The exact statistics of the batch."""
        return statistics(self.x, axis=self.axis)


def steps(observation: Observation) -> list[Step]:
    """Every training call with the statistics asked for right before and right after it."""
    found: list[Step] = []
    state: dict[int, Pair | None] = {}
    trained: dict[int, int] = {}
    pending: dict[int, Forwarded] = {}
    passed = iter(forwards(observation))
    call: Call
    for call, answer in zip(observation.script, observation.answers, strict=False):
        layer = call.layer
        match call:
            case Build():
                trained[layer] = 0
                state[layer] = None
                pending.pop(layer, None)
            case Load():
                state[layer] = None
                pending.pop(layer, None)
            case Forward():
                forwarded = next(passed)
                if call.training:
                    trained[layer] += 1
                    if layer in pending:  # Two calls in a row: what each did is not known.
                        state[layer] = None
                    pending[layer] = forwarded
            case Parameters() if isinstance(answer, Answer):
                old, new = state.get(layer), vectors(answer)
                if layer in pending and old is not None and new is not None:
                    found.append(Step(pending[layer], call, trained[layer], old, new))
                pending.pop(layer, None)
                state[layer] = new
    return found


def vectors(answer: Answer) -> Pair | None:
    """The running (mean, variance) a layer shows, as n-vectors; None if it does not show both."""
    held = [answer.arrays.get(name) for name in ("running_mean", "running_var")]
    if held[0] is None or held[1] is None or held[0].size != held[1].size:
        return None
    mean, var = (np.asarray(value).astype(np.float64).ravel() for value in held)
    return mean, var
