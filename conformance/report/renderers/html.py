"""index.html: the report as one self-contained page that opens from disk, with nothing loaded from anywhere."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2

from conformance.implementation import DTYPES
from conformance.judging.level import Level
from conformance.judging.verdict import Outcome
from conformance.report.charts import charts, columns, measured, vega
from conformance.report.renderers.cases import case_file, path
from conformance.report.tables import (
    GROWTH,
    conventions,
    growth,
    held_dtypes,
    shapes,
    typical_shapes,
    worst_errors,
)
from conformance.report.words import (
    Finding,
    answer,
    causes,
    described_failure,
    findings,
    headline,
    number,
    ratio,
    standing,
)
from conformance.results.model import Report, Result

FILE = "index.html"
_PAGE = Path(__file__).resolve().parents[1] / "page"
_MARKS = {"pass": "✓", "known": "≈", "should": "!", "fail": "✗", "follows": "↳", "none": "·"}
_SPOKEN = {
    "pass": "hold",
    "known": "hold, what fails is known",
    "should": "hold, a SHOULD does not",
    "fail": "hold, a MUST does not",
    "follows": "hold, what fails presupposes what fails elsewhere",
}


def forms(report: Report) -> dict[str, str]:
    return {FILE: render(report)}


def render(report: Report) -> str:
    found = findings(report)
    points = measured(report)
    drawn = [{"spec": each.spec, "rows": each.rows} for each in charts(points)]
    return (
        environment()
        .get_template("index.html.j2")
        .render(
            report=report,
            answer=answer(report),
            verdicts=number(sum(each.experiments for each in report.results)),
            matrix=_matrix(report),
            evidence=_evidence(report, found),
            shapes=shapes(report),
            typical=typical_shapes(report),
            dtypes=held_dtypes(report),
            conventions=conventions(report),
            charts=drawn,
            points={name: columns(rows) for name, rows in points.items()},
            growth=[(dtype, rows) for dtype in DTYPES if (rows := growth(report, dtype))],
            headings=GROWTH,
            worst=_worst(report),
            gone=report.gone,
            known=any(each.excused for result in report.results for each in result.by_dtype.values()),
            cards=[_card(report, each) for each in found],
            levels=[str(each) for each in Level],
            outcomes=[str(each) for each in Outcome],
            marks=_MARKS,
            spoken=_SPOKEN,
            command=_command(report),
            when=_day(report.suite.started),
            css=style(),
            js=(_PAGE / "page.js").read_text(encoding="utf-8"),
            vega=vega() if drawn else "",
        )
    )


def _day(seconds: float) -> str:
    try:
        return f"{datetime.datetime.fromtimestamp(seconds, datetime.UTC):%Y-%m-%d}"
    except (OverflowError, ValueError, OSError):  # A report may say that it was made in the year 10^300.
        return "a day that no calendar has"


def environment() -> jinja2.Environment:
    """The templates of pages; whatever is put into one is escaped."""
    loader = jinja2.FileSystemLoader(_PAGE)
    return jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined)


def style() -> str:
    return (_PAGE / "page.css").read_text(encoding="utf-8")


@dataclass(frozen=True, slots=True)
class _Row:
    """One requirement of one implementation, as evidence for a cell of the table."""

    requirement: str
    level: str
    outcome: str
    mark: str
    dtypes: str
    ratio: str
    observed: str
    message: str
    diagnosis: str
    card: str


def _anchor(*parts: str) -> str:
    return "/".join(parts)


def _matrix(report: Report) -> list[dict[str, Any]]:
    rows = []
    for each in report.implementations:
        cells, roots = [], causes(report, each.id)
        for group in report.groups if report.of(each.id) else ():
            state = standing(report.group(each.id, group), roots)
            cells.append(
                {
                    "group": group,
                    "mark": state.mark,
                    "count": state.count,
                    "ratio": ratio(state.ratio) if state.ratio is not None else "",
                    "anchor": _anchor("evidence", each.id, group),
                }
            )
        problem = "not installed" if each.status == "missing" else each.problem.split("\n")[0] or each.status
        rows.append({"id": each.id, "version": each.described, "cells": cells, "problem": problem})
    return rows


def _evidence(report: Report, found: list[Finding]) -> list[dict[str, Any]]:
    levels = {each.id: each.level for each in report.requirements}
    cards = {
        (result.implementation, result.requirement): _anchor(
            "failure", finding.result.implementation, finding.result.requirement
        )
        for finding in found
        for result in (finding.result, *finding.followers)
    }
    sections = []
    for each in report.implementations:
        for group in report.groups:
            rows = [
                _row(result, levels[result.requirement], cards) for result in report.group(each.id, group)
            ]
            if rows:
                anchor = _anchor("evidence", each.id, group)
                sections.append({"implementation": each.id, "group": group, "anchor": anchor, "rows": rows})
    return sections


def _row(result: Result, level: Level, cards: dict[tuple[str, str], str]) -> _Row:
    mark = "none" if result.outcome is Outcome.UNSUPPORTED else standing([result]).mark
    return _Row(
        result.requirement,
        str(level),
        str(result.outcome),
        mark,
        f"in {', '.join(result.failing_dtypes)}" if result.outcome.failing else "",
        ratio(result.worst_ratio) if result.worst_ratio is not None else "",
        result.observed or "",
        result.message,
        result.diagnosis or "",
        cards.get((result.implementation, result.requirement), ""),
    )


def _worst(report: Report) -> list[dict[str, Any]]:
    return [
        {
            "implementation": each.implementation,
            "dtype": each.dtype,
            "of": each.of,
            "error": each.error,
            "ratio": ratio(each.ratio),
            "beyond": each.ratio > 1,
            "cause": each.cause,
            "case": each.case.to_json() if each.case else "",
        }
        for each in worst_errors(report)
    ]


def _card(report: Report, finding: Finding) -> dict[str, Any]:
    result, failure = finding.result, finding.result.counterexample
    requirement = next(each for each in report.requirements if each.id == result.requirement)
    actual = None if failure is None else failure.actual
    return {
        "anchor": _anchor("failure", result.implementation, result.requirement),
        "implementation": result.implementation,
        "requirement": result.requirement,
        "level": str(finding.level),
        "outcome": str(result.outcome),
        "mark": finding.mark,
        "known": [(each.reason, each.link if _is_address(each.link) else "") for each in result.known],
        "headline": headline(finding),
        "statement": requirement.statement,
        "source": requirement.source,
        "message": result.message,
        "diagnosis": result.diagnosis,
        "case": described_failure(failure) if failure else "",
        "expected": failure.expected if failure else None,
        "actual": "not finite" if actual is None else actual,
        "command": _command(report, result),
        "script": failure.script if failure else None,
        "file": case_file(result).to_json() if failure else "",
        "replay": f"bnconf replay {path(result)}.json" if failure else "",
        "followers": ", ".join(each.requirement for each in finding.followers),
    }


def _is_address(link: str) -> bool:
    """Not so, for one, of javascript:."""
    return link.startswith(("https://", "http://"))


def _command(report: Report, result: Result | None = None) -> str:
    """The command that repeats the run, or as much of it as a failure takes."""
    suite = report.suite
    budget = f"--max-examples {suite.max_examples} --seed {suite.seed}"
    if result is None:
        return f"bnconf run {' '.join(each.id for each in report.implementations)} {budget}"
    dtype = result.failing_dtypes[0]
    return f"bnconf run {result.implementation} -r {result.requirement} --dtype {dtype} {budget}"
