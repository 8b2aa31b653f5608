"""Check an adapter: one tiny call of each kind that it declares.

What goes wrong comes with what to do about it.

Exit status: 0 it is in order, 1 it is not, 2 wrong usage, 3 it could not be started.
"""

from __future__ import annotations

import shlex
import sys

import click

from conformance.cli._seconds import SECONDS
from conformance.cli._status import Status
from conformance.implementation import DIFFERENTIABLE
from conformance.protocol.messages import Identity
from conformance.smoke.advice import on_start, own_line
from conformance.smoke.smoke import Problem, Smoke, smoke
from conformance.worker.client import Worker
from conformance.worker.interpreter import executable
from conformance.worker.locate import NotFound
from conformance.worker.process import CannotStart


@click.command("smoke", help=__doc__)
@click.argument("implementation")
@click.option(
    "--timeout",
    default=60.0,
    show_default=True,
    type=SECONDS,
    help="Seconds an implementation may take for one call.",
)
@click.option("--python", metavar="PATH", help="Run it in another Python interpreter or virtual environment.")
@click.option("--device", default="cpu", show_default=True, metavar="NAME", help="Compute there.")
def command(implementation: str, timeout: float, python: str | None, device: str) -> None:
    try:
        interpreter = executable(python) if python else None
        with Worker(implementation, timeout=timeout, python=interpreter, device=device) as worker:
            click.echo(_declared(worker.identity))
            found = smoke(worker)
    except (ValueError, NotFound) as error:
        raise click.UsageError(str(error)) from None
    except CannotStart as error:
        advice = on_start(error, implementation)
        line = own_line(error.raised.trace, implementation) if error.raised else ""
        problem = Problem(f"it could not be started: {error}", advice, line)
        click.echo(_described(1, problem, 1))
        sys.exit(Status.COULD_NOT_START)
    click.echo(_told(found))
    if found.problems:
        sys.exit(Status.FAILED)
    options = f" --python {shlex.quote(f'{implementation}={python}')}" if python else ""
    options += f" --device {shlex.quote(device)}" if device != "cpu" else ""
    click.echo(f"ready: bnconf run {shlex.quote(implementation)}{options}")


_FIXED = ("epsilon", "momentum")


def _declared(identity: Identity) -> str:
    can = identity.capabilities
    flags = (
        "training",
        "inference",
        "gradients",
        "parameters",
        "running",
        "defaults",
        "cumulative",
        "mixed",
        "outstanding",
    )
    axes = "any" if can.axes == "any" else " or ".join(map(str, can.axes))
    told = [flag for flag in flags if getattr(can, flag)]
    of = "" if len(can.gradients_of) == len(DIFFERENTIABLE) else f" of {' and '.join(can.gradients_of)}"
    after = f" after {can.gradients}" if isinstance(can.gradients, str) else ""
    told = [f"gradients{of}{after}" if flag == "gradients" else flag for flag in told]
    told += [f"derivatives by {', '.join(can.derivatives)}"] * bool(can.derivatives)
    told += [f"frozen {' or '.join(can.frozen)}"] * bool(can.frozen)
    told += [f"saves {', '.join(can.saves)}"] * bool(can.saves)
    told += [f"{name} {value:g} alone" for name in _FIXED if (value := getattr(can, name)) is not None]
    return (
        f"{identity.name} {identity.version}\n"
        f"declares {', '.join(can.dtypes)}; ranks {', '.join(map(str, can.ranks))}; feature axis {axes}; "
        f"{', '.join(told) or 'nothing else'}"
    )


def _told(found: Smoke) -> str:
    several = "s" * (len(found.tried) != 1)
    lines = [f"made {found.calls} calls in {len(found.tried)} setting{several}", ""]
    lines += [_described(k, each, len(found.tried)) for k, each in enumerate(found.problems, start=1)]
    lines += [f"note: {_indented(note)}" for note in found.notes]
    return "\n".join(lines).rstrip() + "\n"


def _described(number: int, problem: Problem, tried: int) -> str:
    lines = [f"{number}. {_indented(problem.text)}"]
    if problem.place:
        lines.append(f"   at {problem.place}")
    if problem.settings:
        more = len(problem.settings) - 1
        others = "in every setting" if more + 1 == tried > 1 else f"and {more} others" if more else "alone"
        lines.append(f"   for {problem.settings[0]} {others}")
    if problem.advice:
        lines.append(f"   -> {problem.advice}")
    return "\n".join([*lines, ""])


def _indented(text: str, most: int = 12) -> str:
    """A text of several lines, cut in the middle where there are too many."""
    lines = text.splitlines()
    if len(lines) > most:
        lines = [*lines[: most // 2], "[...]", *lines[-most // 2 :]]
    return "\n   ".join(lines)
