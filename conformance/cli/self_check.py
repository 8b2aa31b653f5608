"""Put the suite itself to the test: impostors must be rejected, sound variants not accused."""

from __future__ import annotations

import shlex
import sys
import time
from pathlib import Path

import click

from conformance.cli._choice import Choice
from conformance.cli._counts import EXAMPLES, EXPERIMENTS, JOBS
from conformance.cli._errors import Refused
from conformance.cli._status import Status
from conformance.cli._writing import check_writable
from conformance.gallery import exhibits
from conformance.report import self_check as galleries
from conformance.report.console import console
from conformance.report.writing import write_forms
from conformance.running.campaign import Settings, TaskResult
from conformance.studies.self_check import self_check


@click.command("self-check", help=__doc__)
@click.option(
    "--experiments",
    default=2_500_000,
    show_default=True,
    type=EXPERIMENTS,
    help="Feature experiments to put to the sound variants, at least.",
)
@click.option("--sound-only", is_flag=True, help="Only look for false alarms.")
@click.option(
    "--kind",
    "kinds",
    multiple=True,
    type=Choice(dict.fromkeys(each.kind for each in exhibits())),
    help="Only exhibits of this kind; repeatable.",
)
@click.option("--max-examples", default=100, show_default=True, type=EXAMPLES)
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0, (1 << 32) - 1))
@click.option("--jobs", default=2, show_default=True, type=JOBS)
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the outcome there, as Markdown.",
)
def command(
    experiments: int,
    sound_only: bool,
    kinds: tuple[str, ...],
    max_examples: int,
    seed: int,
    jobs: int,
    output: Path | None,
) -> None:
    if output is not None:
        if not output.name:
            raise Refused(f"cannot write to {str(output)!r}: expected the name of a file")
        check_writable(output.parent)
    errors, started = console(stderr=True), time.time()
    settings = Settings(max_examples=max_examples, seed=seed)

    def tell(result: TaskResult) -> None:
        errors.print(f"{result.implementation}: {result.status}", highlight=False, markup=False)

    check = self_check(
        settings, experiments=experiments, sound_only=sound_only, kinds=kinds, jobs=jobs, finished=tell
    )
    galleries.show(check, console())
    if check.interrupted:
        lost = "" if output is None else f", and nothing was written to {output}"
        errors.print(f"interrupted: this is a part of it{lost}", highlight=False, markup=False)
        sys.exit(Status.INTERRUPTED)
    if output is not None:
        command = shlex.join(["bnconf", *sys.argv[1:]])
        text = galleries.markdown(check, command, time.time() - started)
        write_forms({output.name: text}, output.parent)
    sys.exit(Status.HOLDS if check.holds else Status.FAILED)
