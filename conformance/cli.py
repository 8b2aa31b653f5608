"""The command ``bnconf``."""

from __future__ import annotations

import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from importlib.metadata import requires
from pathlib import Path
from typing import Any

import click
import msgspec
from rich.console import Console
from rich.table import Table

from conformance import __version__
from conformance.campaign import Settings, TaskResult
from conformance.implementation import DTYPES
from conformance.parallel import run_all
from conformance.report import model, terminal
from conformance.report import self_check as galleries
from conformance.report.diff import changes
from conformance.report.model import Report
from conformance.report.reading import BadReport, read
from conformance.report.renderers import write
from conformance.requirement import catalogue
from conformance.script import Identity
from conformance.self_check import self_check
from conformance.shard import Profile
from conformance.worker.client import CannotStart, Worker
from conformance.worker.locate import NotFound, registered, resolve

_FAILED, _COULD_NOT_START = 1, 3
_PLAIN_WIDTH = 110  # of what is written to a file or a log


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="bnconf")
def main() -> None:
    """Judge implementations of batch normalisation.

    An IMPLEMENTATION is a registered id (see `bnconf list`), path/to/file.py:Class, package.module:Class, or
    exec:COMMAND, a program that speaks the worker protocol.

    Exit status: 0 everything holds, 1 a requirement failed, 2 wrong usage, 3 an implementation could not be
    started.
    """


@main.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_(as_json: bool) -> None:
    """Implementations, installed versions, capabilities."""
    names = list(registered())
    with ThreadPoolExecutor(2) as pool:
        found = dict(zip(names, pool.map(_identify, names), strict=True))
    if as_json:
        click.echo(json.dumps([_listed(name, found[name]) for name in names], indent=1))
        return
    table = Table("id", "implementation", "version", "dtypes", "ranks", "declares", box=None)
    for name, identity in found.items():
        if isinstance(identity, Identity):
            can = identity.capabilities
            flags = [f for f in ("training", "gradients", "parameters", "running") if getattr(can, f)]
            ranks = f"{min(can.ranks)} to {max(can.ranks)}"
            table.add_row(
                name, identity.name, identity.version, ", ".join(can.dtypes), ranks, ", ".join(flags)
            )
        else:
            table.add_row(name, f"[dim]{_remedy(identity)}[/]", "", "", "", "")
    Console().print(table)


def _identify(name: str) -> Identity | CannotStart:
    try:
        with Worker(name) as worker:
            return worker.identity
    except CannotStart as error:
        return error


def _listed(name: str, found: Identity | CannotStart) -> dict[str, Any]:
    if isinstance(found, Identity):
        return {
            "id": name,
            "name": found.name,
            "version": found.version,
            "capabilities": msgspec.to_builtins(found.capabilities),
        }
    return {"id": name, "problem": str(found), "remedy": _remedy(found)}


def _remedy(error: CannotStart) -> str:
    """What to do about an implementation that does not start."""
    return _install(error.missing) if error.missing else f"does not start: {error}"


def _install(package: str) -> str:
    """The extra of this distribution that brings a package."""
    try:
        lines = requires("batchnorm-conformance") or []
    except Exception:
        lines = []
    for line in lines:
        if line.lower().startswith(package.lower()) and "extra ==" in line:
            extra = line.rpartition("extra ==")[2].strip(" '\"")
            return f"not installed: pip install 'batchnorm-conformance[{extra}]'"
    return f"not installed: it needs the Python package {package}"


@main.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def requirements(as_json: bool) -> None:
    """The catalogue of requirements."""
    every = catalogue()
    if as_json:
        fields = ("id", "level", "statement", "source")
        click.echo(json.dumps([{f: str(getattr(r, f)) for f in fields} for r in every], indent=1))
        return
    table = Table("requirement", "level", "statement", "source", box=None, pad_edge=False)
    for each in every:
        table.add_row(each.id, str(each.level), each.statement, each.source.replace("[", r"\["))
    Console().print(table)


