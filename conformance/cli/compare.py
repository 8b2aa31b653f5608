"""Show how two implementations differ, and how to port weights between them."""

from __future__ import annotations

import sys
import time
from contextlib import ExitStack
from pathlib import Path

import click
from rich.console import Console

from conformance.cli._seconds import SECONDS
from conformance.cli._status import Status
from conformance.report import comparison, terminal
from conformance.report.writing import write_forms
from conformance.results.build import build
from conformance.running.campaign import Settings
from conformance.running.parallel import run_all
from conformance.smoke.advice import not_started
from conformance.studies.compare import PATTERNS, compare
from conformance.worker.client import Worker
from conformance.worker.locate import NotFound
from conformance.worker.process import CannotStart


@click.command("compare", help=__doc__)
@click.argument("a")
@click.argument("b")
@click.option("--max-examples", default=30, show_default=True, type=click.IntRange(1))
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0, (1 << 63) - 1))
@click.option("--timeout", default=60.0, show_default=True, type=SECONDS)
@click.option(
    "-o",
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Write comparison.html, .md and .json there, and each recipe as a file.",
)
def command(a: str, b: str, max_examples: int, seed: int, timeout: float, output: Path | None) -> None:
    if a == b:
        raise click.UsageError(f"two different implementations are compared; both are {a}")
    settings, started = Settings(PATTERNS, max_examples=max_examples, seed=seed, timeout=timeout), time.time()
    try:
        with ExitStack() as stack:
            one, other = _both(a, b, timeout, stack)
            errors = Console(stderr=True)
            with terminal.Progress(errors, len(settings.shards())) as progress:
                results, interrupted = run_all([a, b], settings, jobs=2, step=progress.step)
            if interrupted:
                sys.exit(Status.INTERRUPTED)
            report = build(results, settings, started=started, seconds=time.time() - started)
            found = compare(report, one, other, seed=seed, max_examples=max_examples)
    except NotFound as error:
        raise click.UsageError(str(error)) from None
    except CannotStart as error:  # It did before.
        click.echo(f"one of the two does not start again: {error}", err=True)
        sys.exit(Status.COULD_NOT_START)
    paths = [] if output is None else write_forms(comparison.forms(found), output)
    console = Console()
    terminal.show_comparison(found, console)
    for path in paths:
        console.print(f"wrote {path}", style="dim", soft_wrap=True, highlight=False)


def _both(a: str, b: str, timeout: float, stack: ExitStack) -> list[Worker]:
    """Start the two, or say which of them does not start, and exit."""
    started, failed = [], False
    for name in (a, b):
        try:
            started.append(stack.enter_context(Worker(name, timeout=timeout)))
        except CannotStart as error:
            click.echo(f"{name}: {not_started(error, name)}", err=True)
            failed = True
    if failed:
        sys.exit(Status.COULD_NOT_START)
    return started
