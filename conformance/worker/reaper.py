"""A process that outlives the suite by a moment, and ends what the suite has left behind.

The suite ends its workers itself. But it may be killed, and a worker may be in a call that lets no other thread of
it run, or be a program that never reads that its input has ended. So each process of the suite that has workers also
has a reaper: it is told of each of their groups, and when the pipe from the suite ends it ends those that are left.
"""

from __future__ import annotations

import atexit
import functools
import os
import subprocess
from contextlib import suppress

#: In the shell, which starts in a tenth of the time that Python takes: every command pays for it. Waiting a moment
#: first lets a worker end by itself.
_SCRIPT = """
trap '' INT TERM HUP
left=' '
while read -r sign group; do
    case $sign$left in
    +*) left="$left$group " ;;
    -*" $group "*) left="${left%% $group *} ${left#* $group }" ;;
    esac
done
[ "$left" = ' ' ] || sleep 3
for group in $left; do kill -s KILL -- "-$group"; done
"""


def watch(group: int) -> None:
    """End the processes of this group when this process ends, however it does."""
    _tell(f"+ {group}\n")


def unwatch(group: int) -> None:
    _tell(f"- {group}\n")


def _tell(line: str) -> None:
    if not hasattr(os, "killpg"):
        return
    # Where there is no shell, or somebody ended it, the suite does without: one that ends as it should needs none.
    with suppress(OSError, ValueError):
        stdin = _reaper().stdin
        assert stdin is not None
        stdin.write(line.encode())


@functools.cache
def _reaper() -> subprocess.Popen[bytes]:
    started = subprocess.Popen(
        ["/bin/sh", "-c", _SCRIPT],
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
