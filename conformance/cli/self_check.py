"""Put the suite itself to the test: impostors must be rejected, sound variants not accused."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import click
from rich.console import Console

from conformance.cli._choice import Choice
from conformance.cli._status import Status
from conformance.gallery import exhibits
from conformance.report import self_check as galleries
from conformance.running.campaign import Settings, TaskResult
from conformance.studies.self_check import self_check


@click.command("self-check", help=__doc__)
@click.option(
    "--experiments",
    default=2_500_000,
    show_default=True,
    type=click.IntRange(1),
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
@click.option("--max-examples", default=100, show_default=True, type=click.IntRange(1))
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0, (1 << 32) - 1))
@click.option("--jobs", default=2, show_default=True, type=click.IntRange(1))
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
    sys.exit(Status.HOLDS if check.holds else Status.FAILED)
