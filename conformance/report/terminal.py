"""The report on a terminal: the answer, the shapes, a table, then each failure in a few lines."""

from __future__ import annotations

import textwrap
import time
from collections.abc import Iterable
from typing import Any

from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar
from rich.table import Column, Table
from rich.text import Text

from conformance.judging.level import Level
from conformance.judging.wording import counted
from conformance.report import comparison
from conformance.report.card import Card, Part, cards, replayed
from conformance.report.causes import roots
from conformance.report.marks import CELL, legend
from conformance.report.tables import GROWTH, GROWTH_CAPTION, GROWTH_GROUPS, HOLDS, Growth, growth, shapes
from conformance.report.words import answer, covered, failing, ratio, standing
from conformance.results.diff import Change
from conformance.results.model import Report
from conformance.running.campaign import TaskResult
from conformance.running.parallel import Step
from conformance.running.shard import Profile
from conformance.studies.compare import Comparison
from conformance.studies.replay import Replay
from conformance.worker.shown import shortened

_STYLES: dict[Part, str] = {
    "statement": "italic",
    "diagnosis": "bold magenta",
    "excuse": "cyan",
    "case": "cyan",
    "consequence": "dim",
}


#: How the judging of an implementation may end, but for well.
_ENDS = {
    "missing": "not installed",
    "unsupported": "not declared",
    "broken": "does not start",
    "lost": "a process that judged it died",
}


class Progress:
    """A bar for each implementation on a terminal; a line for each that is done otherwise."""

    def __init__(self, console: Console, shards: int) -> None:
        self._console = console
        self._shards = shards
        self._started = time.monotonic()
        self._bars: dict[str, Any] = {}
        self._bar: Bar | None = None
        if console.is_terminal:
            columns = (
                TextColumn("{task.description}", markup=False),
                BarColumn(),
                MofNCompleteColumn(),
                TimeElapsedColumn(),
            )
            self._bar = Bar(*columns, console=console, transient=True)

    def __enter__(self) -> Progress:
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def step(self, step: Step) -> None:
        if self._bar is None:
            return
        if step.implementation not in self._bars:
            self._bars[step.implementation] = self._bar.add_task(step.implementation, total=self._shards)
        self._bar.advance(self._bars[step.implementation])

    def finished(self, result: TaskResult) -> None:
        if self._bar is not None:
            return
        failing_verdicts = sum(
            tally.worst is not None and tally.worst.outcome.failing
            for shard in result.shards
            for tally in shard.tallies
        )
        state = f"{counted(len(result.shards), 'shard')}, {counted(failing_verdicts, 'failing verdict')}"
        if result.status not in ("complete", "partial"):
            ends = (
                "did not start again" if result.status == "broken" and result.shards else _ENDS[result.status]
            )
            state = f"{ends}, {state}" if result.shards else ends
        seconds = time.monotonic() - self._started
        self._console.print(
            f"[{seconds:6.1f} s] {result.implementation}: {state}",
            markup=False,
            highlight=False,
            soft_wrap=True,
        )


def show(report: Report, console: Console) -> None:
    """Print the whole report."""
    console.print()
    console.print(Text(answer(report), style="bold"))
    rows = shapes(report)
    if rows:
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
        for heading in ("for n features", *HOLDS):
            table.add_column(heading)
        for row in rows:
            table.add_row(Text(row.implementation), *map(_shape, row.cells))
        console.print(table)
        console.print()
    for table in _matrix(report, console.width):
        console.print(table)
    console.print()
    known = any(result.known for result in report.results)
    console.print(f"Each cell: {CELL}.", style="dim", highlight=False)
    marks = [f"{mark.sign} {mark.words}".replace(" ", "\u00a0") for mark in legend(known=known)]
    console.print(textwrap.fill("   ".join(marks), console.width), style="dim", highlight=False)
    console.print()
    _growth(report, console)
    console.print()
    for position, card in enumerate(cards(report), start=1):
        _card(card, console, f"{position}. ")
        console.print()
    _summary(report, console)


def _shape(cell: str) -> Text:
    style = "red" if "✗" in cell else "dim" if cell.endswith(("given", "not kept", "?")) else "green"
    return Text(cell, style=style)


def _matrix(report: Report, width: int) -> list[Table]:
    """Implementations across, groups down: requirements that hold, and the largest error over its bound. As
    many tables as it takes for the columns to fit.
    """
    judged = [each.id for each in report.implementations if report.of(each.id)]
    first = max(map(len, ("group", *report.groups)))
    tables, left = [], judged
    while left:
        taken, room = 0, width - first
        for name in left:
            room -= 2 + max(map(len, ("✗ 10/10", *_heading(name).split("\n"))))
            if room < 0 and taken:
                break
            taken += 1
        tables.append(_columns(report, left[:taken]))
        left = left[taken:]
    return tables


def _growth(report: Report, console: Console) -> None:
    """In float32, which everybody has; the other forms have all dtypes."""
    rows = growth(report, "float32")
    if not rows:
        return
    console.print(f"{GROWTH_CAPTION}, in float32:", style="dim", highlight=False)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column("", overflow="fold")
    groups = [name if k == 0 else "" for name, width in GROWTH_GROUPS for k in range(width)]
    for group, heading in zip(groups, GROWTH, strict=True):
        above, below = heading.split() if " " in heading else ("", heading)
        table.add_column(f"{group}\n{above}\n{below}", no_wrap=True)
    for row in rows:
        table.add_row(Text(row.implementation), *_grown(row))
    console.print(table)


