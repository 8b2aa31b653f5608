"""From what a campaign found to the report."""

from __future__ import annotations

from collections import Counter

from conformance.cases.case import Case
from conformance.judging.requirement import Requirement
from conformance.judging.verdict import Outcome, Verdict
from conformance.requirements.catalogue import catalogue
from conformance.results.accuracy import accuracy
from conformance.results.environment import environment
from conformance.results.model import (
    INFINITE,
    SCHEMA_VERSION,
    DtypeResult,
    FailingCase,
    HeldBy,
    ImplementationInfo,
    Report,
    RequirementInfo,
    Result,
    Suite,
    spelled_out,
)
from conformance.running.campaign import Settings, TaskResult
from conformance.running.tally import Counterexample, Tally, shown, worst_of
from conformance.version import __version__


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
        environment(),
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
        coverage=tuple(each.coverage for each in results if each.coverage is not None),
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
        (*result.notes, *_strays(result)),
    )


def _strays(result: TaskResult) -> list[str]:
    """In words, how often its worker was ended from outside."""
    return [
        f"its worker was ended from outside {_often(count)} ({signal}), and what it had at hand was tried again"
        for signal, count in sorted(Counter(result.strays).items())
    ]


def _often(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


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
        by_dtype[dtype] = DtypeResult(worst_of(own).outcome, _ratio(own), requirement.level_for(dtype))
    top = worst_of(tallies)
    contradiction = _contradiction(tallies)
    if contradiction is not None and not top.outcome.failing:
        top = Verdict(Outcome.FAIL, message=contradiction)
        level = requirement.level
        by_dtype = {d: DtypeResult(Outcome.FAIL, each.worst_ratio, level) for d, each in by_dtype.items()}
    seen = dict.fromkeys(value for tally in tallies for value in tally.observed)
    common = frozenset.intersection(*fits) if (fits := [f for t in tallies for f in t.fits]) else frozenset()
    seen |= dict.fromkeys([" or ".join(sorted(common))] if common else [])
    found = shown(tallies)
    counterexample = _failure(found.counterexample) if found and found.counterexample else None
    return Result(
        task.implementation,
        requirement.id,
        top.outcome,
        by_dtype,
        sum(tally.cases for tally in tallies),
        sum(tally.experiments for tally in tallies),
        _ratio(tallies),
        _listed(list(seen)) or None,
        _message(tallies, counterexample.message if counterexample else top.message),
        _diagnosis(tallies, found),
        counterexample,
    )


def _message(tallies: list[Tally], message: str) -> str:
    """What is wrong; first of all in which circumstances, where that is known."""
    texts = [t.circumstances.text for t in tallies if t.circumstances is not None]
    return f"{texts[0]}. {message}" if texts and texts[0] else message


def _diagnosis(tallies: list[Tally], shown: Tally | None) -> str | None:
    """What explains the failures, first the one that is shown; each explanation with its dtypes, if not all."""
    failing = [t for t in tallies if t.worst is not None and t.worst.outcome.failing]
    failing.sort(key=lambda tally: tally is not shown)
    named = [(t.diagnosis.text, t.dtype) for t in failing if t.diagnosis is not None and t.diagnosis.key]
    texts = list(dict.fromkeys(text for text, _ in named))
    if not texts:
        return next((t.diagnosis.text for t in failing if t.diagnosis is not None), None)
    told: list[str] = []
    said: set[str] = set()
    for text in texts:
        dtypes = list(dict.fromkeys(dtype for own, dtype in named if own == text))
        where = f"In {', '.join(dtypes)}" + (", elsewhere" if said & set(dtypes) else "")
        said |= set(dtypes)
        told.append(f"{where}: {text}")
    return texts[0] if len(texts) == 1 and said == {t.dtype for t in failing} else " ".join(told)


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


def _ratio(tallies: list[Tally]) -> float | None:
    ratios = [t.worst.ratio for t in tallies if t.worst is not None and t.worst.ratio is not None]
    return _finite(max(ratios, default=None))


def _finite(ratio: float | None) -> float | None:
    return None if ratio is None else min(ratio, INFINITE)


def _failure(example: Counterexample) -> FailingCase:
    case, verdict = example.case, example.verdict
    return FailingCase(
        example.probe,
        case.dtype,
        case,
        verdict.message,
        _finite(verdict.ratio),
        verdict.index,
        verdict.expected,
        verdict.actual,
        spelled_out(case, example.x),
        example.script,
    )
