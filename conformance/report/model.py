"""The report, as data: what ``report.json`` holds, and how it is made from a campaign's results.

The schema, version 1, is in ``schema-v1.json`` beside this module. A ratio that is infinite, where the output is
not finite and should be, is :data:`INFINITE`, since JSON has no infinity; one that was not measured is null.
"""

from __future__ import annotations

import math
import os
import platform
import re
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from conformance import __version__
from conformance.baseline import Known
from conformance.campaign import Settings, TaskResult
from conformance.case import Case
from conformance.held import Held
from conformance.implementation import DTYPES, Capabilities, Idiom
from conformance.oracle import Level
from conformance.realisation import realise
from conformance.report.accuracy import Accuracy, accuracy
from conformance.requirement import Outcome, Requirement, Verdict, catalogue
from conformance.script import Identity
from conformance.shard import Counterexample, Tally
from conformance.standalone import standalone

SCHEMA_VERSION = 1
INFINITE = 1e308
_DISTRIBUTION = "batchnorm-conformance"
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
    """:ivar status: complete, partial, missing (not installed) or broken. :ivar problem: why."""

    id: str
    framework: str
    version: str
    capabilities: Capabilities | None
    status: str = "complete"
    problem: str = ""

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
class Failure:
    """The smallest case found on which a requirement fails.

    :ivar dtype: the first of the dtypes in which it fails.
    :ivar arrays: the numbers of the case, where there are few.
    :ivar script: Python that shows it with the framework's own API alone.
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
    counterexample: Failure | None

    def fails_at(self, levels: tuple[Level, ...]) -> bool:
        """Whether it fails, and is not excused, in a dtype for which the requirement has one of ``levels``."""
        return any(
            each.outcome.failing and not each.excused and each.level in levels
            for each in self.by_dtype.values()
        )

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
    """:ivar held: what layers hold for typical inputs. :ivar gone: known failures that are none any more."""

    schema_version: int
    suite: Suite
    environment: Environment
    implementations: tuple[ImplementationInfo, ...]
    requirements: tuple[RequirementInfo, ...]
    results: tuple[Result, ...]
    accuracy: tuple[Accuracy, ...] = ()
    held: tuple[HeldBy, ...] = ()
    gone: tuple[Known, ...] = ()

    def result(self, implementation: str, requirement: str) -> Result | None:
        for each in self.results:
            if (each.implementation, each.requirement) == (implementation, requirement):
                return each
        return None

    def of(self, implementation: str) -> list[Result]:
        return [each for each in self.results if each.implementation == implementation]

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
        """0 all holds or is known, 1 a requirement failed, 3 an implementation could not be started.

        :param strict_baseline: a known failure that is gone is as bad as a failure.
        """
        levels = (Level.MUST, Level.SHOULD) if strict else (Level.MUST,)
        if any(result.fails_at(levels) for result in self.results):
            return 1
        if strict_baseline and self.gone:
            return 1
        return 3 if any(each.status == "broken" for each in self.implementations) else 0

    def to_json(self) -> bytes:
        return msgspec.json.format(msgspec.json.encode(self), indent=1)

    @staticmethod
    def from_json(data: bytes) -> Report:
        """:raises msgspec.ValidationError: not a report; the message says where."""
        return msgspec.json.decode(data, type=Report)


def schema() -> dict[str, Any]:
    """The JSON Schema of a report."""
    return msgspec.json.schema(Report)


def build(
    results: list[TaskResult],
    settings: Settings,
    *,
    started: float,
    seconds: float,
    complete: bool = True,
) -> Report:
    """Collect a campaign's results."""
    requirements = catalogue(settings.patterns)
    return Report(
        SCHEMA_VERSION,
        Suite(__version__, settings.seed, settings.max_examples, started, seconds, complete),
        _environment(),
        tuple(_implementation(each) for each in results),
        tuple(RequirementInfo(r.id, r.level, r.statement, r.source, r.presupposes) for r in requirements),
        tuple(
            result
            for each in results
            for requirement in requirements
            if (result := _result(each, requirement)) is not None
        ),
        tuple(
            measured
            for each in results
            for requirement in requirements
            for measured in accuracy(each.implementation, _tallies(each, requirement))
        ),
        tuple(
            HeldBy(h.input_shape, h.axis, h.dtype, h.arrays, h.problem, each.implementation)
            for each in results
            for h in each.held
        ),
    )


def _implementation(result: TaskResult) -> ImplementationInfo:
    identity = result.identity
    return ImplementationInfo(
        result.implementation,
        identity.name if identity else result.implementation,
        identity.version if identity else "",
        identity.capabilities if identity else None,
        result.status,
        result.problem,
    )


def _tallies(task: TaskResult, requirement: Requirement) -> list[Tally]:
    return [
        tally
        for shard in task.shards
        for tally in shard.tallies
        if tally.requirement == requirement.id and tally.worst is not None
    ]


def _result(task: TaskResult, requirement: Requirement) -> Result | None:
    tallies = _tallies(task, requirement)
    if not tallies:
        return None
    dtypes = list(dict.fromkeys(tally.dtype for tally in tallies))
    by_dtype = {}
    for dtype in dtypes:
        own = [tally for tally in tallies if tally.dtype == dtype]
        by_dtype[dtype] = DtypeResult(_worst(own).outcome, _ratio(own), requirement.level_for(dtype))
    top = _worst(tallies)
    contradiction = _contradiction(tallies)
    if contradiction is not None and not top.outcome.failing:
        top = Verdict(Outcome.FAIL, message=contradiction)
        level = requirement.level
        by_dtype = {d: DtypeResult(Outcome.FAIL, each.worst_ratio, level) for d, each in by_dtype.items()}
    seen = dict.fromkeys(value for tally in tallies for value in tally.observed)
    common = frozenset.intersection(*fits) if (fits := [f for t in tallies for f in t.fits]) else frozenset()
    seen |= dict.fromkeys([" or ".join(sorted(common))] if common else [])
    counterexample = _first_counterexample(task, requirement, tallies)
    return Result(
        task.implementation,
        requirement.id,
        top.outcome,
        by_dtype,
        sum(tally.cases for tally in tallies),
        sum(tally.experiments for tally in tallies),
        _ratio(tallies),
        _listed(list(seen)) or None,
        counterexample.message if counterexample else top.message,
        _diagnosis(tallies),
        counterexample,
    )