def _grown(row: Growth) -> list[Text]:
    """What goes beyond a bound in yellow, what is lost in red."""
    styles = {row.beyond: "yellow", row.beyond_by_count: "yellow", row.lost: "red", "-": ""}
    return [Text(cell, style=styles.get(cell, "")) for cell in row.cells]


def _heading(name: str) -> str:
    return name.replace("-", "-\n") if "/" not in name else name.rpartition("/")[2].replace(":", ":\n")


def _columns(report: Report, names: list[str]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column("group", no_wrap=True)
    for name in names:
        table.add_column(Text(_heading(name)), vertical="bottom")
    own = {name: roots(report, name) for name in names}
    for group in report.groups:
        cells = []
        for name in names:
            state = standing(report.group(name, group), own[name])
            text = Text(f"{state.mark.sign} {state.count}", style=state.mark.style, no_wrap=True)
            text.append(f"\n  {ratio(state.ratio)}" if state.ratio is not None else "\n", style="dim")
            cells.append(text)
        table.add_row(group, *cells)
    return table


def _card(card: Card, console: Console, before: str = "") -> None:
    head = Text(before)
    head.append(f"{card.implementation} ", style="bold")
    head.append(card.requirement, style=card.mark.style)
    head.append(f"  {card.headline}", style="dim")
    console.print(head, soft_wrap=True)
    for part, text in card.parts("statement", "message", "diagnosis", "excuse", "case", "consequence"):
        _indented(text, console, style=_STYLES.get(part, ""))


def _indented(text: str, console: Console, style: str = "") -> None:
    for line in text.splitlines()[:12]:
        console.print(Padding(Text(line, style=style), (0, 0, 0, 3), expand=False))


def _summary(report: Report, console: Console) -> None:
    known = [r for r in report.results if r.outcome.failing and not r.fails_at(tuple(Level))]
    failed = [r for r in report.results if r.fails_at(tuple(Level))]
    must = sum(result.fails_at((Level.MUST,)) for result in failed)
    experiments = sum(result.experiments for result in report.results)
    judged = len({result.implementation for result in report.results})
    line = Text(
        f"{counted(judged, 'implementation')}, {counted(len(report.requirements), 'requirement')}, "
        f"{counted(experiments, 'verdict')} on single features, seed {report.suite.seed}, "
        f"{report.suite.seconds:.1f} s: "
    )
    if not report.results:
        line.append("nothing was judged", style="bold red")
    elif failed:
        line.append(failing(must, len(failed) - must), style="bold red" if must else "yellow")
    else:
        line.append("everything else holds" if known else "everything holds", style="bold green")
    if known:
        line.append(f", {counted(len(known), 'known failure')}", style="cyan")
    for text in covered(report):
        console.print(text, style="dim", highlight=False)
    console.print(line)
    for implementation in report.implementations:
        for note in implementation.notes:
            console.print(Text(f"{implementation.id}: {note}", style="yellow"))
    for each in report.gone:
        console.print(Text(f"no longer fails; remove it from the baseline: {each}", style="yellow"))


_LONGEST = 500  # characters of a text in a table, which takes long to be folded


def show_changes(found: list[Change], console: Console) -> None:
    if not found:
        console.print("nothing changed")
        return
    table = Table("", "implementation", "requirement", "before", "after", box=box.SIMPLE_HEAD)
    for each in found:
        style = {"worse": "bold red", "better": "green"}.get(each.kind, "")
        texts = (each.implementation, each.requirement, each.before, each.after)
        table.add_row(Text(each.kind, style=style), *(Text(shortened(text, _LONGEST)) for text in texts))
    console.print(table)


def show_replay(name: str, found: Replay, console: Console) -> None:
    """What came of one case again."""
    _card(replayed(name, found), console)


def show_comparison(found: Comparison, console: Console) -> None:
    """What differs, then the recipes, which are to be copied and so not folded."""
    console.print(Text(comparison.headline(found), style="bold"))
    for title, rows in comparison.sections(found):
        sides = (Column(Text(name), overflow="fold") for name in (found.a, found.b))
        table = Table(title, *sides, box=box.SIMPLE_HEAD, pad_edge=False)
        for row in rows:
            table.add_row(*map(Text, row))
        console.print(table)
    figures = comparison.numbers(found)
    if figures:
        table = Table(*comparison.NUMBERS, box=box.SIMPLE_HEAD, pad_edge=False)
        for figure in figures:
            table.add_row(*map(Text, figure))
        console.print(table)
    for port in found.ports:
        console.print(Text(f"From {port.source} to {port.target}", style="bold"))
        console.print(Text(comparison.verdict(port)))
        if port.code:
            console.print(Text(f"\n{port.code}", style="cyan"), soft_wrap=True)


def show_profile(profile: Profile, console: Console) -> None:
    """The shares of the time: drawing cases, the wire, the implementation, reference and judging."""
    parts: Iterable[tuple[str, float]] = [(name, getattr(profile, name)) for name in profile.__slots__]
    total = sum(seconds for _, seconds in parts) or 1.0
    table = Table("part", "seconds", "share", box=box.SIMPLE_HEAD, title="where the time went")
    for name, seconds in parts:
        table.add_row(name, f"{seconds:.2f}", f"{seconds / total:.0%}")
    console.print(table)
