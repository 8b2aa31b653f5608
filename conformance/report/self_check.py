"""What became of the galleries, for a terminal and as Markdown for the documentation."""

from __future__ import annotations

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from conformance.judging.wording import counted
from conformance.report.renderers.markdown import code
from conformance.requirements.catalogue import catalogue
from conformance.studies.self_check import Rejection, SelfCheck


def summary(check: SelfCheck) -> list[str]:
    """The numbers that count, a sentence each."""
    lines = []
    if check.rejections:
        cases = sorted(each.cases for each in check.rejections if each.caught_by)
        took = f"median {cases[len(cases) // 2]}, worst {cases[-1]}" if cases else "-"
        lines.append(
            f"impostors rejected: {len(cases)} of {len(check.rejections)}; "
            f"cases judged until the first failed: {took}"
        )
        due = [each for each in check.rejections if each.exhibit.deviation]
        right = sum(each.diagnosed == "right" for each in due)
        wrong = sum(each.diagnosed == "wrong" for each in check.rejections)
        lines.append(
            f"impostors with a known cause: {len(due)}; diagnosed correctly: {right}, wrongly: {wrong}"
        )
    if check.sound:
        lines.append(
            f"false alarms: {len(check.accusations)} in {counted(check.experiments, 'feature experiment')} on "
            f"{counted(check.sound, 'sound variant')}"
        )
    return lines


def show(check: SelfCheck, console: Console) -> None:
    """Impostors with what caught them and how soon, false alarms, and the numbers that count."""
    if check.rejections:
        table = Table("impostor", "kind", "cases", "caught by", "diagnosis", box=box.SIMPLE_HEAD)
        for each in check.rejections:
            caught = ", ".join(each.caught_by[:2]) + (" ..." if len(each.caught_by) > 2 else "")
            table.add_row(
                each.exhibit.id,
                each.exhibit.kind,
                str(each.cases),
                caught or Text("SURVIVES", style="bold red"),
                _diagnosis(each),
            )
        console.print(table)
    for accusation in check.accusations:
        text = f"false alarm: {accusation.exhibit.id}, {accusation.requirement}: {accusation.message}"
        console.print(text, style="bold red", markup=False, highlight=False)
    for problem in check.problems:
        console.print(problem, style="bold red", markup=False, highlight=False)
    for line in summary(check):
        console.print(line, highlight=False)


def _diagnosis(each: Rejection) -> str:
    named = " ".join(each.diagnoses) or "-"
    return f"WRONG: {named}" if each.diagnosed == "wrong" else named


def markdown(check: SelfCheck, command: str, seconds: float) -> str:
    """The document ``bnconf self-check -o`` writes."""
    lines = [
        "# What the suite is worth, as measured",
        "",
        f"Made by {code(command)} in {seconds:.0f} s.",
        "",
        *(f"* {line}" for line in summary(check)),
        *(f"* **{problem}**" for problem in check.problems),
        "",
    ]
    lines += [
        f"**False alarm**: {each.exhibit.id}, {each.requirement}: {each.message}"
        for each in check.accusations
    ]
    if check.rejections:
        lines += _by_requirement(check) + _impostors(check)
    return "\n".join(lines).rstrip() + "\n"


def _by_requirement(check: SelfCheck) -> list[str]:
    lines = [
        "## Requirements",
        "",
        "How many impostors each requirement catches, and which ones it alone catches: alone but for `session.*`, "
        "which judges the answers to all others again.",
        "",
        "| requirement | level | catches | alone |",
        "|---|---|---|---|",
    ]
    every = catalogue()
    again = {requirement.id for requirement in every if requirement.everywhere}
    for requirement in every:
        caught = [each for each in check.rejections if requirement.id in each.caught_by]
        alone = [
            each.exhibit.id
            for each in caught
            if {requirement.id} == (set(each.caught_by) - again or set(each.caught_by))
        ]
        lines.append(f"| {requirement.id} | {requirement.level} | {len(caught)} | {', '.join(alone)} |")
    return [*lines, ""]


def _impostors(check: SelfCheck) -> list[str]:
    lines = [
        "## Impostors",
        "",
        "| impostor | what is wrong with it | rejected by | after cases | diagnosis |",
        "|---|---|---|---|---|",
    ]
    for each in check.rejections:
        it = each.exhibit
        name = f"[{it.id}]({it.link})" if it.link else it.id
        first = each.caught_by[0] if each.caught_by else "**nothing**"
        more = f" and {len(each.caught_by) - 1} more" if len(each.caught_by) > 1 else ""
        what = it.what.replace("|", "\\|")
        diagnosis = _diagnosis(each).replace("|", " or ")
        lines.append(f"| {name} | {what} | {first}{more} | {each.cases} | {diagnosis} |")
    return [*lines, ""]
