"""Print a baseline of everything that fails in a report, to start from.

`bnconf run --baseline FILE` then fails only on what is not in it.
"""

from __future__ import annotations

from pathlib import Path

import click

from conformance.cli._reading import report_in
from conformance.results.known import draft


@click.command("baseline", help=__doc__)
@click.argument("source", metavar="REPORT.json", type=click.Path(path_type=Path))
def command(source: Path) -> None:
    click.echo(draft(report_in(source)), nl=False)
