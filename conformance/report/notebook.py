"""A report as a small piece of HTML for a notebook: the answer, the groups, what fails. It loads and runs nothing."""

from __future__ import annotations

from html import escape

from conformance.report.words import Finding, answer, described_failure, findings, headline, ratio, standing
from conformance.results.model import Report

_MARKS = {
    "pass": ("✓", "#1a7f37"),
    "should": ("!", "#9a6700"),
    "fail": ("✗", "#cf222e"),
    "none": ("", "inherit"),
}
_LEFT = ' style="text-align:left"'


def html(report: Report) -> str:
    """Every text in it is escaped, whatever an implementation says."""
    names = [each.id for each in report.implementations]
    head = "".join(f"<th{_LEFT}>{escape(name)}</th>" for name in ("holds, error / bound", *names))
    rows = [
        f"<tr><td{_LEFT}>{escape(group)}</td>{''.join(_cell(report, name, group) for name in names)}</tr>"
        for group in report.groups
    ]
    failures = [_failure(each) for each in findings(report)]
    return (
        f"<div><p><b>{escape(answer(report))}</b></p>"
        f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
        f"{''.join(failures) or '<p>Everything holds.</p>'}</div>"
    )


def _cell(report: Report, name: str, group: str) -> str:
    state = standing(report.group(name, group))
    mark, colour = _MARKS[state.mark]
    worst = "" if state.ratio is None else f" ({ratio(state.ratio)})"
    return f'<td style="text-align:left;color:{colour}">{mark} {escape(state.count)}{worst}</td>'


def _failure(finding: Finding) -> str:
    result = finding.result
    lines = [result.message, *([result.diagnosis] if result.diagnosis else [])]
    if result.counterexample is not None:
        lines.append(described_failure(result.counterexample))
    if finding.followers:
        lines.append(f"with it fail: {', '.join(each.requirement for each in finding.followers)}")
    return (
        f"<details><summary><b>{escape(result.requirement)}</b> {escape(headline(finding))}</summary>"
        f'<pre style="white-space:pre-wrap">{escape(chr(10).join(lines))}</pre></details>'
    )
