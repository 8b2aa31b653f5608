"""``bnconf list``."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import click
import msgspec
from rich.console import Console
from rich.table import Table

from conformance.cli._starting import remedy
from conformance.protocol.messages import Identity
from conformance.worker.client import Worker
from conformance.worker.locate import registered
from conformance.worker.process import CannotStart


@click.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(as_json: bool) -> None:
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
            flags += [device for device in can.devices if device != "cpu"]
            ranks = f"{min(can.ranks)} to {max(can.ranks)}"
            table.add_row(
                name, identity.name, identity.version, ", ".join(can.dtypes), ranks, ", ".join(flags)
            )
        else:
            table.add_row(name, f"[dim]{remedy(identity)}[/]", "", "", "", "")
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
    return {"id": name, "problem": str(found), "remedy": remedy(found)}
