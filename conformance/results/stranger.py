"""Files that anybody may have written: opened in one place, and read within bounds."""

from __future__ import annotations

import codecs
import os
import stat
from pathlib import Path

# Python on Windows knows no such flag, and there no file waits for a writer.
_AT_ONCE = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)

_CHUNK = 1 << 16


class BadFile(Exception):
    """A file is not what was expected; the message names it, what it holds, and what was expected.

    :cvar kind: what was expected. :cvar most: bytes it may have.
    """

    kind = "a file"
    most = 0


def contents(path: Path, refusal: type[BadFile]) -> bytes:
    """The bytes of a file, without the mark that some editors put before UTF-8.

    :raises BadFile: as ``refusal``: it cannot be read, is too long, or is a folder, or a pipe or a device, which may
        have no end.
    """
    try:
        # Looked at before it is opened, which alone can do things to a device, and again after.
        _check_plain(path, path.stat(), refusal)
        with os.fdopen(os.open(path, os.O_RDONLY | _AT_ONCE), "rb") as file:
            status = os.fstat(file.fileno())
            _check_plain(path, status, refusal)
            data = bytearray()
            # A file may be longer than it says it is, as those in /proc are.
            while status.st_size <= refusal.most and len(data) <= refusal.most:
                more = file.read(max(_CHUNK, status.st_size + 1 - len(data)))
                if not more:
                    return bytes(data).removeprefix(codecs.BOM_UTF8)
                data += more
    except OSError as error:
        raise refusal(f"{path} cannot be read: {error.strerror}") from None
    except ValueError:  # It has a NUL in its name.
        raise refusal(f"{path} cannot be read: there is no file of such a name") from None
    raise refusal(f"{path} is larger than {refusal.kind}, which has at most {refusal.most >> 20} MiB")


def _check_plain(path: Path, status: os.stat_result, refusal: type[BadFile]) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise refusal(f"{path} is not a file, but a folder, a pipe or a device")
