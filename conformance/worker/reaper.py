"""A process that outlives the suite by a moment, and ends what the suite has left behind.

The suite ends its workers itself. But it may be killed, and a worker may be in a call that lets no other thread of
it run, or be a program that never reads that its input has ended. So each process of the suite that has workers also
has a reaper: it is told of each of their groups, and when the pipe from the suite ends it ends those that are left.
"""

from __future__ import annotations

import atexit
import functools
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress

#: Seconds for a worker to end by itself first.
_GRACE = 2.5


def watch(group: int) -> None:
    """End the processes of this group when this process ends, however it does."""
    _tell(f"+{group}\n")


def unwatch(group: int) -> None:
    _tell(f"-{group}\n")


def _tell(line: str) -> None:
    if not hasattr(os, "killpg"):
        return
    stdin = _reaper().stdin
    assert stdin is not None
    with suppress(OSError, ValueError):  # Somebody ended it; a suite that ends as it should needs none.
        stdin.write(line.encode())


@functools.cache
def _reaper() -> subprocess.Popen[bytes]:
    started = subprocess.Popen(
        [sys.executable, "-I", "-S", __file__],
        bufsize=0,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    atexit.register(_dismiss, started)
    return started


def _dismiss(reaper: subprocess.Popen[bytes]) -> None:
    assert reaper.stdin is not None
    reaper.stdin.close()
    reaper.wait()


def main() -> None:
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, signal.SIG_IGN)
    left: set[int] = set()
    for line in sys.stdin:
        if line.endswith("\n"):
            (left.add if line[0] == "+" else left.discard)(int(line[1:]))
    if left:
        time.sleep(_GRACE)
    for group in left:
        with suppress(OSError):
            os.killpg(group, signal.SIGKILL)


if __name__ == "__main__":
    main()
