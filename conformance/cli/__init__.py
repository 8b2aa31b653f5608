"""The command ``bnconf``: a module here for each of its commands, which it holds as ``command``. A new command is a
new module.
"""

from __future__ import annotations

import importlib
import pkgutil

import click

from conformance.version import __version__


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="bnconf")
def main() -> None:
    """Judge implementations of batch normalisation.

    An IMPLEMENTATION is a registered id (see `bnconf list`), path/to/file.py:Class, package.module:Class, or
    exec:COMMAND, a program that speaks the worker protocol.

    Exit status: 0 everything holds, 1 a requirement failed, 2 wrong usage, 3 an implementation could not be
    started.
    """


for _found in sorted(pkgutil.iter_modules(__path__), key=lambda m: m.name):
    if not _found.name.startswith("_"):
        main.add_command(importlib.import_module(f"{__name__}.{_found.name}").command)
