"""A trial: one case as one implementation took it, with everything that is exact about it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, TypeVar

import msgspec

from conformance.cases.arrays import Arrays, realise
from conformance.cases.case import Case
from conformance.implementation import Capabilities, LayerConfig
from conformance.judging.arithmetic import as_held
from conformance.judging.exact import Backwarded, Expected, ExpectedGradients, Forwarded, backwards, forwards
from conformance.judging.level import MUST, Level
from conformance.judging.verdict import Outcome, Verdict, under_any, within, worst
from conformance.protocol.messages import Answer, Build, Call, Forward, Labelled, Observation, Raised

T = TypeVar("T")
C = TypeVar("C", bound=Labelled)


@dataclass(frozen=True)
class Trial:
    """One case as one implementation took it: everything a requirement may look at.

    Calls go by the labels that the script gave them. Without a label, a method is about the only call there is of its
    kind. Where a requirement is about every call, it goes through :attr:`forwards`, :attr:`backwards` or
    :meth:`answers`, and may give each of them in place of a label.

    :ivar conventions: those that the implementation was seen to follow elsewhere, where that is known.
    :ivar looked_at: the numbers of the calls whose answers are looked at, where that is not all of them.
    """

    case: Case
    observation: Observation
    capabilities: Capabilities = field(default_factory=Capabilities)
    conventions: frozenset[str] = frozenset()
    looked_at: frozenset[int] | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "observation", _as_performed(self.observation))

    @cached_property
    def arrays(self) -> Arrays:
        return realise(self.case)

    # -- calls and their answers

    def answers(self, kind: type[C]) -> list[tuple[C, Answer | Raised]]:
        """(call, answer) for every call of one kind, in order."""
        pairs = zip(self.observation.script, self.observation.answers, strict=False)
        return [(call, answer) for call, answer in pairs if isinstance(call, kind)]

    def answer(self, kind: type[C], label: str = "") -> tuple[C, Answer | Raised]:
        """(call, answer) for the call of that kind and label.

        :raises LookupError: there is none, or there are several.
        """
        return _the_one(((pair[0], pair) for pair in self.answers(kind)), kind.__name__, label)

    def number(self, call: Call) -> int:
        """Which of the script's calls this one is."""
        return next(k for k, other in enumerate(self.observation.script) if other is call)

    def looks_at(self, number: int) -> bool:
        return self.looked_at is None or number in self.looked_at

    # -- outputs

    @cached_property
    def forwards(self) -> list[Forwarded]:
        """Every forward call, in order, in the state its layer was in."""
        return forwards(self.observation)

    def forward(self, which: str | Forwarded = "") -> Forwarded:
        """The forward call of that label, in the state its layer was in.

        :raises LookupError: there is none, or there are several.
        """
        if isinstance(which, Forwarded):
            return which
        return _the_one(((each.call, each) for each in self.forwards), "Forward", which)

    def expected(self, which: str | Forwarded = "", level: Level = MUST) -> Expected:
        """The exact output of a forward call, and its bound."""
        return next(self.expectations(which, level))

    def expectations(self, which: str | Forwarded = "", level: Level = MUST) -> Iterator[Expected]:
        """What its output may be: for the configured epsilon, then for others it may soundly be held as."""
        forwarded = self.forward(which)
        for epsilon in forwarded.epsilons:
            key = id(forwarded), level, epsilon
            if key not in self._exact:
                self._exact[key] = forwarded.expected(level, epsilon)
            yield self._exact[key]

    def forward_within(
        self, which: str | Forwarded = "", *, level: Level = MUST, what: str = "y[{}]"
    ) -> Verdict:
        """Whether a forward call gave the exact output to within the bound."""
        forwarded = self.forward(which)
        got, axis = forwarded.got, forwarded.config.axis
        return self._kept(
            (id(forwarded), "y", level),
            lambda: under_any(
                within(got, expected.y, expected.bound, axis=axis, rest=expected.rest, what=what)
                for expected in self.expectations(forwarded, level)
            ),
        )

    # -- gradients

    @cached_property
    def backwards(self) -> list[Backwarded]:
        """Every backward call, in order, with the forward call it belongs to."""
        return backwards(self.observation)

    def backward(self, which: str | Backwarded = "") -> Backwarded:
        """The backward call of that label, with the forward call it belongs to.

        :raises LookupError: there is none, or there are several.
        """
        if isinstance(which, Backwarded):
            return which
        return _the_one(((each.call, each) for each in self.backwards), "Backward", which)

    def expected_gradients(self, which: str | Backwarded = "", level: Level = MUST) -> ExpectedGradients:
        """The exact gradients of a backward call, and their bounds."""
        return next(self.gradient_expectations(which, level))

    def gradient_expectations(
        self, which: str | Backwarded = "", level: Level = MUST
    ) -> Iterator[ExpectedGradients]:
        """What its gradients may be, as for :meth:`expectations`."""
        backwarded = self.backward(which)
        for epsilon in backwarded.forward.epsilons:
            key = id(backwarded), level, epsilon
            if key not in self._exact:
                self._exact[key] = backwarded.expected(level, epsilon)
            yield self._exact[key]

    def gradient_within(
        self,
        name: str,
        which: str | Backwarded = "",
        *,
        level: Level = MUST,
    ) -> Verdict:
        """Whether a backward call gave the exact gradient of ``name`` to within the bound."""
        backwarded, k = self.backward(which), ("x", "gamma", "beta").index(name)
        axis = backwarded.forward.config.axis if name == "x" else 0
        got = backwarded.got(name)
        if got is not None and name != "x" and got.size == self.case.n:
            got = got.reshape(self.case.n)  # native shapes are another requirement's matter
        what = f"the gradient d{name}[{{}}]"
        if got is None and name not in self.capabilities.gradients_of:
            return Verdict(Outcome.UNSUPPORTED, message=f"declares no gradient of {name}")
        return self._kept(
            (id(backwarded), name, level),
            lambda: under_any(
                within(
                    got,
                    expected.exact[k],
                    expected.bounds[k],
                    axis=axis,
                    rest=expected.rest[k],
                    what=what,
                    array=name,
                )
                for expected in self.gradient_expectations(backwarded, level)
            ),
        )

    def gradients_within(self, which: str | Backwarded = "", *, level: Level = MUST) -> Verdict:
        """Whether a backward call gave every gradient that is declared, to within its bound."""
        return worst(
            [self.gradient_within(name, which, level=level) for name in self.capabilities.gradients_of]
        )

    def _kept(self, key: tuple[int, str, Level], judge: Callable[[], Verdict]) -> Verdict:
        """The verdict, judged once where it passes: then it does not matter in whose words."""
        verdict = self._passed.get(key)
        if verdict is None:
            verdict = judge()
            if verdict.outcome is Outcome.PASS:
                self._passed[key] = verdict
        return verdict

    @cached_property
    def _passed(self) -> dict[tuple[int, str, Level], Verdict]:
        return {}

    @cached_property
    def _exact(self) -> dict[tuple[int, Level, float], Any]:
        return {}

    # -- the trial as a whole

    def readings(self) -> Iterator[Trial]:
        """The trial, and then, where an epsilon may be held as another number, as if that had been given."""
        yield self
        if len(as_held(self.case.epsilon, self.case.dtype)) > 1:
            script = tuple(
                msgspec.structs.replace(call, config=_as_may_be_held(call.config))
                if isinstance(call, Build)
                else call
                for call in self.observation.script
            )
            observation = msgspec.structs.replace(self.observation, script=script)
            yield replace(self, case=_as_may_be_held(self.case), observation=observation)

    @cached_property
    def _memory(self) -> dict[Any, Any]:
        return {}

    def once(self, function: Callable[[Trial], T]) -> T:
        """``function(trial)``, computed for the first requirement that asks and kept for the others."""
        if function not in self._memory:
            self._memory[function] = function(self)
        result: T = self._memory[function]
        return result


