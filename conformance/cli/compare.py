"""Show how two implementations differ, and how to port weights between them."""

from __future__ import annotations

import sys
import time
from contextlib import ExitStack
from pathlib import Path

import click

from conformance.cli._counts import EXAMPLES
from conformance.cli._errors import tell
from conformance.cli._seconds import SECONDS
from conformance.cli._status import Status
from conformance.cli._writing import Folder, check_writable
from conformance.report import comparison, terminal
from conformance.report.console import console
from conformance.report.writing import write_forms
from conformance.results.build import build
from conformance.running.campaign import Settings
from conformance.running.parallel import run_all
from conformance.smoke.advice import not_started
from conformance.studies.compare import PATTERNS, compare
from conformance.worker.client import Worker
from conformance.worker.locate import NotFound
from conformance.worker.process import CannotStart
from conformance.worker.shown import shortened


@click.command("compare", help=__doc__)
@click.argument("a")
@click.argument("b")
@click.option("--max-examples", default=30, show_default=True, type=EXAMPLES)
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0, (1 << 63) - 1))
@click.option("--timeout", default=60.0, show_default=True, type=SECONDS)
@click.option(
    "-o",
    "--output",
    type=Folder(),
    metavar="DIR",
    help="Write comparison.html, .md and .json there, and each recipe as a file.",
)
def command(a: str, b: str, max_examples: int, seed: int, timeout: float, output: Path | None) -> None:
    if a == b:
        raise click.UsageError(f"two different implementations are compared; both are {a}")
    if output is not None:
        check_writable(output)
    settings, started = Settings(PATTERNS, max_examples=max_examples, seed=seed, timeout=timeout), time.time()
    try:
        with ExitStack() as stack:
            one, other = _both(a, b, timeout, stack)
            with terminal.Progress(console(stderr=True), len(settings.shards())) as progress:
                results, interrupted = run_all([a, b], settings, jobs=2, step=progress.step)
            if interrupted:
                sys.exit(Status.INTERRUPTED)
            report = build(results, settings, started=started, seconds=time.time() - started)
            found = compare(report, one, other, seed=seed, max_examples=max_examples)
    except NotFound as error:
        raise click.UsageError(str(error)) from None
    except CannotStart as error:  # It did before.
        tell(f"one of the two does not start again: {error}")
        sys.exit(Status.COULD_NOT_START)
    paths = [] if output is None else write_forms(comparison.forms(found), output)
    printed = console()
    terminal.show_comparison(found, printed)
    for path in paths:
        printed.print(f"wrote {path}", style="dim", soft_wrap=True, highlight=False)


def _both(a: str, b: str, timeout: float, stack: ExitStack) -> list[Worker]:
    """Start the two, or say which of them does not start, and exit."""
    started, failed = [], False
    for name in (a, b):
        try:
            started.append(stack.enter_context(Worker(name, timeout=timeout)))
        except CannotStart as error:
            tell(f"{shortened(name, 200)}: {not_started(error, name)}")
            failed = True
    if failed:
        sys.exit(Status.COULD_NOT_START)
    return started