@main.command()
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
@click.option("--strict", is_flag=True, help="A SHOULD that does not hold is a failure too.")
@click.option(
    "--exit-zero", is_flag=True, help="Exit with 0 though requirements fail: for a report that is not a gate."
)
@click.option("--profile", is_flag=True, help="Print where the time went.")
@click.option(
    "-o",
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Write index.html, report.json, summary.md and junit.xml there.",
)
def run(
    implementations: tuple[str, ...],
    patterns: tuple[str, ...],
    dtypes: tuple[str, ...],
    max_examples: int,
    seed: int,
    jobs: int,
    timeout: float,
    memory: int | None,
    strict: bool,
    exit_zero: bool,
    profile: bool,
    output: Path | None,
) -> None:
    """Judge implementations; by default every installed one."""
    names = list(dict.fromkeys(implementations)) or list(registered())
    settings = Settings(patterns, dtypes or DTYPES, max_examples, seed, timeout, memory and memory << 20)
    try:
        settings.shards()
        for name in names:
            resolve(name)
    except (ValueError, NotFound) as error:
        raise click.UsageError(str(error)) from None

    started = time.time()
    console, errors = Console(), Console(stderr=True)
    if not console.is_terminal:
        console.width = _PLAIN_WIDTH
    with terminal.Progress(errors, len(names), len(settings.shards())) as progress:
        results, interrupted = run_all(
            names, settings, jobs=jobs, step=progress.step, finished=progress.finished
        )
    if implementations:
        results = [_demanded(each) for each in results]
    report = model.build(
        results, settings, started=started, seconds=time.time() - started, complete=not interrupted
    )
    terminal.show(report, console)
    if profile:
        terminal.show_profile(sum_profiles(results), console)
    if output is not None:
        paths = write(report, output)
        text = f"wrote {output / 'index.html'} and {len(paths) - 1} other files"
        console.print(text, style="dim", soft_wrap=True, highlight=False)
    for each in results:
        if each.status in ("missing", "broken"):
            why = _install(each.missing) if each.missing else each.problem
            errors.print(f"{each.implementation}: {why}", markup=False, highlight=False)
    status = report.exit_status(strict=strict)
    if status == _FAILED and exit_zero:
        status = 0
    if interrupted:
        errors.print("interrupted: the report is of what was judged until then")
        status = status or 130
    if not report.results and not interrupted:
        status = _COULD_NOT_START
    sys.exit(status)


@main.command("report")
@click.argument("source", metavar="REPORT.json", type=click.Path(path_type=Path))
@click.option(
    "-o", "--output", required=True, type=click.Path(file_okay=False, path_type=Path), metavar="DIR"
)
def report_(source: Path, output: Path) -> None:
    """Write a report again, in every form."""
    for path in write(_read(source), output):
        click.echo(f"wrote {path}")


@main.command()
@click.argument("old", type=click.Path(path_type=Path))
@click.argument("new", type=click.Path(path_type=Path))
def diff(old: Path, new: Path) -> None:
    """What got better, worse, new or gone between two report.json. Exit with 1 if anything got worse."""
    found = changes(_read(old), _read(new))
    terminal.show_changes(found, Console())
    sys.exit(_FAILED if any(each.kind == "worse" for each in found) else 0)


def _read(path: Path) -> Report:
    try:
        return read(path)
    except BadReport as error:
        raise click.UsageError(str(error)) from None


@main.command("self-check")
@click.option(
    "--experiments",
    default=2_500_000,
    show_default=True,
    type=click.IntRange(1),
    help="Feature experiments to put to the sound variants, at least.",
)
@click.option("--sound-only", is_flag=True, help="Only look for false alarms.")
@click.option("--kind", "kinds", multiple=True, help="Only exhibits of this kind; repeatable.")
@click.option("--max-examples", default=100, show_default=True, type=click.IntRange(1))
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0, (1 << 32) - 1))
@click.option("--jobs", default=2, show_default=True, type=click.IntRange(1))
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the outcome there, as Markdown.",
)
def self_check_(
    experiments: int,
    sound_only: bool,
    kinds: tuple[str, ...],
    max_examples: int,
    seed: int,
    jobs: int,
    output: Path | None,
) -> None:
    """Put the suite itself to the test: impostors must be rejected, sound variants not accused."""
    errors, started = Console(stderr=True), time.time()
    settings = Settings(max_examples=max_examples, seed=seed)

    def tell(result: TaskResult) -> None:
        errors.print(f"{result.implementation}: {result.status}", highlight=False, markup=False)

    check = self_check(
        settings, experiments=experiments, sound_only=sound_only, kinds=kinds, jobs=jobs, finished=tell
    )
    galleries.show(check, Console())
    if output is not None:
        command = " ".join(["bnconf", *sys.argv[1:]])
        output.write_text(galleries.markdown(check, command, time.time() - started), encoding="utf-8")
    sys.exit(0 if check.holds else _FAILED)


def sum_profiles(results: list[TaskResult]) -> Profile:
    total = Profile()
    for each in results:
        total += each.profile
    return total


def _demanded(result: TaskResult) -> TaskResult:
    """An implementation asked for by name has to start, if only a package is missing."""
    return replace(result, status="broken") if result.status == "missing" else result
