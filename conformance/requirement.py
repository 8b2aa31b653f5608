"""What a requirement is, how it is judged, and the catalogue of all of them.

A requirement is one pure function from a :class:`Trial` to a :class:`Verdict`, registered with its id,
level, statement and source:

    @requirement("shape.output", MUST, "y has the shape of x.", source="[Q]", probes=(training,))
    def output(trial: Trial) -> Verdict: ...

A new one goes into any module of :mod:`conformance.requirements`; nothing else need change.
"""

from __future__ import annotations

import importlib
import math
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from fnmatch import fnmatchcase
from functools import cached_property
from typing import Any, Literal, TypeVar

import msgspec
import numpy as np

from conformance.case import Case
from conformance.implementation import Array, Capabilities
from conformance.oracle import (
    Backwarded,
    Expected,
    ExpectedGradients,
    Float64,
    Forwarded,
    Level,
    backwards,
    forwards,
)
from conformance.probes import Probe
from conformance.realisation import Arrays, realise
from conformance.script import Answer, Build, Call, Observation, Raised

T = TypeVar("T")

MUST, SHOULD, CONVENTION = Level.MUST, Level.SHOULD, Level.CONVENTION


class Outcome(StrEnum):
    """From best to worst."""

    PASS = "pass"
    OBSERVED = "observed"
    UNSUPPORTED = "unsupported"
    ERROR = "error"
    TIMEOUT = "timeout"
    CRASH = "crash"
    FAIL = "fail"

    @property
    def failing(self) -> bool:
        return self in (Outcome.ERROR, Outcome.TIMEOUT, Outcome.CRASH, Outcome.FAIL)


