"""Show what got better, worse, new or gone between two report.json.

Exit status: 0 nothing got worse, 1 something did, 2 wrong usage.
"""

from __future__ import annotations

import sys
from pathlib import Path

import click

from conformance.cli._reading import report_in
from conformance.cli._status import Status
from conformance.report import terminal
from conformance.report.console import console
from conformance.results.diff import changes


@click.command("diff", help=__doc__)
@click.argument("old", type=click.Path(path_type=Path))
@click.argument("new", type=click.Path(path_type=Path))
def command(old: Path, new: Path) -> None:
    found = changes(report_in(old), report_in(new))
    terminal.show_changes(found, console())
    sys.exit(Status.FAILED if any(each.kind == "worse" for each in found) else Status.HOLDS)
