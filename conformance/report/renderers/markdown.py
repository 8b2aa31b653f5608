"""summary.md: the report for a pull request or the summary of a CI job. Kept under 64 KB."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from conformance.implementation import DTYPES
from conformance.judging.wording import counted
from conformance.report.card import Card, cards
from conformance.report.causes import roots
from conformance.report.drawing import Drawing, drawing
from conformance.report.marks import CELL, legend
from conformance.report.tables import (
    GROWTH_CAPTION,
    GROWTH_NAMED,
    HOLDS,
    conventions,
    growth,
    held_dtypes,
    shapes,
    typical_shapes,
    worst_errors,
)
from conformance.report.words import answer, ratio, remarks, standing
from conformance.results.model import Report

FILE = "summary.md"
_MOST_BYTES = 60_000
_NONE = Drawing()


def forms(report: Report) -> dict[str, str]:
    drawn = drawing(report)
    return {FILE: render(report, drawn), **drawn.pictures}


def render(report: Report, charts: Drawing = _NONE) -> str:
    """:param charts: the pictures that lie beside it."""
    lines = ["# Batch normalisation: conformance", "", f"**{cell(answer(report))}**", ""]
    lines += (
        _matrix(report) + _shapes(report) + _conventions(report) + _growth(report, charts) + _worst(report)
    )
    head, footer = "\n".join(lines), "\n".join(_footer(report))
    body = ""
    found = cards(report)
    for shown, card in enumerate(found):
        section = "\n".join(_failure(card))
        if len((head + body + section + footer).encode()) > _MOST_BYTES:
            left = len(found) - shown
            body += f"\n{left} more failure{'s are' if left > 1 else ' is'} in report.json.\n"
            break
        body += section
    if found:
        head += "\n## Failures\n"
    return f"{head}\n{body}\n{footer}\n"


def _shapes(report: Report) -> list[str]:
    rows = shapes(report)
    if not rows:
        return []
    table = _table(("implementation", *HOLDS), [(row.implementation, *row.cells) for row in rows])
    lines = ["## Shapes", "", "For n features, whatever the batch:", "", *table]
    if (typical := typical_shapes(report)) is not None:
        lines += ["For typical inputs:", "", *_table(typical.headings, typical.rows)]
    if (dtypes := held_dtypes(report)) is not None:
        lines += [
            "Dtypes of what a layer holds, for each dtype of its input:",
            "",
            *_table(dtypes.headings, dtypes.rows),
        ]
    return lines


def _conventions(report: Report) -> list[str]:
    found = conventions(report)
    if found is None:
        return []
    rows = [(f"{row.requirement.id}{' (differ)' if row.differ else ''}", *row.values) for row in found.rows]
    return ["## Conventions", "", *_table(("measured", *found.names), rows)]


def _worst(report: Report) -> list[str]:
    rows = [
        (each.implementation, each.of, each.error, ratio(each.ratio), each.cause)
        for each in worst_errors(report)
        if each.dtype == DTYPES[0]
    ]
    if not rows:
        return []
    headings = ("implementation", "of", "error, in units of gamma", "error / bound", "input")
    title = f"The worst known errors in {DTYPES[0]}, and the input that causes each:"
    return [title, "", *_table(headings, rows)]


def _table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = ["| " + " | ".join(map(cell, headings)) + " |", "|---" * len(headings) + "|"]
    return [*lines, *("| " + " | ".join(map(cell, row)) + " |" for row in rows), ""]


def _growth(report: Report, charts: Drawing) -> list[str]:
    lines: list[str] = []
    for dtype in DTYPES:
        rows = growth(report, dtype)
        if rows:
            cells = [(row.implementation, *row.cells) for row in rows]
            lines += [f"In {dtype}:", "", *_table(("", *GROWTH_NAMED), cells)]
    if not lines:
        return []
    shown = [f"![{name.removesuffix('.svg').replace('-', ' ')}]({name})" for name in charts.pictures]
    shown += [cell(charts.missing)] if charts.missing else []
    return ["## Accuracy", "", f"{GROWTH_CAPTION}:", "", *shown, *[""] * bool(shown), *lines]


def _matrix(report: Report) -> list[str]:
    groups = report.groups
    lines = ["## Requirements", ""]
    lines += ["| implementation | version | " + " | ".join(map(cell, groups)) + " |"]
    lines += ["|---|---|" + "---|" * len(groups)]
    for each in report.implementations:
        cells, own = [], roots(report, each.id)
        for group in groups:
            state = standing(report.group(each.id, group), own)
            text = f"{state.mark.emoji} {state.count}".rstrip()
            if state.ratio is not None:
                text += f" <sub>{ratio(state.ratio)}</sub>"
            cells.append(text)
        if not report.of(each.id):
            said = "not installed" if each.status == "missing" else each.status
            cells = [cell(said), *[""] * (len(groups) - 1)]
        lines.append(f"| {cell(each.id)} | {cell(each.described)} | " + " | ".join(cells) + " |")
    known = any(each.known for each in report.results)
    marks = ", ".join(f"{mark.emoji} {mark.words}" for mark in legend(known=known))
    lines += ["", f"Each cell: {CELL}. {marks}.", ""]
    lines += [f"* {cell(name)}: {cell(text)}." for name, text in remarks(report)]
    lines += [""] * bool(remarks(report))
    return lines


def _failure(card: Card) -> list[str]:
    lines = [
        "",
        f"### {cell(card.implementation)}: {cell(card.requirement)}",
        "",
        f"> {cell(card.statement)}",
        "",
    ]
    lines += [f"{cell(card.headline)}: {cell(card.message)}", ""]
    if card.diagnosis:
        lines += [f"**{cell(card.diagnosis)}**", ""]
    for known in card.known:
        lines += [f"Known: {cell(known.reason)} {_link(known.link)}".rstrip(), ""]
    if card.smallest is not None:
        script, what = card.smallest.script_path, "with the framework alone"
        if card.smallest.foreign:
            what = "a script that came with the report, to read before it is run"
        alone = f"; {what}: [{script}]({script})" if card.smallest.script else ""
        lines += ["Smallest case:", "", "```", fenced(card.case), "```", ""]
        lines += [f"To repeat it: {code(card.smallest.replay)}{alone}", ""]
    if card.followers:
        lines += [f"T{cell(card.consequence[1:])}.", ""]
    return lines


def _footer(report: Report) -> list[str]:
    suite, environment = report.suite, report.environment
    packages = ", ".join(f"{name} {v}" for name, v in environment.packages.items())
    experiments = sum(result.experiments for result in report.results)
    state = (
        "" if suite.complete else " This run was interrupted; the report covers what was judged until then."
    )
    return [
        "---",
        f"batchnorm-conformance {cell(suite.version)}, seed {suite.seed}, {counted(suite.max_examples, 'example')}; "
        f"{counted(experiments, 'verdict')} on single features.{state} Python {cell(environment.python)}, "
        f"{cell(environment.platform)}, {cell(environment.cpu)}; {cell(packages)}.",
    ]


def cell(text: str) -> str:
    """Text from anywhere as one line of Markdown that shows as it is."""
    text = re.sub(r"\s+", " ", text)
    text = re.sub(r"([\\`*_{}\[\]<>#|~&])", r"\\\1", text)
    # What at the start of a line would begin a list, or make a heading of the line before.
    text = re.sub(r"^( ?)(?=[-+]( |-|$)|=+ ?$)", r"\1\\", text)
    return re.sub(r"^( ?\d{1,9})(?=[.)]( |$))", r"\1\\", text)


def code(text: str) -> str:
    """Text from anywhere as code within a line: between more backticks than any that are in it."""
    text = re.sub(r"\s+", " ", text)
    fence = "`" * (1 + max(map(len, re.findall("`+", text)), default=0))
    return f"{fence}{text}{fence}" if fence == "`" else f"{fence} {text} {fence}"


def _link(address: str) -> str:
    return f"<{address}>" if re.fullmatch(r"https?://[^\s<>\"]+", address) else cell(address)


def fenced(text: str) -> str:
    """Text between the fences of a block of code, which it cannot close."""
    return text.replace("```", "'''")