@dataclass(frozen=True, slots=True)
class Point:
    """One feature experiment as a measurement: its condition kappa, its N, the worst error of y or dx in it and
    the bound there, both in units of gamma.
    """

    of: Literal["y", "dx"]
    kappa: float
    count: int
    error: float
    bound: float
    feature: int = 0

    @property
    def ratio(self) -> float:
        """Infinite where the output is not finite."""
        return self.error / self.bound if math.isfinite(self.error) else math.inf


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a requirement says of one trial.

    :ivar ratio: |got - exact| / bound where it was worst; infinite where the output is not finite and
        should be.
    :ivar message: for a failure, what is wrong, in a sentence that stands on its own.
    :ivar observed: for a convention, the value measured.
    :ivar fits: the conventions consistent with this trial. Trials that have none in common contradict each
        other.
    :ivar points: measurements, for a requirement about how the error grows.
    :ivar feature: the feature to which a failure belongs, if to one.
    :ivar index, expected, actual: the worst element.
    :ivar array: of which array of an answer that element is: ``y``; ``x``, ``gamma`` or ``beta`` for a gradient; a
        parameter by its name.
    :ivar call: number of the call in which a failure shows, for one that is of no single element.
    """

    outcome: Outcome
    ratio: float | None = None
    message: str = ""
    observed: str | None = None
    fits: frozenset[str] | None = None
    points: tuple[Point, ...] = ()
    feature: int | None = None
    index: tuple[int, ...] | None = None
    expected: float | None = None
    actual: float | None = None
    array: str = "y"
    call: int | None = None

    def fitting(self, *conventions: str) -> Verdict:
        """The same verdict, with the conventions that this trial is consistent with."""
        return replace(self, fits=frozenset(conventions))


def passed(ratio: float | None = None, observed: str | None = None) -> Verdict:
    return Verdict(Outcome.PASS, ratio, observed=observed)


def failed(message: str, **details: Any) -> Verdict:
    return Verdict(Outcome.FAIL, message=message, **details)


def observed(value: str) -> Verdict:
    return Verdict(Outcome.OBSERVED, observed=value)


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
        what = f"the gradient of {name}, d{name}"

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

    def forward_within(self, which: int, level: Level = MUST, what: str = "y") -> Verdict:
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


def within(
    got: Array | None,
    exact: Float64,
    bound: Any,
    *,
    axis: int | None = None,
    rest: Float64 | None = None,
    what: str = "y",
    array: str = "y",
) -> Verdict:
    """Whether ``got`` lies within ``bound`` of ``exact`` everywhere, and where it is worst.

    Where the bound is infinite nothing is known but that the value is finite; where the exact value is not
    finite nothing is asked.

    :param axis: the feature axis of the arrays, to say whose the failure is.
    :param rest: what is missing from ``exact``, for outputs as precise as it is.
    """
    if got is None:
        return failed(f"there is no {what}")
    if got.shape != exact.shape:
        return failed(f"{what} has shape {got.shape}; expected {exact.shape}")
    if got.size == 0:
        return passed()
    with np.errstate(all="ignore"):
        wide = got.astype(np.float64)
        error = wide - exact
        if rest is not None:
            error -= rest
        ratio = np.abs(error, out=error)
        ratio /= bound
        worst = float(ratio.max())
        if worst <= 1:
            return passed(worst)
        ratio = np.where(wide == exact, 0.0, ratio)
        unknown = np.isfinite(wide) & ~np.isfinite(bound)
        ratio = np.where(np.isnan(ratio) | ~np.isfinite(wide), np.inf, ratio)
        ratio = np.where(unknown | ~np.isfinite(exact), 0.0, ratio)
    flat = int(ratio.argmax())
    index = tuple(int(i) for i in np.unravel_index(flat, ratio.shape))
    worst = float(ratio[index])
    if worst <= 1:
        return passed(worst)
    over = int((ratio > 1).sum())
    limit = float(np.broadcast_to(bound, ratio.shape)[index])
    actual, expected = float(wide[index]), float(exact[index])
    return Verdict(
        Outcome.FAIL,
        worst,
        f"{what}{list(index)} is {actual:.9g}, exactly {expected:.9g}; it may be off by "
        f"{limit:.2g} and is off by {abs(actual - expected):.2g}, {_times(worst)} the bound; "
        f"{over} of {got.size} values are beyond theirs",
        feature=None if axis is None else index[axis],
        index=index,
        expected=expected,
        actual=actual,
        array=array,
    )


def _times(ratio: float) -> str:
    return f"{ratio:.3g} times" if np.isfinite(ratio) else "infinitely many times"


def worst(verdicts: list[Verdict]) -> Verdict:
    """The worst outcome, and of equals the greatest ratio. What was observed is kept where all pass."""
    order = list(Outcome)
    return max(verdicts, key=lambda v: (order.index(v.outcome), v.ratio or 0.0))


@dataclass(frozen=True, slots=True)
class Requirement:
    """One line of the catalogue.

    :ivar levels: levels that differ from ``level`` for a dtype.
    :ivar probes: the experiments on whose observations it is judged.
    :ivar dtypes: those it is about; none means all.
    :ivar presupposes: requirements without which this one cannot hold. It is judged all the same; a report
        names the cause first.
    """

    id: str
    level: Level
    statement: str
    source: str
    probes: tuple[Probe, ...]
    judge: Callable[[Trial], Verdict]
    levels: tuple[tuple[str, Level], ...] = ()
    presupposes: tuple[str, ...] = ()
    dtypes: tuple[str, ...] = ()

    @property
    def group(self) -> str:
        return self.id.partition(".")[0]

    def level_for(self, dtype: str) -> Level:
        return dict(self.levels).get(dtype, self.level)

    def verdict(self, trial: Trial) -> Verdict:
        """Judge a trial, once it is clear that the implementation did what was asked of it."""
        observation = trial.observation
        if self.dtypes and trial.case.dtype not in self.dtypes:
            return Verdict(Outcome.UNSUPPORTED, message=f"is about {', '.join(self.dtypes)}")
        if observation.lost is not None:
            return Verdict(Outcome(observation.lost.outcome), message=observation.lost.text)
        unexpected = observation.unexpected()
        if unexpected is not None:
            call, raised = unexpected
            return Verdict(Outcome.ERROR, message=_raised(call, raised))
        try:
            verdict = self.judge(trial)
            if verdict.outcome is Outcome.FAIL and (other := trial.with_float32_epsilon()) is not None:
                again = self.judge(other)
                verdict = again if again.outcome is Outcome.PASS else verdict
        except Exception as error:
            # An implementation may return what no judge foresaw; that costs this verdict and not the run.
            return Verdict(Outcome.ERROR, message=f"could not be judged: {type(error).__name__}: {error}")
        return verdict


def _raised(call: Call, raised: Raised) -> str:
    what = type(call).__name__.lower()
    return f"{what} raised {raised.kind}: {raised.text}"


_registered: dict[str, Requirement] = {}


def requirement(
    id: str,
    level: Level,
    statement: str,
    *,
    source: str,
    probes: tuple[Probe, ...],
    levels: dict[str, Level] | None = None,
    presupposes: tuple[str, ...] = (),
    dtypes: tuple[str, ...] = (),
) -> Callable[[Callable[[Trial], Verdict]], Callable[[Trial], Verdict]]:
    """Register the decorated function as the judge of a requirement.

    :raises ValueError: the id is taken.
    """

    def register(judge: Callable[[Trial], Verdict]) -> Callable[[Trial], Verdict]:
        if id in _registered:
            raise ValueError(f"there already is a requirement {id!r}")
        _registered[id] = Requirement(
            id, level, statement, source, probes, judge, tuple((levels or {}).items()), presupposes, dtypes
        )
        return judge

    return register


def catalogue(patterns: tuple[str, ...] = ()) -> tuple[Requirement, ...]:
    """All requirements, or those whose id matches one of the shell-style patterns, group by group.

    :raises ValueError: a pattern matches nothing.
    """
    import conformance.requirements as package

    for module in sorted(m.name for m in pkgutil.iter_modules(package.__path__)):
        importlib.import_module(f"{package.__name__}.{module}")
    order = list(package.GROUPS)
    every = sorted(
        _registered.values(),
        key=lambda r: order.index(r.group) if r.group in order else len(order),
    )
    for pattern in patterns:
        if not any(fnmatchcase(r.id, pattern) for r in every):
            raise ValueError(
                f"no requirement matches {pattern!r}; ids look like {every[0].id}, groups are "
                f"{', '.join(dict.fromkeys(r.group for r in every))}"
            )
    if not patterns:
        return tuple(every)
    return tuple(r for r in every if any(fnmatchcase(r.id, p) for p in patterns))
