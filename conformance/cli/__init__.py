"""The command ``bnconf``: a module here for each of its commands, which it holds as ``command``. The docstring of the
module is the help of the command. A new command is a new module.
"""

from __future__ import annotations

import ast
import importlib
import os
import pkgutil
import sys
import traceback
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from conformance.cli._errors import Refused, in_one_line, tell
from conformance.cli._status import Status
from conformance.cli._streams import forgiving
from conformance.report.writing import NotWritten
from conformance.version import __version__


class _Commands(Mapping[str, click.Command]):
    """The commands by name. The module of one is imported when it is used: `bnconf --help` needs none."""

    def __init__(self) -> None:
        found = [module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_")]
        self._modules = {name.replace("_", "-"): name for name in sorted(found)}

    def __iter__(self) -> Iterator[str]:
        return iter(self._modules)

    def __len__(self) -> int:
        return len(self._modules)

    def __getitem__(self, name: str) -> click.Command:
        command: click.Command = importlib.import_module(f"{__name__}.{self._modules[name]}").command
        return command

    def summary(self, name: str) -> str:
        """The first paragraph of a command's help, read from the file of its module."""
        source = Path(__path__[0], f"{self._modules[name]}.py").read_text(encoding="utf-8")
        text = ast.get_docstring(ast.parse(source)) or ""
        return " ".join(text.partition("\n\n")[0].split())


_COMMANDS = _Commands()


def _check_here() -> None:
    """:raises Refused: the current folder, from which all names are read, is gone."""
    try:
        Path.cwd()
    except OSError as error:
        raise Refused(f"the current folder cannot be read: {error.strerror}") from None


class _Group(click.Group):
    def main(self, *args: Any, **kwargs: Any) -> Any:
        # What other packages add to Hypothesis draws nothing here, and would be imported by every process.
        os.environ.setdefault("HYPOTHESIS_NO_PLUGINS", "1")
        with forgiving():
            return super().main(*args, **kwargs)

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        with in_one_line():
            return super().make_context(*args, **kwargs)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            with in_one_line():
                _check_here()
                return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit):
            raise
        except (KeyboardInterrupt, click.Abort):
            click.echo("interrupted", err=True)
            sys.exit(Status.INTERRUPTED)
        except NotWritten as error:
            tell(str(error))
            sys.exit(Status.COULD_NOT_WRITE)
        except Exception as error:
            frames = traceback.extract_tb(error.__traceback__)
            where = f"{Path(frames[-1].filename).name}, line {frames[-1].lineno}" if frames else "?"
            text = " ".join(f"{type(error).__name__}: {error}".split())
            tell(f"bnconf failed, by a defect of its own: {text} (at {where})")
            sys.exit(Status.DEFECT)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, _COMMANDS.summary(name)) for name in _COMMANDS])


@click.group(cls=_Group, commands=_COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="bnconf")
def main() -> None:
    """Judge implementations of batch normalisation.

    An IMPLEMENTATION is a registered id (see `bnconf list`), path/to/file.py:Class, package.module:Class, or
    exec:COMMAND, a program that speaks the worker protocol.

    Exit status: 0 everything holds, 1 a requirement failed, 2 wrong usage, 3 an implementation could not be
    started, or not be judged to the end, 4 a report could not be written, 70 the suite itself failed, 130
    interrupted.
    """