def _diagnosis(tallies: list[Tally]) -> str | None:
    """What explains the failures; each explanation with the dtypes it explains, if there are several."""
    texts: dict[str, list[str]] = {}
    found = [tally.diagnosis for tally in tallies if tally.diagnosis is not None]
    if found and not any(each.key for each in found):
        return found[0].text
    for tally in tallies:
        named = tally.diagnosis is not None and tally.diagnosis.key
        if named and tally.diagnosis is not None and tally.dtype not in texts.get(tally.diagnosis.text, []):
            texts.setdefault(tally.diagnosis.text, []).append(tally.dtype)
    failing = {t.dtype for t in tallies if t.worst is not None and t.worst.outcome.failing}
    if not texts or (len(texts) == 1 and set(*texts.values()) == failing):
        return next(iter(texts), None)
    return " ".join(f"In {', '.join(dtypes)}: {text}" for text, dtypes in texts.items())


def _contradiction(tallies: list[Tally]) -> str | None:
    """Two cases with no convention in common, if there are such."""
    found = [(fits, case) for tally in tallies for fits, case in tally.fits.items()]
    for fits, case in found:
        for other_fits, other in found:
            if not fits & other_fits:
                return (
                    f"contradicts itself: {' or '.join(sorted(fits))} for {_where(case)}, but "
                    f"{' or '.join(sorted(other_fits))} for {_where(other)}"
                )
    return None


def _where(case: Case) -> str:
    return f"shape {case.shape}, axis {case.axis}, {case.dtype}, momentum {case.momentum:g}"


def _listed(values: list[str], most: int = 3) -> str:
    more = [] if len(values) <= most else [f"and {len(values) - most} others"]
    return ", ".join([*values[:most], *more])


def _worst(tallies: list[Tally]) -> Any:
    """The worst verdict; where some could be judged, what could not is passed over."""
    order = list(Outcome)
    verdicts = [tally.worst for tally in tallies if tally.worst is not None]
    judged = [v for v in verdicts if v.outcome is not Outcome.UNSUPPORTED]
    return max(judged or verdicts, key=lambda v: (order.index(v.outcome), v.ratio or 0.0))


def _ratio(tallies: list[Tally]) -> float | None:
    ratios = [t.worst.ratio for t in tallies if t.worst is not None and t.worst.ratio is not None]
    return _finite(max(ratios, default=None))


def _finite(ratio: float | None) -> float | None:
    return None if ratio is None else min(ratio, INFINITE)


def _first_counterexample(task: TaskResult, requirement: Requirement, tallies: list[Tally]) -> Failure | None:
    """Of the first dtype that fails, in the order of DTYPES: the one most people meet."""
    found = [t for t in tallies if t.counterexample is not None]
    if not found:
        return None
    first = min(DTYPES.index(t.dtype) for t in found)
    own = [t for t in found if t.dtype == DTYPES[first]]
    worst = _worst(own)
    example = next(t.counterexample for t in own if t.worst is worst)
    assert example is not None
    script = None
    if task.identity is not None and task.identity.idiom is not None:
        script = _standalone(task.identity, task.identity.idiom, requirement, example)
    return _failure(example, script)


def _standalone(
    identity: Identity, idiom: Idiom, requirement: Requirement, example: Counterexample
) -> str | None:
    probe = next(each for each in requirement.probes if each.name == example.probe)
    case, verdict = example.case, example.verdict
    return standalone(
        idiom,
        identity.capabilities,
        probe.script(case, realise(case), identity.capabilities),
        example.place,
        about=f"{identity.name} {identity.version}\nRequired: {requirement.statement}\nSeen: {verdict.message}",
        index=verdict.index,
        expected=verdict.expected,
    )


def _failure(example: Counterexample, script: str | None) -> Failure:
    case, verdict = example.case, example.verdict
    return Failure(
        example.probe,
        case.dtype,
        case,
        verdict.message,
        _finite(verdict.ratio),
        verdict.index,
        verdict.expected,
        verdict.actual,
        spelled_out(case),
        script,
    )


def spelled_out(case: Case) -> dict[str, Any]:
    """The numbers of a case, where there are few."""
    if math.prod(case.shape) > _SHOWN:
        return {}
    arrays = realise(case)
    names = ("x", "gamma", "beta", "mean", "var")
    return {name: getattr(arrays, name).astype(np.float64).tolist() for name in names}


def _environment() -> Environment:
    return Environment(platform.python_version(), platform.platform(), _cpu(), _packages())


def _cpu() -> str:
    model = platform.processor() or platform.machine()
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
        found = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
        model = found.group(1) if found else model
    except OSError:
        pass
    return f"{model}, {os.cpu_count()} logical"


def _packages() -> dict[str, str]:
    """Versions of those packages this distribution names that are installed."""
    try:
        lines = requires(_DISTRIBUTION) or []
    except PackageNotFoundError:
        lines = []
    versions = {}
    for line in lines:
        name = re.split(r"[^A-Za-z0-9._-]", line, maxsplit=1)[0]
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    return dict(sorted(versions.items()))
