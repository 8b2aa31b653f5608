"""Judge implementations.

Without an IMPLEMENTATION this judges each registered one whose packages are installed.

Exit status: 0 everything holds, 1 a requirement failed, 2 wrong usage, 3 an implementation could not be started, or
not be judged to the end, 4 the report could not be written, 130 interrupted.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click

from conformance.cli._choice import Choice
from conformance.cli._counts import EXAMPLES, JOBS
from conformance.cli._errors import Refused, tell
from conformance.cli._interpreters import interpreters
from conformance.cli._seconds import SECONDS
from conformance.cli._status import Status
from conformance.cli._writing import Folder, check_writable
from conformance.implementation import DTYPES
from conformance.report import terminal
from conformance.report.console import console
from conformance.report.renderers import write
from conformance.report.writing import NotWritten
from conformance.results.baseline import BadBaseline, read_baseline
from conformance.results.build import build
from conformance.results.known import with_baseline
from conformance.results.model import Report
from conformance.running.campaign import Settings, Stop, TaskResult
from conformance.running.interrupts import asked_to_stop
from conformance.running.parallel import run_all
from conformance.running.shard import Profile
from conformance.worker.locate import NotFound, resolve
from conformance.worker.packages import needs, remedy
from conformance.worker.shown import shortened

_PLAIN_WIDTH = 110  # of what is written to a file or a log


@dataclass(frozen=True, slots=True)
class Options:
    """The options of the command, by the names that click gives them."""

    patterns: tuple[str, ...]
    dtypes: tuple[str, ...]
    max_examples: int
    seed: int
    jobs: int
    timeout: float
    memory: int | None
    pythons: tuple[str, ...]
    device: str
    thorough: bool
    strict: bool
    exit_zero: bool
    baseline: Path | None
    strict_baseline: bool
    profile: bool
    output: Path | None

    def settings(self, names: Iterable[str]) -> Settings:
        """What decides the verdicts on these implementations.

        :raises ValueError: a pattern matches no requirement, or an interpreter is not one of theirs.
        """
        found = Settings(
            self.patterns,
            self.dtypes or DTYPES,
            self.max_examples,
            self.seed,
            self.timeout,
            self.memory and self.memory << 20,
            interpreters=interpreters(self.pythons, list(names)),
            device=self.device,
            thorough=self.thorough,
        )
        found.shards()
        return found


@dataclass(frozen=True, slots=True)
class Judged:
    """:ivar results: of each implementation that counts. :ivar report: what they come to."""

    results: list[TaskResult]
    report: Report
    interrupted: bool


@click.command("run", help=__doc__)
@click.argument("implementations", metavar="[IMPLEMENTATION]...", nargs=-1)
@click.option(
    "-r",
    "--requirement",
    "patterns",
    multiple=True,
    metavar="PATTERN",
    help="Only requirements whose id matches, such as 'shape.*'; repeatable.",
)
@click.option("--dtype", "dtypes", multiple=True, type=Choice(DTYPES), help="Only these dtypes; repeatable.")
@click.option(
    "--max-examples",
    default=100,
    show_default=True,
    type=EXAMPLES,
    help="Cases for each probe and dtype.",
)
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0, (1 << 63) - 1))
@click.option("--jobs", default=2, show_default=True, type=JOBS, help="Implementations judged at a time.")
@click.option(
    "--timeout",
    default=60.0,
    show_default=True,
    type=SECONDS,
    help="Seconds an implementation may take for one call.",
)
@click.option(
    "--memory",
    type=click.IntRange(1, 1 << 30),
    metavar="MIB",
    help="Most memory an implementation's process may use.",
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
@click.option(
    "--thorough", is_flag=True, help="Cover circumstances in threes and not in twos: some minutes each."
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
    type=Folder(),
    metavar="DIR",
    help="Write index.html, report.json, summary.md and junit.xml there.",
)
def command(implementations: tuple[str, ...], **given: Any) -> None:
    options = Options(**given)
    names = list(dict.fromkeys(implementations)) or _installed(options.pythons)
    try:
        known = read_baseline(options.baseline) if options.baseline is not None else ()
        settings = options.settings(names)
        for name in names:
            resolve(name)
    except BadBaseline as error:
        raise Refused(str(error)) from None
    except (ValueError, NotFound) as error:
        raise click.UsageError(str(error)) from None
    if options.output is not None:
        check_writable(options.output)
    with asked_to_stop() as stop:  # At the first signal, what is judged until then is written all the same.
        judged = _judge(names, settings, options, stop, named=bool(implementations))
        judged = replace(judged, report=with_baseline(judged.report, known))
        # Before anything is printed: whoever reads that may go.
        written = _written(judged, options)
    _show(judged, written, options)
    sys.exit(_status(judged, options) if written is not None else Status.COULD_NOT_WRITE)


def _installed(pythons: Iterable[str]) -> list[str]:
    """The ids whose packages are installed, here or in an interpreter of their own. Exits if no framework is."""
    elsewhere = {pair.partition("=")[0] for pair in pythons}
    found = [each for each in needs().values() if each.installed or each.id in elsewhere]
    if any(each.framework for each in found):
        return [each.id for each in found]
    click.echo(
        "nothing to judge: no framework is installed here, and no IMPLEMENTATION is named\n"
        "  your own layer     bnconf init my_norm.py, and then bnconf run my_norm.py:MyNorm\n"
        "  a framework        bnconf list shows what installs it\n"
        "  the suite's own    bnconf run reference",
        err=True,
    )
    sys.exit(Status.COULD_NOT_START)


def _judge(names: list[str], settings: Settings, options: Options, stop: Stop, *, named: bool) -> Judged:
    """:param named: whether the implementations were asked for by name, so that each has to start."""
    started = time.time()
    with terminal.Progress(console(stderr=True), len(settings.shards())) as progress:
        results, interrupted = run_all(
            names, settings, jobs=options.jobs, step=progress.step, finished=progress.finished, stop=stop
        )
    if named:
        results = [_demanded(each, options.exit_zero) for each in results]
    else:
        for each in results:
            if each.status == "unsupported":
                tell(f"{each.implementation} {each.problem}")
        results = [each for each in results if each.status != "unsupported"]
    seconds = time.time() - started
    report = build(results, settings, started=started, seconds=seconds, complete=not interrupted)
    return Judged(results, report, interrupted)


def _demanded(result: TaskResult, lenient: bool) -> TaskResult:
    """An implementation asked for by name has to start, if only a package is missing or the device not declared."""
    demanded = ("unsupported",) if lenient else ("missing", "unsupported")
    return replace(result, status="broken") if result.status in demanded else result


def _written(judged: Judged, options: Options) -> int | None:
    """How many files the report was written to; None if it could not be."""
    if options.output is None:
        return 0
    try:
        return len(write(judged.report, options.output))
    except NotWritten as error:
        tell(str(error))
        return None


def _show(judged: Judged, written: int | None, options: Options) -> None:
    printed = console()
    if not printed.is_terminal:
        printed.width = _PLAIN_WIDTH
    terminal.show(judged.report, printed)
    if options.profile:
        total = Profile()
        for each in judged.results:
            total += each.profile
        terminal.show_profile(total, printed)
    if options.output is not None and written:
        text = f"wrote {options.output / 'index.html'} and {written - 1} other files"
        printed.print(text, style="dim", soft_wrap=True, highlight=False)
    for each in judged.results:
        if each.status in ("missing", "broken", "lost"):
            why = remedy(each.missing, each.implementation) if each.missing else each.problem
            tell(f"{shortened(each.implementation, 200)}: {why}")
    if judged.interrupted:
        tell("interrupted: the report is of what was judged until then")


def _status(judged: Judged, options: Options) -> int:
    if not judged.report.results and not judged.interrupted:
        return Status.COULD_NOT_START
    status = judged.report.exit_status(strict=options.strict, strict_baseline=options.strict_baseline)
    if status == Status.FAILED and options.exit_zero:
        status = Status.HOLDS
    return status or (Status.INTERRUPTED if judged.interrupted else Status.HOLDS)
