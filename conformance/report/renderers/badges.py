"""badges/ID.svg: one for each implementation, to be put into a README."""

from __future__ import annotations

import jinja2

from conformance.report.marks import NONE
from conformance.report.naming import named
from conformance.report.words import standing
from conformance.report.xml import writable
from conformance.results.model import ImplementationInfo, Report

_BADGE = jinja2.Environment(autoescape=True).from_string(
    '<svg xmlns="http://www.w3.org/2000/svg" width="{{ left + right }}" height="20" role="img" '
    'aria-label="{{ label }}: {{ text }}"><title>{{ label }}: {{ text }}</title>'
    '<rect width="{{ left }}" height="20" fill="#444c56"/>'
    '<rect x="{{ left }}" width="{{ right }}" height="20" fill="{{ colour }}"/>'
    '<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11" text-anchor="middle">'
    '<text x="{{ left // 2 }}" y="14">{{ label }}</text>'
    '<text x="{{ left + right // 2 }}" y="14">{{ text }}</text></g></svg>\n'
)
_LABEL = "batch norm"


def forms(report: Report) -> dict[str, str]:
    return {_file(each): _badge(report, each) for each in report.implementations}


def files(report: Report) -> set[str]:
    """The names of its badges."""
    return set(map(_file, report.implementations))


def _file(implementation: ImplementationInfo) -> str:
    return f"badges/{named(implementation.id)}.svg"


def _badge(report: Report, implementation: ImplementationInfo) -> str:
    state = standing(report.of(implementation.id))
    text = f"{state.count.replace('/', ' of ')} hold" if state.mark is not NONE else implementation.status
    if state.mark is not NONE and implementation.status != "complete":
        text += ", not all judged"
    left, right = 12 + 7 * len(_LABEL), 12 + 7 * len(text)
    return writable(_BADGE.render(label=_LABEL, text=text, left=left, right=right, colour=state.mark.colour))
