"""``bnconf run``."""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from pathlib import Path

import click
from rich.console import Console

from conformance.cli._interpreters import interpreters
from conformance.cli._starting import install
from conformance.implementation import DTYPES
from conformance.report import terminal
from conformance.report.renderers import write
from conformance.results.baseline import BadBaseline, read_baseline
from conformance.results.build import build
from conformance.results.known import with_baseline
from conformance.running.campaign import Settings, TaskResult
from conformance.running.parallel import run_all
from conformance.running.shard import Profile
from conformance.worker.locate import NotFound, registered, resolve

_FAILED, _COULD_NOT_START = 1, 3
_PLAIN_WIDTH = 110  # of what is written to a file or a log


@click.command("run")
@click.argument("implementations", metavar="[IMPLEMENTATION]...", nargs=-1)
@click.option(
    "-r",
    "--requirement",
    "patterns",
    multiple=True,
    metavar="PATTERN",
    help="Only requirements whose id matches, such as 'shape.*'; repeatable.",
)
@click.option(
    "--dtype", "dtypes", multiple=True, type=click.Choice(DTYPES), help="Only these dtypes; repeatable."
)
@click.option(
    "--max-examples",
    default=100,
    show_default=True,
    type=click.IntRange(1),
    help="Cases for each probe and dtype.",
)
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0, (1 << 63) - 1))
@click.option(
    "--jobs", default=2, show_default=True, type=click.IntRange(1), help="Implementations judged at a time."
)
@click.option(
    "--timeout",
    default=60.0,
    show_default=True,
    type=click.FloatRange(0, min_open=True),
    help="Seconds an implementation may take for one call.",
)
@click.option(
    "--memory", type=click.IntRange(1), metavar="MIB", help="Most memory an implementation's process may use."
)
@click.option(
    "--python",
    "pythons",
    multiple=True,
    metavar="ID=PATH",
    help="Run implementation ID in another Python interpreter or virtual environment; repeatable.",
)
@click.option(
    "--device", default="cpu", show_default=True, metavar="NAME", help="Compute there, such as on 'cuda'."
)
@click.option("--strict", is_flag=True, help="A SHOULD that does not hold is a failure too.")
@click.option(
    "--exit-zero",
    is_flag=True,
    help="Exit with 0 though requirements fail or something is not installed: for a report that is not a gate.",
)
@click.option(
    "--baseline",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Known failures, as TOML; they do not decide the exit status.",
)
@click.option("--strict-baseline", is_flag=True, help="A known failure that is gone is a failure too.")
@click.option("--profile", is_flag=True, help="Print where the time went.")
@click.option(
    "-o",
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Write index.html, report.json, summary.md and junit.xml there.",
)
def command(
    implementations: tuple[str, ...],
    patterns: tuple[str, ...],
    dtypes: tuple[str, ...],
    max_examples: int,
    seed: int,
    jobs: int,
    timeout: float,
    memory: int | None,
    pythons: tuple[str, ...],
    device: str,
    strict: bool,
    exit_zero: bool,
    baseline: Path | None,
    strict_baseline: bool,
    profile: bool,
    output: Path | None,
) -> None:
    """Judge implementations; by default every installed one."""
    names = list(dict.fromkeys(implementations)) or list(registered())
    try:
        known = read_baseline(baseline) if baseline is not None else ()
        settings = Settings(
            patterns,
            dtypes or DTYPES,
            max_examples,
            seed,
            timeout,
            memory and memory << 20,
            interpreters=interpreters(pythons, names),
            device=device,
        )
        settings.shards()
        for name in names:
            resolve(name)
    except (ValueError, NotFound, BadBaseline) as error:
        raise click.UsageError(str(error)) from None

    started = time.time()
    console, errors = Console(), Console(stderr=True)
    if not console.is_terminal:
        console.width = _PLAIN_WIDTH
    with terminal.Progress(errors, len(settings.shards())) as progress:
        results, interrupted = run_all(
            names, settings, jobs=jobs, step=progress.step, finished=progress.finished
        )
    if implementations:
        results = [_demanded(each, exit_zero) for each in results]
    else:
        for each in results:
            if each.status == "unsupported":
                errors.print(f"{each.implementation} {each.problem}", markup=False, highlight=False)
        results = [each for each in results if each.status != "unsupported"]
    report = build(
        results, settings, started=started, seconds=time.time() - started, complete=not interrupted
    )
    report = with_baseline(report, known)
    terminal.show(report, console)
    if profile:
        terminal.show_profile(_sum(results), console)
    if output is not None:
        paths = write(report, output)
        text = f"wrote {output / 'index.html'} and {len(paths) - 1} other files"
        console.print(text, style="dim", soft_wrap=True, highlight=False)
    for each in results:
        if each.status in ("missing", "broken"):
            why = install(each.missing) if each.missing else each.problem
            errors.print(f"{each.implementation}: {why}", markup=False, highlight=False, soft_wrap=True)
    status = report.exit_status(strict=strict, strict_baseline=strict_baseline)
    if status == _FAILED and exit_zero:
        status = 0
    if interrupted:
        errors.print("interrupted: the report is of what was judged until then")
        status = status or 130
    if not report.results and not interrupted:
        status = _COULD_NOT_START
    sys.exit(status)


def _sum(results: list[TaskResult]) -> Profile:
    total = Profile()
    for each in results:
        total += each.profile
    return total


def _demanded(result: TaskResult, lenient: bool) -> TaskResult:
    """An implementation asked for by name has to start, if only a package is missing or the device not declared."""
    demanded = ("unsupported",) if lenient else ("missing", "unsupported")
    return replace(result, status="broken") if result.status in demanded else result
