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
from conformance.judging.wording import counted
from conformance.report.card import Card, cards, command
from conformance.report.causes import causes, roots
from conformance.report.charts import charts, columns, measured
from conformance.report.drawing import drawing
from conformance.report.marks import CELL, NONE, Mark, legend
from conformance.report.tables import (
    GROWTH,
    GROWTH_CAPTION,
    GROWTH_GROUPS,
    HOLDS,
    conventions,
    growth,
    held_dtypes,
    shapes,
    typical_shapes,
    worst_errors,
)
from conformance.report.words import COUNT, KAPPA, answer, ratio, remarks, standing
from conformance.results.baseline import Known
from conformance.results.model import Report, Result

FILE = "index.html"
_PAGE = Path(__file__).resolve().parents[1] / "page"


def forms(report: Report) -> dict[str, str]:
    return {FILE: render(report)}


def render(report: Report) -> str:
    points = measured(report)
    pictures = drawing(report)
    drawn = [{"spec": each.spec, "rows": each.rows} for each in charts(points)]
    return (
        environment()
        .get_template("index.html.j2")
        .render(
            report=report,
            answer=answer(report),
            counts=_counts(report),
            matrix=_matrix(report),
            remarks=remarks(report),
            evidence=_evidence(report),
            shapes=shapes(report),
            typical=typical_shapes(report),
            dtypes=held_dtypes(report),
            conventions=conventions(report),
            charts=drawn,
            points={name: columns(rows) for name, rows in points.items()},
            growth=[(dtype, rows) for dtype in DTYPES if (rows := growth(report, dtype))],
            growth_headings=GROWTH,
            growth_groups=GROWTH_GROUPS,
            growth_caption=GROWTH_CAPTION,
            kappa=KAPPA,
            N=COUNT,
            holds=HOLDS,
            worst=_worst(report),
            gone=report.gone,
            legend=legend(
                known=any(each.excused for result in report.results for each in result.by_dtype.values())
            ),
            cell_words=CELL,
            cards=[(each, _card_anchor(each), list(map(_reason, each.known))) for each in cards(report)],
            levels=[str(each) for each in Level],
            outcomes=[str(each) for each in Outcome],
            command=command(report),
            when=_day(report.suite.started),
            css=style(),
            js=(_PAGE / "page.js").read_text(encoding="utf-8"),
            vega=pictures.vega,
            undrawn=pictures.missing,
        )
    )


def _counts(report: Report) -> str:
    experiments = sum(each.experiments for each in report.results)
    return (
        f"{counted(len(report.implementations), 'implementation')}, "
        f"{counted(len(report.requirements), 'requirement')}, {counted(experiments, 'verdict')} on single features"
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
    mark: Mark
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
        cells, own = [], roots(report, each.id)
        for group in report.groups if report.of(each.id) else ():
            state = standing(report.group(each.id, group), own)
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


def _evidence(report: Report) -> list[dict[str, Any]]:
    levels = {each.id: each.level for each in report.requirements}
    anchors = {
        (result.implementation, result.requirement): _anchor(
            "failure", cause.result.implementation, cause.result.requirement
        )
        for cause in causes(report)
        for result in (cause.result, *cause.followers)
    }
    sections = []
    for each in report.implementations:
        for group in report.groups:
            rows = [
                _row(result, levels[result.requirement], anchors) for result in report.group(each.id, group)
            ]
            if rows:
                anchor = _anchor("evidence", each.id, group)
                sections.append({"implementation": each.id, "group": group, "anchor": anchor, "rows": rows})
    return sections


def _row(result: Result, level: Level, anchors: dict[tuple[str, str], str]) -> _Row:
    mark = NONE if result.outcome is Outcome.UNSUPPORTED else standing([result]).mark
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
        anchors.get((result.implementation, result.requirement), ""),
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


def _card_anchor(card: Card) -> str:
    return _anchor("failure", card.implementation, card.requirement)


def _reason(known: Known) -> tuple[str, str]:
    """Its reason and its link; a link leads nowhere but to the web, not to javascript: for one."""
    return known.reason, known.link if known.link.startswith(("https://", "http://")) else ""
