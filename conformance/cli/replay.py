"""``bnconf replay``."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from rich.console import Console

from conformance.cli._starting import remedy
from conformance.report import terminal
from conformance.results.case_file import BadCase, read_case
from conformance.studies.replay import replay
from conformance.worker.client import Worker
from conformance.worker.locate import NotFound
from conformance.worker.process import CannotStart

_FAILED, _COULD_NOT_START = 1, 3


@click.command("replay")
@click.argument("source", metavar="CASE.json", type=click.Path(path_type=Path))
@click.argument("implementation", required=False)
@click.option("--timeout", default=60.0, show_default=True, type=click.FloatRange(0, min_open=True))
def command(source: Path, implementation: str | None, timeout: float) -> None:
    """One case again, from a file that `bnconf run -o` wrote to cases/, on the implementation it is of or on
    another.
    """
    try:
        file = read_case(source)
        name = implementation or file.implementation
        if not name:
            raise BadCase(f"{source} names no implementation; give one")
        with Worker(name, timeout=timeout) as worker:
            found = replay(file, worker)
    except (BadCase, NotFound) as error:
        raise click.UsageError(str(error)) from None
    except CannotStart as error:
        click.echo(f"{implementation or file.implementation}: {remedy(error)}", err=True)
        sys.exit(_COULD_NOT_START)
    terminal.show_replay(name, found, Console())
    sys.exit(_FAILED if found.verdict.outcome.failing else 0)
