"""A report from a file, which may be anybody's."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from conformance.implementation import DTYPES
from conformance.results.model import SCHEMA_VERSION, Report, Result
from conformance.results.stranger import BadFile, contents
from conformance.worker.untrusted import harmless

_MOST_VALUES = 1 << 20  # seven times as many as the published comparison of all frameworks has
_MOST_AXES = 8
# Of implementations, and of requirements; of those that one presupposes; of inputs for which it is said what layers
# hold. What a report says of them takes the product of the time.
_MOST_IDS, _MOST_PRESUPPOSED, _MOST_INPUTS = 1000, 100, 100


class BadReport(BadFile):
    """What was given is no report; the message names the file, what it holds, and what was expected."""

    kind = "a report"
    most = 32 << 20


class _Version(msgspec.Struct):
    schema_version: int


def read(path: Path) -> Report:
    """The report in a file that ``bnconf run -o`` wrote.

    :raises BadReport: it cannot be read, is not JSON, of another version, or not a report.
    """
    try:
        data = contents(path, BadReport)
        if data.count(b",") > _MOST_VALUES:  # Each takes far more memory than its bytes.
            raise BadReport(f"{path} has more than {_MOST_VALUES:,} values, the most that a report has")
        version = msgspec.json.decode(data, type=_Version).schema_version
        if version != SCHEMA_VERSION:
            raise BadReport(
                f"{path} is a report of version {version}; this suite reads version {SCHEMA_VERSION}"
            )
        report = Report.from_json(data)
        if (problem := _too_much(report)) is not None:
            raise BadReport(f"{path} is larger than a report is: {problem}")
        if (problem := _of_nobody(report)) is not None:
            raise BadReport(f"{path} contradicts itself: {harmless(problem)}")
        report = harmless(report)
        if (problem := _contradiction(report)) is not None:
            raise BadReport(f"{path} contradicts itself: {problem}")
        return replace(report, results=tuple(map(_foreign, report.results)))
    except msgspec.ValidationError as error:
        raise BadReport(f"{path} is not a report.json of bnconf run: {error}") from None
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise BadReport(f"{path} is not JSON, or cut short: {error}") from None


def _shallow(array: Any, axes: int = _MOST_AXES) -> bool:
    return not isinstance(array, list | dict) or (
        axes > 0 and all(_shallow(each, axes - 1) for each in array)
    )


def _foreign(result: Result) -> Result:
    """A result whose script, if it has one, is marked as not this suite's. Only a run of the implementation could
    tell what the suite itself would write, and a file is not trusted to say what to run.
    """
    case = result.counterexample
    if case is None or case.script is None:
        return result
    return replace(result, counterexample=replace(case, foreign=True))


def _too_much(report: Report) -> str | None:
    """Of what it has so much that what is said of it would take very long."""
    for name, every in (("implementations", report.implementations), ("requirements", report.requirements)):
        if len(every) > _MOST_IDS:
            return f"{name} has {len(every)} entries, and no report has more than {_MOST_IDS}"
    if any(len(each.presupposes) > _MOST_PRESUPPOSED for each in report.requirements):
        return f"a requirement presupposes more than {_MOST_PRESUPPOSED} others"
    if len({(each.input_shape, each.axis) for each in report.held}) > _MOST_INPUTS:
        return f"held is for more than {_MOST_INPUTS} inputs"
    return None


def _of_nobody(report: Report) -> str | None:
    """What was measured of an implementation that is not there: of how many it may be is then not bounded."""
    implementations = {each.id for each in report.implementations}
    for name, of in (
        ("accuracy", report.accuracy),
        ("held", report.held),
        ("coverage", report.coverage),
    ):
        for each in of:
            if each.implementation not in implementations:
                return f"{name} has {each.implementation[:80]}, which is not among its implementations"
    return None


def _contradiction(report: Report) -> str | None:
    """What one part of it says of another and is not so, which no schema can tell."""
    implementations = {each.id for each in report.implementations}
    requirements = {each.id for each in report.requirements}
    for name, ids, every in (
        ("implementations", implementations, report.implementations),
        ("requirements", requirements, report.requirements),
    ):
        if len(ids) < len(every):
            return f"{name} has the same id twice"
    seen = set()
    for result in report.results:
        where = f"results has {result.implementation}, {result.requirement}"[:200]
        if result.requirement not in requirements:
            return f"{where}, which is not among its requirements"
        if result.implementation not in implementations:
            return f"{where}, which is not among its implementations"
        if (result.implementation, result.requirement) in seen:
            return f"{where}, twice"
        if result.counterexample and not all(map(_shallow, result.counterexample.arrays.values())):
            return f"{where}, with arrays of more than {_MOST_AXES} axes"
        seen.add((result.implementation, result.requirement))
        if result.outcome.failing and not any(each.outcome.failing for each in result.by_dtype.values()):
            return f"{where}, which fails, but in no dtype"
    dtypes = {dtype for result in report.results for dtype in result.by_dtype}
    dtypes |= {each.dtype for each in report.accuracy} | {each.dtype for each in report.held}
    for dtype in sorted(dtypes):
        if dtype not in DTYPES:
            return f"it speaks of dtype {dtype[:40]!r}; known are {', '.join(DTYPES)}"
    return None