def _as_performed(observation: Observation) -> Observation:
    """The observation, in which a call on a layer that is frozen is the one it then should be: training by frozen
    statistics is inference, and inference without statistics is by the batch, as training is.
    """
    if not any(isinstance(call, Build) and call.config.frozen for call in observation.script):
        return observation
    configs: dict[int, LayerConfig] = {}
    script: list[Call] = []
    for call in observation.script:
        if isinstance(call, Build):
            configs[call.layer] = call.config
        elif isinstance(call, Forward):
            call = msgspec.structs.replace(call, training=configs[call.layer].by_batch(call.training))
        script.append(call)
    return msgspec.structs.replace(observation, script=tuple(script))


S = TypeVar("S", Case, LayerConfig)


def _as_may_be_held(given: S) -> S:
    """The same with epsilon as an implementation may hold it."""
    return replace(given, epsilon=as_held(given.epsilon, given.dtype)[-1])


def _the_one(found: Iterable[tuple[Labelled, T]], kind: str, label: str) -> T:
    """The one thing whose call has that label, or the only one if no label is asked for."""
    every = list(found)
    wanted = [each for call, each in every if not label or call.label == label]
    if len(wanted) == 1:
        return wanted[0]
    what = f"{kind} call labelled {label!r}" if label else f"{kind} call"
    labels = ", ".join(repr(call.label) for call, _ in every) or "none"
    raise LookupError(f"expected one {what}, and there are {len(wanted)}; the labels are: {labels}")
