"""Check that a program speaks the worker protocol.

What the program computes is for `bnconf run`.

Exit status: 0 it does, 1 a check failed, 2 wrong usage.
"""

from __future__ import annotations

import sys

import click
import msgspec
from rich.text import Text

from conformance.cli._seconds import SECONDS
from conformance.cli._status import Status
from conformance.report.console import console
from conformance.worker.locate import NotFound, resolve
from conformance.worker.protocol_check import CheckResult, examine

_PLAIN_WIDTH = 110  # of what is written to a file or a log
_SIGNS = {"pass": ("✓", "green"), "fail": ("✗", "bold red"), "skip": ("-", "dim")}


@click.command("protocol-check", help=__doc__)
@click.argument("program", metavar="exec:COMMAND")
@click.option(
    "--timeout",
    default=10.0,
    show_default=True,
    type=SECONDS,
    help="Seconds the program may take for one reply, or to end; six times as many to start.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(program: str, timeout: float, as_json: bool) -> None:
    try:
        if not resolve(program).startswith("exec:"):
            raise NotFound(f"expected exec:COMMAND, a program; got {program!r}")
    except NotFound as error:
        raise click.UsageError(str(error)) from None
    findings, printed = [], console()
    if not printed.is_terminal:
        printed.width = _PLAIN_WIDTH
    for each in examine(program.removeprefix("exec:"), timeout=timeout, start_timeout=6 * timeout):
        findings.append(each)
        if not as_json:
            printed.print(_shown(each))
    failed = [each for each in findings if each.outcome == "fail"]
    if as_json:
        found = {"program": program, "holds": not failed, "checks": msgspec.to_builtins(findings)}
        click.echo(msgspec.json.format(msgspec.json.encode(found), indent=1))
    elif failed:
        printed.print(f"{len(failed)} of {len(findings)} checks failed", style="bold")
    else:
        printed.print(f"speaks the protocol: {len(findings)} checks, none failed", style="bold")
    sys.exit(Status.FAILED if failed else Status.HOLDS)


def _shown(finding: CheckResult) -> Text:
    sign, style = _SIGNS[finding.outcome]
    if finding.outcome == "skip":
        return Text(f"{sign} {finding.name:<16} {finding.message}", style)
    text = Text.assemble((f"{sign} {finding.name:<16}", style), " ", finding.statement)
    for line in finding.message.splitlines():
        text.append(f"\n  {line}")
    if finding.advice:
        text.append(f"\n  {finding.advice}", "italic")
    return text
