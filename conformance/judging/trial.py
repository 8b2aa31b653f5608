"""A trial: one case as one implementation took it, with everything that is exact about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal, TypeVar

import msgspec
import numpy as np

from conformance.cases.arrays import Arrays, realise
from conformance.cases.case import Case
from conformance.implementation import Capabilities
from conformance.judging.exact import Backwarded, Expected, ExpectedGradients, Forwarded, backwards, forwards
from conformance.judging.level import MUST, Level
from conformance.judging.verdict import Outcome, Verdict, within
from conformance.protocol.messages import Answer, Build, Call, Observation, Raised

T = TypeVar("T")


@dataclass(frozen=True)
class Trial:
    """One case as one implementation took it: everything a requirement may look at."""

    case: Case
    observation: Observation
    capabilities: Capabilities = field(default_factory=Capabilities)

    @cached_property
    def arrays(self) -> Arrays:
        return realise(self.case)

    @cached_property
    def forwards(self) -> list[Forwarded]:
        """Every forward call, in order, in the state its layer was in."""
        return forwards(self.observation)

    @cached_property
    def _expected(self) -> dict[tuple[int, Level], Expected]:
        return {}

    def expected(self, which: int, level: Level = MUST) -> Expected:
        """The exact output and its bound for forward call number ``which``."""
        key = which, level
        if key not in self._expected:
            self._expected[key] = self.forwards[which].expected(level)
        return self._expected[key]

    @cached_property
    def backwards(self) -> list[Backwarded]:
        """Every backward call, in order, with the forward call it belongs to."""
        return backwards(self.observation)

    @cached_property
    def _gradients(self) -> dict[tuple[int, Level], ExpectedGradients]:
        return {}

    def expected_gradients(self, which: int, level: Level = MUST) -> ExpectedGradients:
        """The exact gradients and their bounds for backward call number ``which``."""
        key = which, level
        if key not in self._gradients:
            self._gradients[key] = self.backwards[which].expected(level)
        return self._gradients[key]

    def gradient_within(
        self, which: int, name: Literal["x", "gamma", "beta"], level: Level = MUST
    ) -> Verdict:
        """Whether backward call number ``which`` gave the exact gradient of ``name`` to within the bound."""
        backwarded, k = self.backwards[which], ("x", "gamma", "beta").index(name)
        axis = backwarded.forward.config.axis if name == "x" else 0
        got = backwarded.got(name)
        if got is not None and name != "x" and got.size == self.case.n:
            got = got.reshape(self.case.n)  # native shapes are another requirement's matter
        what = f"the gradient d{name}[{{}}]"

        def against(expected: ExpectedGradients) -> Verdict:
            exact, bound, rest = expected.exact[k], expected.bounds[k], expected.rest[k]
            return within(got, exact, bound, axis=axis, rest=rest, what=what, array=name)

        verdict = against(self.expected_gradients(which, level))
        if verdict.outcome is Outcome.FAIL and (epsilon := backwarded.forward.alternative_epsilon()):
            again = against(backwarded.expected(level, epsilon))
            if again.outcome is Outcome.PASS:
                return again
        return verdict

    def with_float32_epsilon(self) -> Trial | None:
        """The same trial, as if epsilon had been given as an implementation of float64 may hold it: rounded
        to float32, as ONNX attributes are. None where that is the same number.
        """
        rounded = float(np.float32(self.case.epsilon))
        if self.case.dtype != "float64" or rounded == self.case.epsilon:
            return None
        script = tuple(
            msgspec.structs.replace(
                call, config=replace(call.config, epsilon=float(np.float32(call.config.epsilon)))
            )
            if isinstance(call, Build)
            else call
            for call in self.observation.script
        )
        observation = msgspec.structs.replace(self.observation, script=script)
        return Trial(replace(self.case, epsilon=rounded), observation, self.capabilities)

    @cached_property
    def _memory(self) -> dict[Any, Any]:
        return {}

    def once(self, function: Callable[[Trial], T]) -> T:
        """``function(trial)``, computed for the first requirement that asks and kept for the others."""
        if function not in self._memory:
            self._memory[function] = function(self)
        result: T = self._memory[function]
        return result

    def answers(self, kind: type[Any]) -> list[tuple[Any, Answer | Raised]]:
        """(call, answer) for every call of one kind, in order."""
        pairs = zip(self.observation.script, self.observation.answers, strict=False)
        return [(call, answer) for call, answer in pairs if isinstance(call, kind)]

    def number(self, call: Call) -> int:
        """Which of the script's calls this one is."""
        return next(k for k, other in enumerate(self.observation.script) if other is call)

    def forward_within(self, which: int, level: Level = MUST, what: str = "y[{}]") -> Verdict:
        """Whether forward call number ``which`` gave the exact output to within the bound."""
        forwarded = self.forwards[which]
        expected = self.expected(which, level)
        axis = forwarded.config.axis
        verdict = within(forwarded.got, expected.y, expected.bound, axis=axis, rest=expected.rest, what=what)
        if verdict.outcome is Outcome.FAIL and (epsilon := forwarded.alternative_epsilon()):
            other = forwarded.expected(level, epsilon)
            again = within(forwarded.got, other.y, other.bound, axis=axis, rest=other.rest)
            if again.outcome is Outcome.PASS:
                return again
        return verdict
