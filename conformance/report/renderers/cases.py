"""cases/: every failure's smallest case, for ``bnconf replay``, and as a script of the framework's own API."""

from __future__ import annotations

from conformance.report.words import slug
from conformance.results.case_file import CaseFile
from conformance.results.model import Report, Result


def forms(report: Report) -> dict[str, str]:
    found = {}
    for result in report.results:
        failure = result.counterexample
        if failure is None:
            continue
        found[f"{path(result)}.json"] = case_file(result).to_json()
        if failure.script is not None:
            found[f"{path(result)}.py"] = failure.script
    return found


def path(result: Result) -> str:
    """Where a result's case lies, without its ending."""
    return f"cases/{slug(result.implementation)}/{slug(result.requirement)}"


def case_file(result: Result) -> CaseFile:
    """A failing result's smallest case."""
    assert result.counterexample is not None
    failure = result.counterexample
    return CaseFile(result.requirement, failure.case, result.implementation, failure.probe)
