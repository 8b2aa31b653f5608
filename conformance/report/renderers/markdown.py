"""summary.md: the report for a pull request or the summary of a CI job. Kept under 64 KB."""

from __future__ import annotations

import re

from conformance.implementation import DTYPES
from conformance.report.charts import pictures
from conformance.report.model import Report
from conformance.report.words import (
    GROWTH,
    Finding,
    answer,
    described_case,
    findings,
    growth,
    headline,
    number,
    ratio,
    shapes,
    standing,
)

FILE = "summary.md"
_MOST_BYTES = 60_000
_MARKS = {"pass": "✅", "known": "☑️", "fail": "❌", "should": "⚠️", "none": "·"}


def forms(report: Report) -> dict[str, str]:
    drawn = pictures(report)
    return {FILE: render(report, tuple(drawn)), **drawn}


def render(report: Report, charts: tuple[str, ...] = ()) -> str:
    """:param charts: names of pictures that lie beside it."""
    lines = ["# Batch normalisation: conformance", "", f"**{cell(answer(report))}**", ""]
    lines += _shapes(report) + _matrix(report) + _growth(report, charts)
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
    lines = ["## Shapes", "", "For n features, whatever the batch:", ""]
    lines += ["| implementation | gamma | beta | running mean | running variance |", "|---|---|---|---|---|"]
    for name, *cells in rows:
        lines.append(f"| {cell(name)} | " + " | ".join(map(cell, cells)) + " |")
    return [*lines, ""]


def _growth(report: Report, charts: tuple[str, ...]) -> list[str]:
    lines: list[str] = []
    for dtype in DTYPES:
        rows = growth(report, dtype)
        if rows:
            lines += [f"In {dtype}:", "", "| " + " | ".join(GROWTH) + " |", "|---" * len(GROWTH) + "|"]
            lines += ["| " + " | ".join(map(cell, row)) + " |" for row in rows] + [""]
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
        cells = []
        for group in groups:
            state = standing(report.group(each.id, group))
            text = f"{_MARKS[state.mark]} {state.count}"
            if state.ratio is not None:
                text += f" <sub>{ratio(state.ratio)}</sub>"
            cells.append(text)
        if not report.of(each.id):
            cells = [each.status, *[""] * (len(groups) - 1)]
        lines.append(f"| {cell(each.id)} | {cell(each.version)} | " + " | ".join(cells) + " |")
    lines += [
        "",
        "Requirements that hold, of those that apply; below, the worst error in units of its bound.",
    ]
    lines += [f"{_MARKS['should']} a SHOULD does not hold, every MUST does.", ""]
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
            fenced(described_case(result.counterexample.case, result.counterexample.arrays)),
            "```",
            "",
        ]
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
