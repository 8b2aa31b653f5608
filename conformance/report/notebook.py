"""A report as a small piece of HTML for a notebook: the answer, the groups, what fails. It loads and runs nothing."""

from __future__ import annotations

from html import escape

from conformance.report.card import Card, cards
from conformance.report.causes import roots
from conformance.report.marks import CELL, legend
from conformance.report.words import answer, ratio, standing
from conformance.results.model import Report

_LEFT = ' style="text-align:left"'


def html(report: Report) -> str:
    """Every text in it is escaped, whatever an implementation says."""
    names = [each.id for each in report.implementations]
    head = "".join(f"<th{_LEFT}>{escape(name)}</th>" for name in ("group", *names))
    own = {name: roots(report, name) for name in names}
    rows = [
        f"<tr><td{_LEFT}>{escape(group)}</td>{''.join(_cell(report, name, group, own[name]) for name in names)}</tr>"
        for group in report.groups
    ]
    marks = ", ".join(f"{mark.sign} {mark.words}" for mark in legend(known=False))
    failures = [_failure(each) for each in cards(report)]
    return (
        f"<div><p><b>{escape(answer(report))}</b></p>"
        f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
        f"<p>Each cell: {CELL}. {marks}.</p>"
        f"{''.join(failures) or '<p>Everything holds.</p>'}</div>"
    )


def _cell(report: Report, name: str, group: str, own: frozenset[str]) -> str:
    state = standing(report.group(name, group), own)
    worst = "" if state.ratio is None else f" ({ratio(state.ratio)})"
    style = f"text-align:left;color:{state.mark.colour}"
    return f'<td style="{style}">{state.mark.sign} {escape(state.count)}{worst}</td>'


def _failure(card: Card) -> str:
    lines = [text for _, text in card.parts("statement", "message", "diagnosis", "case", "consequence")]
    return (
        f"<details><summary><b>{escape(card.requirement)}</b> {escape(card.headline)}</summary>"
        f'<pre style="white-space:pre-wrap">{escape(chr(10).join(lines))}</pre></details>'
    )
