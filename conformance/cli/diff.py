"""``bnconf diff``."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from rich.console import Console

from conformance.cli._reading import report_in
from conformance.report import terminal
from conformance.results.diff import changes

_WORSE = 1


@click.command("diff")
@click.argument("old", type=click.Path(path_type=Path))
@click.argument("new", type=click.Path(path_type=Path))
def command(old: Path, new: Path) -> None:
    """What got better, worse, new or gone between two report.json. Exit with 1 if anything got worse."""
    found = changes(report_in(old), report_in(new))
    terminal.show_changes(found, Console())
    sys.exit(_WORSE if any(each.kind == "worse" for each in found) else 0)
