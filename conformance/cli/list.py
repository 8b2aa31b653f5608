"""List the implementations: which are installed, and what to do to install the others.

This reads what pip knows of the packages and starts nothing. --start starts each implementation that is installed,
which takes minutes, and shows what it declares. --factors
shows instead what can vary in a use of batch norm: the circumstances that are tried in pairs.
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import click

from conformance.worker.packages import Needs, needs

_MEASURE = 60  # of ids side by side, on a terminal of any width


@click.command("list", help=__doc__)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--start", is_flag=True, help="Start each one that is installed, and show what it declares.")
@click.option("--factors", is_flag=True, help="Print the factors, and the levels of each.")
def command(as_json: bool, start: bool, factors: bool) -> None:
    if factors:
        _factors(as_json)
        return
    every = needs().values()
    declared = _declared([each.id for each in every if each.installed]) if start else {}
    if as_json:
        click.echo(json.dumps([_data(each) | declared.get(each.id, {}) for each in every], indent=1))
        return
    for line in _lines(every, declared):
        click.echo(line)


def _factors(as_json: bool) -> None:
    """The table of what can vary."""
    from conformance.exploration.factors import FACTORS

    if as_json:
        table = [
            {"factor": f.name, "about": f.about, "levels": [level.name for level in f.levels]}
            for f in FACTORS
        ]
        click.echo(json.dumps(table, indent=1))
        return
    for factor in FACTORS:
        click.echo(f"{factor.name}: {factor.about}")
        levels = "; ".join(level.name for level in factor.levels)
        click.echo(textwrap.fill(levels, 100, initial_indent="    ", subsequent_indent="    "))


# -- in words


def _lines(every: Iterable[Needs], declared: dict[str, dict[str, Any]]) -> Iterator[str]:
    width = max((len(each.id) for each in every), default=0)
    yield "Installed"
    for each in every:
        if each.installed:
            versions = ", ".join(f"{name} {version}" for name, version in each.versions().items())
            yield f"  {each.id:<{width}}  {versions}"
            if each.id in declared:
                yield f"  {'':<{width}}  {_shown(declared[each.id])}"
    ids: dict[str, list[str]] = {}
    for each in sorted(every, key=lambda each: bool(each.apart)):
        if not each.installed:
            ids.setdefault(each.remedy(), []).append(each.id)
    if ids:
        yield "\nNot installed"
    for remedy, names in ids.items():
        yield f"  {remedy}"
        yield textwrap.fill(
            ", ".join(names),
            _MEASURE,
            initial_indent="      ",
            subsequent_indent="      ",
            break_long_words=False,
            break_on_hyphens=False,
        )


def _shown(declared: dict[str, Any]) -> str:
    """What an implementation declares, or why it does not start."""
    if "capabilities" not in declared:
        return f"does not start: {declared['problem'].splitlines()[0]}"
    can = declared["capabilities"]
    flags = [flag for flag in ("training", "gradients", "parameters", "running") if can[flag]]
    flags += [device for device in can["devices"] if device != "cpu"]
    ranks = f"ranks {min(can['ranks'])} to {max(can['ranks'])}"
    return "; ".join([declared["name"], ", ".join(can["dtypes"]), ranks, ", ".join(flags)])


# -- as data


def _data(each: Needs) -> dict[str, Any]:
    return {
        "id": each.id,
        "installed": each.installed,
        "extras": list(each.extras),
        "versions": each.versions(),
        "remedy": None if each.installed else each.remedy(),
    }


def _declared(names: list[str]) -> dict[str, dict[str, Any]]:
    """What implementations say when they are started."""
    with ThreadPoolExecutor(2) as pool:
        return dict(zip(names, pool.map(_started, names), strict=True))


def _started(name: str) -> dict[str, Any]:
    # Imported here: the list alone needs none of it, and is there at once.
    import msgspec

    from conformance.smoke.advice import on_start
    from conformance.worker.client import Worker
    from conformance.worker.process import CannotStart

    try:
        with Worker(name) as worker:
            found = worker.identity
    except CannotStart as error:
        return {"problem": str(error), "remedy": on_start(error, name)}
    return {
        "name": found.name,
        "version": found.version,
        "capabilities": msgspec.to_builtins(found.capabilities),
    }
