"""summary.md: the report for a pull request or the summary of a CI job. Kept under 64 KB."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from conformance.implementation import DTYPES
from conformance.report.charts import pictures
from conformance.report.renderers.cases import path
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
from conformance.results.model import Report

FILE = "summary.md"
_MOST_BYTES = 60_000
_MARKS = {"pass": "✅", "known": "☑️", "fail": "❌", "should": "⚠️", "follows": "↳", "none": "·"}


def forms(report: Report) -> dict[str, str]:
    drawn = pictures(report)
    return {FILE: render(report, tuple(drawn)), **drawn}


def render(report: Report, charts: tuple[str, ...] = ()) -> str:
    """:param charts: names of pictures that lie beside it."""
    lines = ["# Batch normalisation: conformance", "", f"**{cell(answer(report))}**", ""]
    lines += (
        _matrix(report) + _shapes(report) + _conventions(report) + _growth(report, charts) + _worst(report)
    )
    head, footer = "\n".join(lines), "\n".join(_footer(report))
    body = ""
    found = findings(report)
    for shown, finding in enumerate(found):
        section = "\n".join(_failure(report, finding))
        if len((head + body + section + footer).encode()) > _MOST_BYTES:
            body += f"\n{len(found) - shown} more failures are in report.json.\n"
            break
        body += section
    if found:
        head += "\n## Failures\n"
    return f"{head}\n{body}\n{footer}\n"


def _shapes(report: Report) -> list[str]:
    rows = shapes(report)
    if not rows:
        return []
    headings = ("implementation", "gamma", "beta", "running mean", "running variance")
    lines = ["## Shapes", "", "For n features, whatever the batch:", "", *_table(headings, rows)]
    if (typical := typical_shapes(report)) is not None:
        lines += ["For typical inputs:", "", *_table(typical.headings, typical.rows)]
    if (dtypes := held_dtypes(report)) is not None:
        lines += ["In which dtype, by that a layer is built for:", "", *_table(dtypes.headings, dtypes.rows)]
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


def _growth(report: Report, charts: tuple[str, ...]) -> list[str]:
    lines: list[str] = []
    for dtype in DTYPES:
        rows = growth(report, dtype)
        if rows:
            lines += [f"In {dtype}:", "", *_table(GROWTH, rows)]
    if not lines:
        return []
    what = "How errors grow with kappa = |mean| / std, and with N, the number of values per feature."
    shown = [f"![{name.removesuffix('.svg').replace('-', ' ')}]({name})" for name in charts]
    return ["## Accuracy", "", what, "", *shown, *[""] * bool(shown), *lines]


def _matrix(report: Report) -> list[str]:
    groups = report.groups
    lines = ["## Requirements", ""]
    lines += ["| implementation | version | " + " | ".join(groups) + " |"]
    lines += ["|---|---|" + "---|" * len(groups)]
    for each in report.implementations:
        cells, roots = [], causes(report, each.id)
        for group in groups:
            state = standing(report.group(each.id, group), roots)
            text = f"{_MARKS[state.mark]} {state.count}"
            if state.ratio is not None:
                text += f" <sub>{ratio(state.ratio)}</sub>"
            cells.append(text)
        if not report.of(each.id):
            said = "not installed" if each.status == "missing" else each.status
            cells = [said, *[""] * (len(groups) - 1)]
        lines.append(f"| {cell(each.id)} | {cell(each.described)} | " + " | ".join(cells) + " |")
    lines += [
        "",
        "Requirements that hold, of those that apply; below, the worst error in units of its bound.",
    ]
    lines += [
        f"{_MARKS['should']} a SHOULD does not hold, every MUST does.",
        f"{_MARKS['follows']} what fails presupposes what fails in another column.",
        "",
    ]
    return lines


def _failure(report: Report, finding: Finding) -> list[str]:
    result = finding.result
    statement = next(r.statement for r in report.requirements if r.id == result.requirement)
    head = f"{cell(result.implementation)}: {result.requirement}"
    lines = ["", f"### {head}", "", f"> {cell(statement)}", ""]
    lines += [f"{headline(finding)}: {cell(result.message)}", ""]
    if result.diagnosis:
        lines += [f"**{cell(result.diagnosis)}**", ""]
    for known in result.known:
        lines += [f"Known: {cell(known.reason)} {_link(known.link)}".rstrip(), ""]
    if result.counterexample is not None:
        lines += [
            "Smallest case:",
            "",
            "```",
            fenced(described_failure(result.counterexample)),
            "```",
            "",
        ]
    if result.counterexample is not None:
        lines += [f"Again: `bnconf replay {path(result)}.json`"]
        if result.counterexample.script is not None:
            lines[-1] += f"; with the framework alone: [{path(result)}.py]({path(result)}.py)"
        lines += [""]
    if finding.followers:
        names = ", ".join(r.requirement for r in finding.followers)
        lines += [f"With it fail, since they presuppose it: {names}.", ""]
    return lines


def _footer(report: Report) -> list[str]:
    suite, environment = report.suite, report.environment
    packages = ", ".join(f"{name} {v}" for name, v in environment.packages.items())
    experiments = sum(result.experiments for result in report.results)
    state = (
        "" if suite.complete else " This run was interrupted; the report is of what was judged until then."
    )
    return [
        "---",
        f"batchnorm-conformance {suite.version}, seed {suite.seed}, {suite.max_examples} examples; "
        f"{number(experiments)} verdicts on single features.{state} Python {environment.python}, "
        f"{cell(environment.platform)}, {cell(environment.cpu)}; {cell(packages)}.",
    ]


def cell(text: str) -> str:
    """Text from anywhere as one line of Markdown that shows as it is."""
    text = re.sub(r"\s+", " ", text)
    return re.sub(r"([\\`*_{}\[\]<>#|~])", r"\\\1", text)


def _link(address: str) -> str:
    return f"<{address}>" if re.fullmatch(r"https?://[^\s<>\"]+", address) else cell(address)


def fenced(text: str) -> str:
    """Text between the fences of a block of code, which it cannot close."""
    return text.replace("```", "'''")
