"""Standard output and standard error, which may be closed, full, or unable to write a letter: what is said there may
be lost, and nothing else. A report is still written, and the exit status is that of the command.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any


@contextmanager
def forgiving() -> Iterator[None]:
    """Let nothing that is printed raise."""
    streams = sys.stdout, sys.stderr
    # Python has none where it was closed before.
    out, errors = (each or Path(os.devnull).open("w", encoding="utf-8") for each in streams)  # noqa: SIM115
    sys.stdout, sys.stderr = _Forgiving(out), _Forgiving(errors)
    try:
        yield
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        sys.stdout, sys.stderr = out, errors


class _Forgiving:
    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        try:
            self._stream.write(text)
        except UnicodeEncodeError:
            encoding = self._stream.encoding
            self._stream.write(text.encode(encoding, "replace").decode(encoding))
        except OSError as error:
            self._give_up(error)
        return len(text)

    def flush(self) -> None:
        try:
            self._stream.flush()
        except OSError as error:
            self._give_up(error)

    def _give_up(self, error: OSError) -> None:
        """Send the rest nowhere. A reader that has gone has what it wanted; anything else is said."""
        with suppress(OSError, ValueError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self._stream.fileno())
            os.close(nowhere)
        if error.errno != errno.EPIPE and self is not sys.stderr:
            with suppress(OSError):
                print(f"bnconf: cannot print: {error.strerror}", file=sys.stderr)
