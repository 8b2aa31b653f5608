"""Folders named on the command line, to be written to."""

from __future__ import annotations

import tempfile
from pathlib import Path

from conformance.cli._errors import Refused


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
