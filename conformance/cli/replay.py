"""Judge one case again.

The case is a file that `bnconf run -o` wrote to cases/. It is judged on the implementation that is named here, or
else on the one it is of, if that is an id that `bnconf list` shows. A path, a module or a command that only the file
names is not run.
"""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import click

from conformance.cli._errors import Refused, tell
from conformance.cli._seconds import SECONDS
from conformance.cli._status import Status
from conformance.report import terminal
from conformance.report.console import console
from conformance.results.case_file import BadCase, read_case
from conformance.smoke.advice import not_started
from conformance.studies.replay import replay
from conformance.worker.client import Worker
from conformance.worker.locate import NotFound, registered
from conformance.worker.process import CannotStart
from conformance.worker.shown import shortened
from conformance.worker.untrusted import readable


@click.command("replay", help=__doc__)
@click.argument("source", metavar="CASE.json", type=click.Path(path_type=Path))
@click.argument("implementation", required=False)
@click.option("--timeout", default=60.0, show_default=True, type=SECONDS)
def command(source: Path, implementation: str | None, timeout: float) -> None:
    try:
        file = read_case(source)
        name = implementation or file.implementation
        if not name:
            raise BadCase(f"{source} names no implementation; give one")
        if not implementation and name not in registered():
            again = f"bnconf replay {shlex.quote(str(source))} {shlex.quote(readable(name))}"
            raise BadCase(
                f"{source} names an implementation that is no id of `bnconf list`, and a file is not trusted to say "
                f"what to run. If you want it run: {again}"
            )
        with Worker(name, timeout=timeout) as worker:
            found = replay(file, worker)
    except BadCase as error:
        raise Refused(str(error)) from None
    except NotFound as error:
        raise click.UsageError(str(error)) from None
    except CannotStart as error:
        tell(f"{shortened(name, 200)}: {not_started(error, name)}")
        sys.exit(Status.COULD_NOT_START)
    terminal.show_replay(name, found, console())
    sys.exit(Status.FAILED if found.verdict.outcome.failing else Status.HOLDS)
