"""``bnconf compare``."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import click
from rich.console import Console

from conformance.cli._starting import remedy
from conformance.report import comparison, terminal
from conformance.report.renderers import write_forms
from conformance.results.build import build
from conformance.running.campaign import Settings
from conformance.running.parallel import run_all
from conformance.studies.compare import PATTERNS, compare
from conformance.worker.client import Worker
from conformance.worker.locate import NotFound
from conformance.worker.process import CannotStart

_COULD_NOT_START = 3


@click.command("compare")
@click.argument("a")
@click.argument("b")
@click.option("--max-examples", default=30, show_default=True, type=click.IntRange(1))
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0, (1 << 63) - 1))
@click.option("--timeout", default=60.0, show_default=True, type=click.FloatRange(0, min_open=True))
@click.option(
    "-o",
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Write comparison.html, .md and .json there, and each recipe as a file.",
)
def command(a: str, b: str, max_examples: int, seed: int, timeout: float, output: Path | None) -> None:
    """How two implementations differ, and how to port weights between them."""
    if a == b:
        raise click.UsageError(f"two different implementations are compared; both are {a}")
    settings, started = Settings(PATTERNS, max_examples=max_examples, seed=seed, timeout=timeout), time.time()
    try:
        with Worker(a, timeout=timeout) as one, Worker(b, timeout=timeout) as other:
            errors = Console(stderr=True)
            with terminal.Progress(errors, len(settings.shards())) as progress:
                results, interrupted = run_all([a, b], settings, jobs=2, step=progress.step)
            if interrupted:
                sys.exit(130)
            report = build(results, settings, started=started, seconds=time.time() - started)
            found = compare(report, one, other, seed=seed, max_examples=max_examples)
    except NotFound as error:
        raise click.UsageError(str(error)) from None
    except CannotStart as error:
        click.echo(remedy(error), err=True)
        sys.exit(_COULD_NOT_START)
    console = Console()
    terminal.show_comparison(found, console)
    if output is not None:
        for path in write_forms(comparison.forms(found), output):
            console.print(f"wrote {path}", style="dim", soft_wrap=True, highlight=False)
