"""Write a report again, in every form."""

from __future__ import annotations

from pathlib import Path

import click

from conformance.cli._reading import report_in
from conformance.cli._writing import Folder, check_writable
from conformance.report.renderers import write


@click.command("report", help=__doc__)
@click.argument("source", metavar="REPORT.json", type=click.Path(path_type=Path))
@click.option("-o", "--output", required=True, type=Folder(), metavar="DIR")
def command(source: Path, output: Path) -> None:
    report = report_in(source)
    check_writable(output)
    for path in write(report, output):
        click.echo(f"wrote {path}")
