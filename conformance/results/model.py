"""The report, as data: what ``report.json`` holds, and how it is made from a campaign's results.

The schema, version 1, is in ``conformance/report/schema-v1.json``. A ratio that is infinite, where the output is
not finite and should be, is :data:`INFINITE`, since JSON has no infinity; one that was not measured is null.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import msgspec
import numpy as np

from conformance.cases.arrays import realise
from conformance.cases.case import Case
from conformance.implementation import Array, Capabilities
from conformance.judging.level import Level
from conformance.judging.verdict import Outcome
from conformance.results.accuracy import Accuracy
from conformance.results.baseline import Known
from conformance.running.coverage import Coverage
from conformance.running.held import Held

SCHEMA_VERSION = 1
INFINITE = 1e308
_SHOWN = 32  # elements of a counterexample's arrays that are spelled out


@dataclass(frozen=True)
class Suite:
    """:ivar started: seconds since the epoch. :ivar seconds: how long the run took."""

    version: str
    seed: int
    max_examples: int
    started: float
    seconds: float
    complete: bool = True


@dataclass(frozen=True)
class Environment:
    python: str
    platform: str
    cpu: str
    packages: dict[str, str]


@dataclass(frozen=True)
class ImplementationInfo:
    """:ivar status: complete, partial, missing (not installed), broken (not started, or not again) or lost (a process
    that judged it died). :ivar problem: why. :ivar notes: what happened on the way that cost nothing.
    """

    id: str
    framework: str
    version: str
    capabilities: Capabilities | None
    status: str = "complete"
    problem: str = ""
    notes: tuple[str, ...] = ()

    @property
    def described(self) -> str:
        """The version; of a program, whose id says nothing of what it runs, with its name."""
        named = self.version and self.id.startswith("exec:")
        return f"{self.framework} {self.version}" if named else self.version


@dataclass(frozen=True)
class RequirementInfo:
    id: str
    level: Level
    statement: str
    source: str
    presupposes: tuple[str, ...] = ()


@dataclass(frozen=True)
class DtypeResult:
    """:ivar level: that of the requirement for this dtype. :ivar known: the entry of the baseline that covers the
    failure, if one does.
    """

    outcome: Outcome
    worst_ratio: float | None
    level: Level
    known: Known | None = None

    @property
    def excused(self) -> bool:
        return self.known is not None and self.known.excused


@dataclass(frozen=True)
class FailingCase:
    """The smallest case found on which a requirement fails.

    :ivar dtype: the first of the dtypes in which it fails.
    :ivar arrays: the numbers of the case, where there are few.
    :ivar script: Python that shows it with the framework's own API alone.
    :ivar foreign: whether the script is from a file, and not from this run: it may be anybody's.
    """

    probe: str
    dtype: str
    case: Case
    message: str
    ratio: float | None = None
    index: tuple[int, ...] | None = None
    expected: float | None = None
    actual: float | None = None
    arrays: dict[str, Any] = field(default_factory=dict)
    script: str | None = None
    foreign: bool = False


@dataclass(frozen=True)
class Result:
    """What one requirement says of one implementation.

    :ivar outcome: the worst over dtypes. :ivar cases: calls judged. :ivar experiments: features in them.
    :ivar observed: what was measured, for a convention or a shape.
    """

    implementation: str
    requirement: str
    outcome: Outcome
    by_dtype: dict[str, DtypeResult]
    cases: int
    experiments: int
    worst_ratio: float | None
    observed: str | None
    message: str
    diagnosis: str | None
    counterexample: FailingCase | None

    def fails_at(self, levels: tuple[Level, ...]) -> bool:
        """Whether it fails, and is not excused, in a dtype for which the requirement has one of ``levels``."""
        return any(
            each.outcome.failing and not each.excused and each.level in levels
            for each in self.by_dtype.values()
        )

    @property
    def failing_dtypes(self) -> list[str]:
        """The dtypes in which it fails, known or not."""
        return [dtype for dtype, each in self.by_dtype.items() if each.outcome.failing]

    @property
    def known(self) -> tuple[Known, ...]:
        """The entries of the baseline that cover its failures."""
        found = [each.known for each in self.by_dtype.values() if each.known is not None]
        return tuple(dict.fromkeys(found))


@dataclass(frozen=True)
class HeldBy(Held):
    """What an implementation's layer holds for one input."""

    implementation: str = ""


@dataclass(frozen=True)
class Report:
    """:ivar held: what layers hold for typical inputs. :ivar gone: known failures that are none any more.
    :ivar coverage: how many pairs of circumstances were tried.
    """

    schema_version: int
    suite: Suite
    environment: Environment
    implementations: tuple[ImplementationInfo, ...]
    requirements: tuple[RequirementInfo, ...]
    results: tuple[Result, ...]
    accuracy: tuple[Accuracy, ...] = ()
    held: tuple[HeldBy, ...] = ()
    gone: tuple[Known, ...] = ()
    coverage: tuple[Coverage, ...] = ()

    def result(self, implementation: str, requirement: str) -> Result | None:
        return self._results.get(implementation, {}).get(requirement)

    def of(self, implementation: str) -> list[Result]:
        return list(self._results.get(implementation, {}).values())

    @cached_property
    def _results(self) -> dict[str, dict[str, Result]]:
        """By implementation and requirement: a report may have many of both."""
        found: dict[str, dict[str, Result]] = {}
        for each in self.results:
            found.setdefault(each.implementation, {}).setdefault(each.requirement, each)
        return found

    def group(self, implementation: str, group: str) -> list[Result]:
        """An implementation's results for one group of requirements."""
        return [r for r in self.of(implementation) if r.requirement.partition(".")[0] == group]

    @property
    def groups(self) -> list[str]:
        """Those in which anything was judged; all where nothing was."""
        judged = {
            r.requirement.partition(".")[0] for r in self.results if r.outcome is not Outcome.UNSUPPORTED
        }
        every = dict.fromkeys(r.id.partition(".")[0] for r in self.requirements)
        return [group for group in every if group in judged or not judged]

    def exit_status(self, *, strict: bool = False, strict_baseline: bool = False) -> int:
        """0 all holds or is known, 1 a requirement failed, 3 an implementation could not be started, or not be
        judged to the end.

        :param strict_baseline: a known failure that is gone is as bad as a failure.
        """
        levels = (Level.MUST, Level.SHOULD) if strict else (Level.MUST,)
        if any(result.fails_at(levels) for result in self.results):
            return 1
        if strict_baseline and self.gone:
            return 1
        return 3 if any(each.status in ("broken", "lost") for each in self.implementations) else 0

    def to_json(self) -> bytes:
        return msgspec.json.format(msgspec.json.encode(self), indent=1)

    @staticmethod
    def from_json(data: bytes) -> Report:
        """:raises msgspec.ValidationError: not a report; the message says where."""
        return msgspec.json.decode(data, type=Report)


def schema() -> dict[str, Any]:
    """The JSON Schema of a report."""
    return msgspec.json.schema(Report)


def spelled_out(case: Case, x: Array) -> dict[str, Any]:
    """The numbers of a case, where there are few, with the x that was sent."""
    if math.prod(case.shape) > _SHOWN:
        return {}
    arrays = realise(case)
    own = {name: getattr(arrays, name) for name in ("gamma", "beta", "mean", "var")}
    return {name: _listed(value.astype(np.float64)) for name, value in {"x": x, **own}.items()}


def _listed(value: Array) -> Any:
    """Nested lists of numbers; NaN and infinities in words, since JSON has none."""
    if value.ndim:
        return [_listed(each) for each in value]
    return float(value) if np.isfinite(value) else str(float(value))
