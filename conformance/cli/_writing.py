"""Folders named on the command line, to be written to."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import click

from conformance.cli._errors import Refused


class Folder(click.Path):
    """A folder to write to, as an argument of an option."""

    name = "folder"

    def __init__(self) -> None:
        super().__init__(file_okay=False, path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if value == "":  # As of a variable that is not set; it would be the current folder.
            raise Refused("cannot write to '': expected the name of a folder, such as '.'")
        return super().convert(value, param, ctx)


def check_writable(folder: Path) -> None:
    """Before the work is done, rather than after it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except FileExistsError:
        raise Refused(f"cannot write to {folder}: it is a file, and not a folder") from None
    except (OSError, ValueError) as error:  # A ValueError is of a NUL in the name.
        why = error.strerror if isinstance(error, OSError) else error
        raise Refused(f"cannot write to {folder}: {why}") from None
