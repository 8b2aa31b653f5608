"""Show the catalogue of requirements."""

from __future__ import annotations

import json

import click
from rich.table import Column, Table

from conformance.report.console import console
from conformance.requirements.catalogue import catalogue


@click.command("requirements", help=__doc__)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(as_json: bool) -> None:
    every = catalogue()
    if as_json:
        fields = ("id", "level", "statement", "source")
        click.echo(json.dumps([{f: str(getattr(r, f)) for f in fields} for r in every], indent=1))
        return
    # An id is what a user copies: where the terminal is narrow it is folded, never cut.
    table = Table(
        Column("requirement", overflow="fold"), "level", "statement", "source", box=None, pad_edge=False
    )
    for each in every:
        table.add_row(each.id, str(each.level), each.statement, each.source)
    console().print(table)
